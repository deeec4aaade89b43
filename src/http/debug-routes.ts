import { type HttpRoute, type HttpRoutes, plainText } from "./server.ts";

export interface DebugParts {
  /** The rules in force, one line per limit. */
  readonly rules: () => string | Promise<string>;
  /** The counts so far, one line each. */
  readonly stats: () => string | Promise<string>;
}

const list = `/rlconfig: print out the currently loaded configuration for debugging
/stats: print out stats
`;

/** What the reference's runtime answers and this one cannot: a profiler is told so, instead of being given a list for a profile. */
const noProfile: HttpRoute = {
  answer: () => ({
    status: 404,
    contentType: plainText,
    body: "there is no Go runtime here: SIGUSR1 opens Node's inspector on 127.0.0.1:9229, which profiles CPU and heap\n",
  }),
};

/** The routes of the debug port (`DEBUG_HOST`, `DEBUG_PORT`). As in the reference, every other path lists them. */
export function debugRoutes({ rules, stats }: DebugParts): HttpRoutes {
  const text = (body: DebugParts["rules"]): HttpRoute => ({
    answer: async () => ({ status: 200, contentType: plainText, body: await body() }),
  });
  return {
    byPath: new Map([
      ["/rlconfig", text(rules)],
      ["/stats", text(stats)],
    ]),
    byBeginning: new Map([["/debug/pprof/", noProfile]]),
    fallback: text(() => list),
  };
}
