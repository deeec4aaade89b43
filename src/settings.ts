import type { MemcacheSettings } from "./counters/memcache/settings.ts";
import type { RedisSettings } from "./counters/redis-settings.ts";
import type { DecisionOptions } from "./decision/algorithm.ts";
import { VelocityGateError } from "./errors.ts";
import type { BindAddress } from "./grpc/engine.ts";
import { invariant } from "./invariant.ts";
import type { FailurePolicy } from "./limits/limit.ts";
import type { LogFormat, LogLevel } from "./observe/log.ts";
import type { DogStatsdOptions } from "./observe/statsd/line.ts";
import type { Target } from "./observe/statsd/transport.ts";
import type { AnswerOptions } from "./rls/answer-options.ts";
import type { DeadlineOptions } from "./rls/deadline.ts";
import { buildSettings } from "./settings/build.ts";
import type { HostAndPort } from "./settings/setting.ts";
import { type Environment, readValues } from "./settings/values.ts";
import type { TlsClientOptions } from "./tls/client.ts";
import type { SanName } from "./tls/names.ts";
import type { TlsSettings } from "./tls/tls-files.ts";
import type { TracingSettings } from "./tracing/tracing-settings.ts";
import type { XdsSettings } from "./xds/xds-settings.ts";

/** Everything that an operator decides, read once at start and frozen. `docs/configuration.md` says what each name means. */
export interface Settings {
  readonly http: HostAndPort;
  readonly debug: HostAndPort;
  readonly prometheus: PrometheusSettings;
  readonly grpc: GrpcSettings;
  /** Processes that serve the gRPC port; 1: there is but this one. */
  readonly workers: number;
  readonly log: { readonly level: LogLevel; readonly format: LogFormat };
  readonly rules: RuleSettings;
  readonly store: StoreSettings;
  /** The files of TLS, for each use that there is. They are read later, and again and again. */
  readonly tls: TlsSettings;
  /** Lacks only the source of randomness. */
  readonly decision: Omit<DecisionOptions, "random">;
  readonly answer: AnswerOptions;
  readonly deadlines: DeadlineOptions;
  readonly failures: FailureSettings;
  readonly metrics: MetricsSettings;
  /** `undefined`: calls are not traced. */
  readonly tracing: TracingSettings | undefined;
  /** `undefined`: metrics are not sent anywhere. */
  readonly statsd: StatsdSettings | undefined;
  /** Between the turn of health and the end of service. */
  readonly shutdownDelayMs: number;
  readonly shutdownGraceMs: number;
  /** Unhealthy while no connection to Redis stands; else healthy once Redis has been reached. */
  readonly redisHealthCheckActiveConnection: boolean;
  /** What was set, by its environment name, for debug logs: secrets are replaced. */
  readonly shown: Readonly<Record<string, string>>;
  /** What is set in vain, a line each, to be logged at start. */
  readonly warnings: readonly string[];
}

export interface PrometheusSettings extends HostAndPort {
  /** Whether the metrics have a port of their own. */
  readonly enabled: boolean;
  readonly path: string;
}

export interface GrpcSettings {
  readonly engine: "h2" | "grpc-js";
  readonly address: BindAddress;
  readonly connectionAgeMaxMs: number;
  readonly connectionAgeGraceMs: number;
  readonly concurrentStreamsMax: number;
  readonly messageBytesMax: number;
  /** How long calls may wait to be looked at, before the excess is answered without a decision. Infinity: however long. */
  readonly waitMaxMs: number;
  /** `undefined`: in the clear. */
  readonly tls: GrpcTlsSettings | undefined;
}

/** Beside the files of the use `grpc`. */
export interface GrpcTlsSettings {
  /** A client's certificate must have one of them; empty: any will do. */
  readonly clientNames: readonly SanName[];
}

/** Beside the files of the use `redis`. */
export type RedisTlsSettings = Omit<TlsClientOptions, "source">;

/** How a Redis is reached, without what the files of TLS hold: that changes. */
export type RedisPlan = Omit<RedisSettings, "tls"> & { readonly tls: RedisTlsSettings | undefined };

