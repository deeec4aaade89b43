import { hiddenTags } from "../observe/extra-tags.ts";
import type { GrpcSettings, RuleSettings, Settings, StoreSettings } from "../settings.ts";
import { availableCores } from "./cores.ts";
import { buildMemcache } from "./memcache.ts";
import { buildRedis } from "./redis.ts";
import { buildStatsd } from "./statsd.ts";
import { workersMax } from "./tables/listeners.ts";
import { grpcTlsSettings, tlsSettings } from "./tls.ts";
import { buildTracing } from "./tracing.ts";
import type { Environment, Reading } from "./values.ts";
import { buildXds } from "./xds.ts";

/** Puts the values where their readers look for them, and checks those that depend on each other: their mistakes are added. */
export function buildSettings(reading: Reading, env: Environment): Settings {
  const { values } = reading;
  const workers =
    values.WORKERS === "auto" ? Math.min(workersMax, availableCores()) : values.WORKERS;
  const grpc = grpcSettings(reading);
  const rules = ruleSettings(reading);
  const store = storeSettings(reading, workers);
  return deepFreeze({
    http: { host: values.HOST, port: values.PORT },
    debug: { host: values.DEBUG_HOST, port: values.DEBUG_PORT },
    prometheus: {
      ...values.PROMETHEUS_ADDR,
      enabled: values.USE_PROMETHEUS && !values.DISABLE_STATS,
      path: values.PROMETHEUS_PATH,
    },
    grpc,
    workers,
    log: {
      level: values.LOG_LEVEL === "warn" ? "warning" : values.LOG_LEVEL,
      format: values.LOG_FORMAT,
    },
    rules,
    store,
    tls: tlsSettings(reading, { grpc: grpc.tls, xds: rules.xds?.tls, ...store }),
    decision: decisionSettings(reading),
    answer: answerSettings(reading),
    deadlines: { callMs: values.CALL_DEADLINE, marginMs: values.CALL_DEADLINE_MARGIN },
    failures: { policy: values.FAILURE_POLICY, instances: values.FAILURE_INSTANCES },
    metrics: metricsSettings(reading),
    tracing: buildTracing(reading),
    statsd: buildStatsd(reading, env),
    shutdownDelayMs: values.SHUTDOWN_DELAY,
    shutdownGraceMs: values.SHUTDOWN_GRACE,
    redisHealthCheckActiveConnection: values.REDIS_HEALTH_CHECK_ACTIVE_CONNECTION,
    shown: reading.shown,
    warnings: reading.warnings,
  });
}

function grpcSettings(reading: Reading): GrpcSettings {
  const { values } = reading;
  return {
    engine: values.GRPC_ENGINE,
    address:
      values.GRPC_UDS === ""
        ? { host: values.GRPC_HOST, port: values.GRPC_PORT }
        : { socketPath: values.GRPC_UDS },
    connectionAgeMaxMs: values.GRPC_MAX_CONNECTION_AGE,
    connectionAgeGraceMs: values.GRPC_MAX_CONNECTION_AGE_GRACE,
    concurrentStreamsMax: values.GRPC_MAX_CONCURRENT_STREAMS,
    messageBytesMax: values.GRPC_MAX_MSG_SIZE_IN_BYTES,
    waitMaxMs: values.OVERLOAD_WAIT_MAX,
    tls: grpcTlsSettings(reading),
  };
}

function ruleSettings(reading: Reading): RuleSettings {
  const { values, given } = reading;
  return {
    root: values.RUNTIME_ROOT,
    subdirectory: values.RUNTIME_SUBDIRECTORY,
    appDirectory: values.RUNTIME_APPDIRECTORY,
    ignoreDotFiles: values.RUNTIME_IGNOREDOTFILES,
    watchRoot: values.RUNTIME_WATCH_ROOT,
    mergeDomains: values.MERGE_DOMAIN_CONFIG,
    forceStartWithoutInitialConfig: values.FORCE_START_WITHOUT_INITIAL_CONFIG,
    healthyWithAtLeastOneConfig: values.HEALTHY_WITH_AT_LEAST_ONE_CONFIG_LOADED,
    isConfigured:
      given.has("RUNTIME_ROOT") ||
      given.has("RUNTIME_SUBDIRECTORY") ||
      given.has("RUNTIME_APPDIRECTORY"),
    xds: buildXds(reading),
  };
}

