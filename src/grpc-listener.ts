import type {
  EngineOptions,
  GrpcServer,
  ListenAddress,
  Methods,
  ServerTls,
  StartEngine,
} from "./grpc/engine.ts";
import { healthMethods } from "./grpc/health.ts";
import { mergeMethods } from "./grpc/methods.ts";
import { reflectionMethods } from "./grpc/reflection.ts";
import type { Health } from "./health.ts";
import { invariant } from "./invariant.ts";
import type { Log } from "./observe/log.ts";
import type { Metrics } from "./observe/metrics.ts";
import { watchRefusals } from "./observe/watch-tls.ts";
import { type Excess, rateLimitMethods } from "./rls/methods.ts";
import type { ShouldRateLimit } from "./rls/should-rate-limit.ts";
import type { GrpcTlsSettings, Settings } from "./settings.ts";
import { Refusals } from "./tls/refusals.ts";
import type { TlsSource } from "./tls/source.ts";
import type { TlsUse } from "./tls/tls-files.ts";
import type { Tracing } from "./tracing/tracing.ts";

export interface GrpcParts {
  readonly shouldRateLimit: ShouldRateLimit;
  readonly excess: Excess;
  readonly health: Health;
  readonly metrics: Metrics;
  readonly log: Log;
  /** `undefined`: calls are not traced. */
  readonly tracing: Tracing | undefined;
  /** Of each use that the settings have. */
  readonly tls: ReadonlyMap<TlsUse, TlsSource>;
  /** `undefined`: that of the settings. */
  readonly address?: ListenAddress;
}

/**
 * Opens the gRPC port: the service itself, health and reflection.
 *
 * @throws VelocityGateError (rejects) `SETTINGS_INVALID` when the address cannot be had.
 */
export async function startGrpc(
  { grpc, answer, deadlines }: Settings,
  parts: GrpcParts,
): Promise<GrpcServer> {
  const { shouldRateLimit, health, metrics, log, tracing } = parts;
  const rateLimit = rateLimitMethods(shouldRateLimit, parts.excess, { answer, deadlines }, metrics);
  const methods = mergeMethods(
    tracing?.traceMethods(rateLimit) ?? rateLimit,
    healthMethods(health, (seconds) => metrics.observeCall("Check", seconds)),
  );
  const options: EngineOptions = {
    messageBytesMax: grpc.messageBytesMax,
    connectionAgeMaxMs: grpc.connectionAgeMaxMs,
    connectionAgeGraceMs: grpc.connectionAgeGraceMs,
    concurrentStreamsMax: grpc.concurrentStreamsMax,
    waitMaxMs: grpc.waitMaxMs,
    tls: serverTls(grpc.tls, parts),
    onError: (error, path) => log.error("a gRPC call failed", { path, error }),
  };
  const startEngine = await loadEngine(grpc.engine);
  return startEngine(withReflection(methods), parts.address ?? grpc.address, options);
}

/** Loads the code of one engine, not of both. */
async function loadEngine(engine: Settings["grpc"]["engine"]): Promise<StartEngine> {
  if (engine === "h2") return (await import("./grpc/h2/server.ts")).startH2;
  return (await import("./grpc/grpc-js.ts")).startGrpcJs;
}

function serverTls(
  settings: GrpcTlsSettings | undefined,
  { tls, metrics, log }: GrpcParts,
): ServerTls | undefined {
  if (settings === undefined) return undefined;
  const source = tls.get("grpc");
  invariant(source !== undefined, "the settings have files for the gRPC port when it speaks TLS");
  const refusals = new Refusals(log);
  watchRefusals(metrics, refusals);
  return {
    source,
    clientNames: settings.clientNames,
    onRefused: (refusal) => refusals.add(refusal),
  };
}

function withReflection(methods: Methods): Methods {
  return mergeMethods(methods, reflectionMethods(methods));
}