/** How Memcached is reached, likewise. Its files of TLS are those of the use `memcache`. */
export type MemcachePlan = Omit<MemcacheSettings, "tls"> & {
  readonly tls: RedisTlsSettings | undefined;
};

export interface RuleSettings {
  readonly root: string;
  /** May be empty. */
  readonly subdirectory: string;
  readonly appDirectory: string;
  readonly ignoreDotFiles: boolean;
  /** How files are named; see `reload/runtime-directory.ts`. */
  readonly watchRoot: boolean;
  readonly mergeDomains: boolean;
  readonly forceStartWithoutInitialConfig: boolean;
  readonly healthyWithAtLeastOneConfig: boolean;
  /** Whether any of the names that say where the rule files are is set. */
  readonly isConfigured: boolean;
  /** `undefined`: rules come from files, which the other names are about. */
  readonly xds: XdsSettings | undefined;
}

export interface StoreSettings {
  readonly backend: "memory" | "redis" | "memcache";
  /** Why it is this one, for the line at start: «REDIS_URL is set». */
  readonly reason: string;
  /** Counters that the memory store holds at most. */
  readonly memoryKeysMax: number;
  /** Memory for counters known to be over, in each process; 0: none are remembered. */
  readonly localCacheBytes: number;
  /** How far the machine's clock may be from Redis's before Redis's counts; 0: however far. */
  readonly clockOffsetMaxMs: number;
  /** Exactly when the backend is `redis`. */
  readonly redis: RedisPlan | undefined;
  /** The Redis of the counters of a second; `undefined`: the one above. */
  readonly perSecond: RedisPlan | undefined;
  /** Exactly when the backend is `memcache`. */
  readonly memcache: MemcachePlan | undefined;
}

/** What happens when the store cannot be asked. */
export interface FailureSettings {
  /** Of limits that have none of their own. */
  readonly policy: FailurePolicy;
  /** How many instances share each limit; 0: they count each other. */
  readonly instances: number;
}

export interface MetricsSettings {
  /** How many limits are told apart. */
  readonly limitsMax: number;
  readonly extraTags: ReadonlyMap<string, string>;
  /** Names of limits are written without dots in their levels. */
  readonly sanitizeDots: boolean;
  readonly responseTimeAsMilliseconds: boolean;
  /** A file that maps the reference's internal names; empty: there is none. */
  readonly mapperPath: string;
}

export interface StatsdSettings extends DogStatsdOptions, Target {
  readonly form: "statsd" | "dogstatsd";
  readonly protocol: "tcp" | "udp";
  /** How often metrics are sent. */
  readonly flushMs: number;
}

/**
 * Where the client of the command line sends its span: over `protocol`, as OpenTelemetry's names say.
 *
 * @throws VelocityGateError `SETTINGS_INVALID`
 */
export function readClientTracing(
  protocol: "http" | "grpc",
  env: Environment = process.env,
): TracingSettings {
  const names = Object.entries(env).filter(([name]) => name.startsWith("OTEL_"));
  const { tracing } = readSettings({
    ...Object.fromEntries(names),
    TRACING_ENABLED: "true",
    TRACING_SERVICE_NAME: "RateLimitClient",
    TRACING_EXPORTER_PROTOCOL: protocol,
  });
  invariant(tracing !== undefined, "tracing is on");
  return tracing;
}

/**
 * Reads the environment.
 *
 * @throws VelocityGateError `SETTINGS_INVALID` that names every mistake, a line each. The process then ends with code 2.
 */
export function readSettings(env: Environment = process.env): Settings {
  const reading = readValues(env);
  const settings = buildSettings(reading, env);
  if (reading.mistakes.length === 0) return settings;
  const count = reading.mistakes.length;
  throw new VelocityGateError(
    "SETTINGS_INVALID",
    [
      count === 1 ? "a setting is wrong:" : `${count} settings are wrong:`,
      ...reading.mistakes.map((mistake) => `  ${mistake}`),
    ].join("\n"),
  );
}
