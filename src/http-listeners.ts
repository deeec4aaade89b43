import { type DebugParts, debugRoutes } from "./http/debug-routes.ts";
import { type MainParts, mainRoutes, type Probes, prometheusRoutes } from "./http/main-routes.ts";
import { type HttpServer, startHttp } from "./http/server.ts";
import type { Log } from "./observe/log.ts";
import type { Settings } from "./settings.ts";
import { version } from "./version.ts";

/** What the HTTP ports show of the service. */
export type Pages = Omit<MainParts, "version"> & DebugParts;

export interface HttpListeners {
  readonly httpPort: number;
  readonly debugPort: number;
  /** Answers what was asked, for at most `graceMs`. */
  close(graceMs: number): Promise<void>;
}

/**
 * Opens the main port, the debug port and, when it is wanted, the metrics port.
 *
 * @throws VelocityGateError (rejects) `SETTINGS_INVALID` when an address cannot be had; those that were opened are closed again.
 */
export async function startHttpListeners(
  settings: Settings,
  pages: Pages,
  log: Log,
): Promise<HttpListeners> {
  const started = await Promise.allSettled([
    startMain(settings, pages, log),
    startDebug(settings, pages, log),
    startPrometheus(settings, pages, log),
  ]);
  const close = async (graceMs: number) => {
    await Promise.all(
      started.map((http) => (http.status === "fulfilled" ? http.value?.close(graceMs) : undefined)),
    );
  };
  const [main, debug, prometheus] = started;
  if (
    main.status === "rejected" ||
    debug.status === "rejected" ||
    prometheus.status === "rejected"
  ) {
    await close(0);
    throw started.find((one) => one.status === "rejected")?.reason;
  }
  return { httpPort: main.value.port, debugPort: debug.value.port, close };
}

/**
 * The probes, out of the parts that do not hold.
 *
 * @param failing of the parts that are given to `matters`, those that do not hold
 */
export function probesOf(
  failing: (matters: (part: string) => boolean) => readonly string[],
): Probes {
  return {
    unhealthy: () => failing(() => true),
    unready: () => failing((part) => part !== "store"),
    unstarted: () => failing((part) => part !== "store" && part !== "draining"),
  };
}

function startMain({ http }: Settings, pages: Pages, log: Log): Promise<HttpServer> {
  return startHttp(mainRoutes({ version, ...pages }), { ...http, setting: "HOST, PORT" }, log);
}

function startDebug({ debug }: Settings, pages: Pages, log: Log): Promise<HttpServer> {
  return startHttp(debugRoutes(pages), { ...debug, setting: "DEBUG_HOST, DEBUG_PORT" }, log);
}

async function startPrometheus(
  { prometheus }: Settings,
  { exposition }: Pages,
  log: Log,
): Promise<HttpServer | undefined> {
  if (!prometheus.enabled) return undefined;
  const routes = prometheusRoutes(prometheus.path, exposition);
  return startHttp(routes, { ...prometheus, setting: "PROMETHEUS_ADDR" }, log);
}