function storeSettings(reading: Reading, workers: number): StoreSettings {
  const { values, given, wrong, mistakes, warnings } = reading;
  const isChosen = values.BACKEND_TYPE !== "";
  const hasUrl = given.has("REDIS_URL");
  const backend = values.BACKEND_TYPE || (hasUrl ? "redis" : "memory");
  const where = backend === "memory" ? "in memory" : "in Memcached";
  if (backend !== "redis" && hasUrl) {
    warnings.push(`REDIS_URL has no effect: BACKEND_TYPE=${backend} keeps the counters ${where}`);
  }
  if (backend !== "redis" && values.REDIS_PERSECOND) {
    warnings.push(`REDIS_PERSECOND has no effect: the counters are kept ${where}`);
  }
  for (const name of ["MEMCACHE_HOST_PORT", "MEMCACHE_SRV"] as const) {
    if (backend !== "memcache" && values[name].length > 0 && !wrong.has("BACKEND_TYPE")) {
      warnings.push(`${name} has no effect: BACKEND_TYPE is not memcache`);
    }
  }
  if (backend === "memory" && workers > 1 && !wrong.has("BACKEND_TYPE")) {
    mistakes.push(
      `WORKERS: ${workers} processes would each count for themselves, as the counters are kept in memory; accepted: 1, or counters in Redis (REDIS_URL) or Memcached`,
    );
  }
  const isRedis = backend === "redis";
  return {
    backend,
    reason: isChosen
      ? `BACKEND_TYPE is ${backend}`
      : `BACKEND_TYPE is not set and REDIS_URL ${hasUrl ? "is" : "neither"}`,
    memoryKeysMax: values.MEMORY_STORE_MAX_KEYS,
    localCacheBytes: Math.floor(values.LOCAL_CACHE_SIZE_IN_BYTES / workers),
    clockOffsetMaxMs: values.CLOCK_OFFSET_MAX,
    redis: isRedis ? buildRedis(reading, "REDIS") : undefined,
    perSecond:
      isRedis && values.REDIS_PERSECOND ? buildRedis(reading, "REDIS_PERSECOND") : undefined,
    memcache: backend === "memcache" ? buildMemcache(reading) : undefined,
  };
}

function decisionSettings({ values, given }: Reading): Settings["decision"] {
  return {
    keyPrefix: values.CACHE_KEY_PREFIX,
    unambiguousKeys: values.UNAMBIGUOUS_CACHE_KEYS,
    nearLimitRatio: values.NEAR_LIMIT_RATIO,
    expirationJitterMaxSeconds: Math.max(0, values.EXPIRATION_JITTER_MAX_SECONDS),
    boundJitterOfShortWindows: !given.has("EXPIRATION_JITTER_MAX_SECONDS"),
    calendarMonths: values.USE_CALENDAR_MONTH_RATE_LIMIT,
    shadowMode: values.SHADOW_MODE,
    quotaMode: values.QUOTA_MODE,
    countsOnlyAdmitted: values.STOP_CACHE_KEY_INCREMENT_WHEN_OVERLIMIT,
  };
}

function metricsSettings({ values, warnings }: Reading): Settings["metrics"] {
  for (const tag of hiddenTags(values.EXTRA_TAGS)) {
    warnings.push(
      `EXTRA_TAGS: ${tag} is no label in Prometheus, where metrics have their own of that name or none may have it`,
    );
  }
  return {
    limitsMax: values.METRICS_MAX_LIMITS,
    extraTags: values.EXTRA_TAGS,
    sanitizeDots: values.SANITIZE_DESCRIPTOR_METRIC_DOTS,
    responseTimeAsMilliseconds: values.PROMETHEUS_RESPONSE_TIME_AS_MILLISECONDS,
    mapperPath: values.PROMETHEUS_MAPPER_YAML,
  };
}

function answerSettings({ values }: Reading): Settings["answer"] {
  return {
    responseHeaders: values.LIMIT_RESPONSE_HEADERS_ENABLED
      ? {
          limit: values.LIMIT_LIMIT_HEADER,
          remaining: values.LIMIT_REMAINING_HEADER,
          reset: values.LIMIT_RESET_HEADER,
        }
      : undefined,
    requestHeaders: values.LIMIT_REQUEST_HEADERS_ENABLED
      ? {
          limit: values.LIMIT_REQUEST_LIMIT_HEADER,
          remaining: values.LIMIT_REQUEST_REMAINING_HEADER,
          reset: values.LIMIT_REQUEST_RESET_HEADER,
        }
      : undefined,
    failureHeader: values.FAILURE_HEADER === "" ? undefined : values.FAILURE_HEADER,
    dynamicMetadata: values.RESPONSE_DYNAMIC_METADATA,
  };
}

function deepFreeze<T extends object>(object: T): T {
  for (const value of Object.values(object)) {
    if (typeof value === "object" && value !== null && !Object.isFrozen(value)) deepFreeze(value);
  }
  return Object.freeze(object);
}
