import type { HttpAnswer, HttpHeaders, HttpRoute, HttpRoutes } from "./server.ts";

/** Answers `/json`; an empty body is for it to refuse. */
export type JsonHandler = (body: Buffer, headers: HttpHeaders) => Promise<HttpAnswer>;

/** What the probes ask. Each answers the parts that do not hold yet or any more, for people; none: all is well. */
export interface Probes {
  /** The reference's health (C.6), the same as gRPC health tells. */
  unhealthy(): readonly string[];
  /** Rules are loaded and the service does not drain. Not the store: if it fails, every instance would leave at once. */
  unready(): readonly string[];
  /** The first rules and the first attempt to reach the store are over with. */
  unstarted(): readonly string[];
}

export interface MainParts {
  readonly version: string;
  readonly probes: Probes;
  readonly json: JsonHandler;
  readonly exposition: () => Promise<HttpAnswer>;
}

/** The longest `/json` request that is read. */
const jsonBytesMax = 1024 * 1024;

const help: readonly (readonly [path: string, text: string])[] = [
  ["/json", "POST a RateLimitRequest as JSON: 200 OK, 429 over limit"],
  ["/healthcheck", "200 when healthy, else 500 (what gRPC health says)"],
  ["/healthz/live", "200 while the process answers"],
  ["/healthz/ready", "200 when rules are loaded and the service does not drain, else 503"],
  ["/healthz/startup", "200 once the first rules and the store have been tried, else 503"],
  ["/metrics", "metrics for Prometheus (also at /actuator/prometheus)"],
];

/** The routes of the main port (`HOST`, `PORT`). */
export function mainRoutes({ version, probes, json, exposition }: MainParts): HttpRoutes {
  const metrics: HttpRoute = { answer: exposition };
  return {
    byPath: new Map<string, HttpRoute>([
      ["/", { answer: () => ({ status: 200, body: indexPage(version) }) }],
      ["/healthcheck", { answer: () => healthcheck(probes) }],
      ["/healthz/live", { answer: () => ({ status: 200, body: "OK\n" }) }],
      ["/healthz/ready", { answer: () => probe("not ready", probes.unready()) }],
      ["/healthz/startup", { answer: () => probe("not started", probes.unstarted()) }],
      ["/json", { bodyBytesMax: jsonBytesMax, answer: json }],
      ["/metrics", metrics],
      ["/actuator/prometheus", metrics],
    ]),
    fallback: notFound,
  };
}

/** The routes of a port for scrapers alone (`PROMETHEUS_ADDR`, `PROMETHEUS_PATH`). */
export function prometheusRoutes(path: string, exposition: () => Promise<HttpAnswer>): HttpRoutes {
  return { byPath: new Map([[path, { answer: exposition }]]), fallback: notFound };
}

const notFound: HttpRoute = { answer: () => ({ status: 404, body: "404 page not found\n" }) };

/** The reference's two answers, byte for byte: `OK` without a line end, and an empty 500. */
function healthcheck(probes: Probes): HttpAnswer {
  return probes.unhealthy().length === 0 ? { status: 200, body: "OK" } : { status: 500, body: "" };
}

function probe(complaint: string, failing: readonly string[]): HttpAnswer {
  if (failing.length === 0) return { status: 200, body: "OK\n" };
  return { status: 503, body: `${complaint}: ${failing.join(", ")}\n` };
}

function indexPage(version: string): string {
  const lines = help.map(([path, text]) => `  ${path.padEnd(18)}${text}`);
  return `VelocityGate ${version}, a rate limit service for Envoy\n\n${lines.join("\n")}\n`;
}
