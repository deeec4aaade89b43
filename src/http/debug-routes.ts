import { type HttpRoute, type HttpRoutes, plainText } from "./server.ts";

export interface DebugParts {
  /** The rules in force, one line per limit. */
  readonly rules: () => string | Promise<string>;
  /** The counts so far, one line each. */
  readonly stats: () => string | Promise<string>;
}

/** The routes of the debug port (`DEBUG_HOST`, `DEBUG_PORT`). As in the reference, every other path lists them. */
export function debugRoutes({ rules, stats }: DebugParts): HttpRoutes {
  const list = "/rlconfig: print out the currently loaded configuration\n/stats: print out stats\n";
  const text = (body: DebugParts["rules"]): HttpRoute => ({
    answer: async () => ({ status: 200, contentType: plainText, body: await body() }),
  });
  return {
    byPath: new Map([
      ["/rlconfig", text(rules)],
      ["/stats", text(stats)],
    ]),
    fallback: text(() => list),
  };
}
