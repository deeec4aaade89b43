import type { EngineOptions, Methods } from "./grpc/engine.ts";
import { startGrpcJs } from "./grpc/grpc-js.ts";
import { startH2 } from "./grpc/h2/server.ts";
import { healthMethods } from "./grpc/health.ts";
import { mergeMethods } from "./grpc/methods.ts";
import { reflectionMethods } from "./grpc/reflection.ts";
import type { Health } from "./health.ts";
import { debugRoutes } from "./http/debug-routes.ts";
import { mainRoutes, type Probes, prometheusRoutes } from "./http/main-routes.ts";
import { type HttpServer, startHttp } from "./http/server.ts";
import { printRules } from "./limits/print.ts";
import type { RuleHolder } from "./limits/rule-set.ts";
import type { Log } from "./observe/log.ts";
import type { Metrics } from "./observe/metrics.ts";
import { counted } from "./rls/call-stats.ts";
import { createJsonAnswer } from "./rls/json.ts";
import { rateLimitMethods } from "./rls/methods.ts";
import type { ShouldRateLimit } from "./rls/should-rate-limit.ts";
import type { Settings } from "./settings.ts";
import { version } from "./version.ts";

export interface ListenerParts {
  readonly shouldRateLimit: ShouldRateLimit;
  readonly rules: RuleHolder;
  readonly health: Health;
  readonly metrics: Metrics;
  readonly log: Log;
}

export interface Ports {
  /** `undefined` on a Unix socket. */
  readonly grpcPort: number | undefined;
  readonly httpPort: number;
  readonly debugPort: number;
  /** `undefined` when metrics have no port of their own. */
  readonly prometheusPort: number | undefined;
}

export interface Listeners {
  readonly ports: Ports;
  /** Lets calls in flight finish, for at most `graceMs`. */
  close(graceMs: number): Promise<void>;
}

/**
 * Opens every port of the service.
 *
 * @throws VelocityGateError (rejects) `SETTINGS_INVALID` when an address cannot be had; those that were opened are closed again.
 */
export async function startListeners(settings: Settings, parts: ListenerParts): Promise<Listeners> {
  const started = await Promise.allSettled([
    startGrpc(settings, parts),
    startMain(settings, parts),
    startDebug(settings, parts),
    startPrometheus(settings, parts),
  ]);
  const [grpc, main, debug, prometheus] = started;
  const close = async (graceMs: number) => {
    // gRPC first: whoever asks how the service does is answered until its calls are over.
    if (grpc.status === "fulfilled") await grpc.value.drain(graceMs);
    await Promise.all(
      [main, debug, prometheus].map((http) =>
        http.status === "fulfilled" ? http.value?.close(graceMs) : undefined,
      ),
    );
  };
  if (
    grpc.status === "rejected" ||
    main.status === "rejected" ||
    debug.status === "rejected" ||
    prometheus.status === "rejected"
  ) {
    await close(0);
    throw started.find((one) => one.status === "rejected")?.reason;
  }
  const ports = {
    grpcPort: grpc.value.port,
    httpPort: main.value.port,
    debugPort: debug.value.port,
    prometheusPort: prometheus.value?.port,
  };
  return { ports, close };
}

function startGrpc({ grpc, answer }: Settings, parts: ListenerParts) {
  const { shouldRateLimit, health, metrics, log } = parts;
  const methods = mergeMethods(
    rateLimitMethods(shouldRateLimit, answer, metrics),
    healthMethods(health),
  );
  const options: EngineOptions = {
    messageBytesMax: grpc.messageBytesMax,
    connectionAgeMaxMs: grpc.connectionAgeMaxMs,
    connectionAgeGraceMs: grpc.connectionAgeGraceMs,
    concurrentStreamsMax: grpc.concurrentStreamsMax,
    onError: (error, path) => log.error("a gRPC call failed", { path, error }),
  };
  const startEngine = grpc.engine === "h2" ? startH2 : startGrpcJs;
  return startEngine(withReflection(methods), grpc.address, options);
}

function withReflection(methods: Methods): Methods {
  return mergeMethods(methods, reflectionMethods(methods));
}

function startMain({ http, answer }: Settings, parts: ListenerParts): Promise<HttpServer> {
  const { shouldRateLimit, health, metrics, log } = parts;
  const json = createJsonAnswer({
    shouldRateLimit: counted(shouldRateLimit, metrics),
    answerOptions: answer,
    onError: (error) => log.error("a /json request failed", { error }),
  });
  const routes = mainRoutes({
    version,
    probes: probesOf(health),
    json,
    exposition: () => metrics.expose(),
  });
  return startHttp(routes, { ...http, setting: "HOST, PORT" }, log);
}

function probesOf(health: Health): Probes {
  const withoutStore = () => health.failing.filter((part) => part !== "store");
  return {
    unhealthy: () => health.failing,
    unready: withoutStore,
    unstarted: () => withoutStore().filter((part) => part !== "draining"),
  };
}

function startDebug({ debug }: Settings, parts: ListenerParts): Promise<HttpServer> {
  const { rules, metrics, log } = parts;
  const routes = debugRoutes({
    rules: () => (rules.current === undefined ? "" : printRules(rules.current)),
    stats: () => metrics.stats(),
  });
  return startHttp(routes, { ...debug, setting: "DEBUG_HOST, DEBUG_PORT" }, log);
}

async function startPrometheus(
  { prometheus }: Settings,
  { metrics, log }: ListenerParts,
): Promise<HttpServer | undefined> {
  if (!prometheus.enabled) return undefined;
  const routes = prometheusRoutes(prometheus.path, () => metrics.expose());
  return startHttp(routes, { ...prometheus, setting: "PROMETHEUS_ADDR" }, log);
}
