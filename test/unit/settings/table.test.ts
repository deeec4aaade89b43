import { describe, expect, test } from "@jest/globals";
import type { Setting } from "../../../src/settings/setting.ts";
import { table } from "../../../src/settings/table.ts";
import { readValues } from "../../../src/settings/values.ts";

/** The reference's settings, as its `settings.go` has them: name, type and default. */
const ofReference: readonly (readonly [name: string, type: string, usual: string])[] = [
  ["HOST", "text", "0.0.0.0"],
  ["PORT", "integer", "8080"],
  ["DEBUG_HOST", "text", "0.0.0.0"],
  ["DEBUG_PORT", "integer", "6070"],
  ["GRPC_UDS", "text", ""],
  ["GRPC_HOST", "text", "0.0.0.0"],
  ["GRPC_PORT", "integer", "8081"],
  ["GRPC_MAX_CONNECTION_AGE", "duration", "24h"],
  ["GRPC_MAX_CONNECTION_AGE_GRACE", "duration", "1h"],
  ["GRPC_SERVER_USE_TLS", "boolean", "false"],
  ["GRPC_SERVER_TLS_CERT", "text", ""],
  ["GRPC_SERVER_TLS_KEY", "text", ""],
  ["GRPC_CLIENT_TLS_CACERT", "text", ""],
  ["GRPC_CLIENT_TLS_SAN", "text", ""],
  ["LOG_LEVEL", "text", "WARN"],
  ["LOG_FORMAT", "text", "text"],
  ["CONFIG_TYPE", "text", "FILE"],
  ["FORCE_START_WITHOUT_INITIAL_CONFIG", "boolean", "false"],
  ["CONFIG_GRPC_XDS_NODE_ID", "text", "default"],
  ["CONFIG_GRPC_XDS_NODE_METADATA", "text", ""],
  ["CONFIG_GRPC_XDS_SERVER_URL", "text", "localhost:18000"],
  ["CONFIG_GRPC_XDS_SERVER_CONNECT_RETRY_INTERVAL", "duration", "3s"],
  ["CONFIG_GRPC_XDS_CLIENT_ADDITIONAL_HEADERS", "map", ""],
  ["CONFIG_GRPC_XDS_SERVER_USE_TLS", "boolean", "false"],
  ["CONFIG_GRPC_XDS_CLIENT_TLS_CERT", "text", ""],
  ["CONFIG_GRPC_XDS_CLIENT_TLS_KEY", "text", ""],
  ["CONFIG_GRPC_XDS_SERVER_TLS_CACERT", "text", ""],
  ["CONFIG_GRPC_XDS_SERVER_TLS_SAN", "text", ""],
  ["XDS_CLIENT_BACKOFF_INITIAL_INTERVAL", "duration", "10s"],
  ["XDS_CLIENT_BACKOFF_MAX_INTERVAL", "duration", "60s"],
  ["XDS_CLIENT_BACKOFF_RANDOM_FACTOR", "number", "0.5"],
  ["XDS_CLIENT_BACKOFF_JITTER", "boolean", "true"],
  ["XDS_CLIENT_MAX_MSG_SIZE_IN_BYTES", "integer", "0"],
  ["USE_DOG_STATSD", "boolean", "false"],
  ["USE_DOG_STATSD_MOGRIFIERS", "list", ""],
  ["USE_STATSD", "boolean", "true"],
  ["STATSD_HOST", "text", "localhost"],
  ["STATSD_PORT", "integer", "8125"],
  ["EXTRA_TAGS", "map", ""],
  ["STATS_FLUSH_INTERVAL", "duration", "10s"],
  ["DISABLE_STATS", "boolean", "false"],
  ["USE_PROMETHEUS", "boolean", "false"],
  ["PROMETHEUS_ADDR", "text", ":9090"],
  ["PROMETHEUS_PATH", "text", "/metrics"],
  ["PROMETHEUS_MAPPER_YAML", "text", ""],
  ["PROMETHEUS_RESPONSE_TIME_AS_MILLISECONDS", "boolean", "false"],
  ["RUNTIME_ROOT", "text", "/srv/runtime_data/current"],
  ["RUNTIME_SUBDIRECTORY", "text", ""],
  ["RUNTIME_APPDIRECTORY", "text", "config"],
  ["RUNTIME_IGNOREDOTFILES", "boolean", "false"],
  ["RUNTIME_WATCH_ROOT", "boolean", "true"],
  ["EXPIRATION_JITTER_MAX_SECONDS", "integer", "300"],
  ["LOCAL_CACHE_SIZE_IN_BYTES", "integer", "0"],
  ["NEAR_LIMIT_RATIO", "number", "0.8"],
  ["CACHE_KEY_PREFIX", "text", ""],
  ["BACKEND_TYPE", "text", "redis"],
  ["STOP_CACHE_KEY_INCREMENT_WHEN_OVERLIMIT", "boolean", "false"],
  ["LIMIT_RESPONSE_HEADERS_ENABLED", "boolean", "false"],
  ["LIMIT_LIMIT_HEADER", "text", "RateLimit-Limit"],
  ["LIMIT_REMAINING_HEADER", "text", "RateLimit-Remaining"],
  ["LIMIT_RESET_HEADER", "text", "RateLimit-Reset"],
  ["HEALTHY_WITH_AT_LEAST_ONE_CONFIG_LOADED", "boolean", "false"],
  ["REDIS_SOCKET_TYPE", "text", "unix"],
  ["REDIS_TYPE", "text", "SINGLE"],
  ["REDIS_URL", "text", "/var/run/nutcracker/ratelimit.sock"],
  ["REDIS_POOL_SIZE", "integer", "10"],
  ["REDIS_AUTH", "text", ""],
  ["REDIS_TLS", "boolean", "false"],
  ["REDIS_TLS_CLIENT_CERT", "text", ""],
  ["REDIS_TLS_CLIENT_KEY", "text", ""],
  ["REDIS_TLS_CACERT", "text", ""],
  ["REDIS_TLS_SKIP_HOSTNAME_VERIFICATION", "boolean", "false"],
  ["REDIS_PIPELINE_WINDOW", "duration", "0"],
  ["REDIS_PIPELINE_LIMIT", "integer", "0"],
  ["REDIS_CLUSTER_PIPELINE_PARALLELISM", "integer", "1"],
  ["REDIS_PERSECOND", "boolean", "false"],
  ["REDIS_PERSECOND_SOCKET_TYPE", "text", "unix"],
  ["REDIS_PERSECOND_TYPE", "text", "SINGLE"],
  ["REDIS_PERSECOND_URL", "text", "/var/run/nutcracker/ratelimitpersecond.sock"],
  ["REDIS_PERSECOND_POOL_SIZE", "integer", "10"],
  ["REDIS_PERSECOND_AUTH", "text", ""],
  ["REDIS_PERSECOND_TLS", "boolean", "false"],
  ["REDIS_SENTINEL_AUTH", "text", ""],
  ["REDIS_PERSECOND_SENTINEL_AUTH", "text", ""],
  ["REDIS_PERSECOND_PIPELINE_WINDOW", "duration", "0"],
  ["REDIS_PERSECOND_PIPELINE_LIMIT", "integer", "0"],
  ["REDIS_PERSECOND_CLUSTER_PIPELINE_PARALLELISM", "integer", "1"],
  ["REDIS_HEALTH_CHECK_ACTIVE_CONNECTION", "boolean", "false"],
  ["REDIS_TIMEOUT", "duration", "10s"],
  ["REDIS_PERSECOND_TIMEOUT", "duration", "10s"],
  ["REDIS_POOL_ON_EMPTY_BEHAVIOR", "text", "WAIT"],
  ["REDIS_PERSECOND_POOL_ON_EMPTY_BEHAVIOR", "text", "WAIT"],
  ["REDIS_STARTUP_INITIAL_INTERVAL", "duration", "1s"],
  ["REDIS_STARTUP_MAX_INTERVAL", "duration", "30s"],
  ["REDIS_STARTUP_MAX_ELAPSED_TIME", "duration", "0"],
  ["MEMCACHE_HOST_PORT", "list", ""],
  ["MEMCACHE_MAX_IDLE_CONNS", "integer", "2"],
  ["MEMCACHE_SRV", "text", ""],
  ["MEMCACHE_SRV_REFRESH", "duration", "0"],
  ["MEMCACHE_TLS", "boolean", "false"],
  ["MEMCACHE_TLS_CLIENT_CERT", "text", ""],
  ["MEMCACHE_TLS_CLIENT_KEY", "text", ""],
  ["MEMCACHE_TLS_CACERT", "text", ""],
  ["MEMCACHE_TLS_SKIP_HOSTNAME_VERIFICATION", "boolean", "false"],
  ["SHADOW_MODE", "boolean", "false"],
  ["QUOTA_MODE", "boolean", "false"],
  ["RESPONSE_DYNAMIC_METADATA", "boolean", "false"],
  ["MERGE_DOMAIN_CONFIG", "boolean", "false"],
  ["TRACING_ENABLED", "boolean", "false"],
  ["TRACING_SERVICE_NAME", "text", "RateLimit"],
  ["TRACING_SERVICE_NAMESPACE", "text", ""],
  ["TRACING_SERVICE_INSTANCE_ID", "text", ""],
  ["TRACING_EXPORTER_PROTOCOL", "text", "http"],
  ["TRACING_SAMPLING_RATE", "number", "1"],
  // Read elsewhere than in settings.go, or added to the reference later.
  ["STATSD_PROTOCOL", "text", "tcp"],
  ["DD_ENTITY_ID", "text", ""],
  ["DD_ENV", "text", ""],
  ["DD_SERVICE", "text", ""],
  ["DD_VERSION", "text", ""],
  ["GOSTATS_FLUSH_INTERVAL_SECONDS", "integer", "5"],
  ["GOSTATS_LOGGING_SINK_DISABLED", "boolean", "false"],
  ["REDIS_CLOSE_CONNECTION_ON_READONLY_ERROR", "boolean", "false"],
  ["USE_CALENDAR_MONTH_RATE_LIMIT", "boolean", "false"],
  ["LIMIT_REQUEST_HEADERS_ENABLED", "boolean", "false"],
  ["LIMIT_REQUEST_LIMIT_HEADER", "text", "RateLimit-Limit"],
  ["LIMIT_REQUEST_REMAINING_HEADER", "text", "RateLimit-Remaining"],
  ["LIMIT_REQUEST_RESET_HEADER", "text", "RateLimit-Reset"],
  ["SANITIZE_DESCRIPTOR_METRIC_DOTS", "boolean", "false"],
];

/** Ours, and the defaults that are others on purpose. */
const ours: Readonly<Record<string, string>> = {
  DEBUG_HOST: "127.0.0.1",
  LOG_FORMAT: "json",
  USE_STATSD: "false",
  BACKEND_TYPE: "",
  REDIS_SOCKET_TYPE: "",
  REDIS_PERSECOND_SOCKET_TYPE: "",
  GRPC_SERVER_TLS_CA_CERT: "",
  GRPC_ENGINE: "h2",
  WORKERS: "1",
  OVERLOAD_WAIT_MAX: "10ms",
  UNAMBIGUOUS_CACHE_KEYS: "false",
  CLOCK_OFFSET_MAX: "0s",
  MEMCACHE_TIMEOUT: "10s",
  MEMCACHE_OP_TIMEOUT: "500ms",
  CALL_DEADLINE: "0s",
  CALL_DEADLINE_MARGIN: "2ms",
  FAILURE_POLICY: "error",
  FAILURE_HEADER: "",
  FAILURE_INSTANCES: "0",
  GRPC_MAX_CONCURRENT_STREAMS: "10000",
  GRPC_MAX_MSG_SIZE_IN_BYTES: "4194304",
  SHUTDOWN_DELAY: "1s",
  SHUTDOWN_GRACE: "10s",
  MEMORY_STORE_MAX_KEYS: "1000000",
  METRICS_MAX_LIMITS: "10000",
  REDIS_OP_TIMEOUT: "500ms",
  REDIS_PERSECOND_OP_TIMEOUT: "500ms",
  REDIS_AUTH_FILE: "",
  REDIS_SENTINEL_AUTH_FILE: "",
  REDIS_PERSECOND_AUTH_FILE: "",
  REDIS_PERSECOND_SENTINEL_AUTH_FILE: "",
  // OpenTelemetry's, which the libraries of the reference read.
  ...otlp("OTEL_EXPORTER_OTLP"),
  ...otlp("OTEL_EXPORTER_OTLP_TRACES"),
  OTEL_RESOURCE_ATTRIBUTES: "",
  OTEL_BSP_MAX_QUEUE_SIZE: "2048",
  OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "512",
  OTEL_BSP_SCHEDULE_DELAY: "5000",
  OTEL_BSP_EXPORT_TIMEOUT: "30000",
  XDS_CLIENT_BACKOFF_INITIAL_INTERVAL: "500ms",
  XDS_CLIENT_BACKOFF_MAX_INTERVAL: "3s",
};

function otlp(prefix: string): Readonly<Record<string, string>> {
  return {
    [`${prefix}_ENDPOINT`]: "",
    [`${prefix}_HEADERS`]: "",
    [`${prefix}_TIMEOUT`]: "10000",
    [`${prefix}_COMPRESSION`]: "none",
    [`${prefix}_INSECURE`]: "false",
    [`${prefix}_CERTIFICATE`]: "",
    [`${prefix}_CLIENT_CERTIFICATE`]: "",
    [`${prefix}_CLIENT_KEY`]: "",
  };
}

const settings = new Map<string, Setting<unknown>>(Object.entries(table));

describe("the reference's settings", () => {
  test.each(ofReference)("%s is a %s, by default %j", (name, type, usual) => {
    const setting = settings.get(name);
    if (setting === undefined) throw new Error(`${name} is not known`);
    const types: Readonly<Record<string, string>> = { port: "integer", address: "text" };
    expect(types[setting.type] ?? setting.type).toBe(type);
    expect(setting.parse(setting.default)).toEqual(setting.parse(ours[name] ?? usual));
    expect(setting.parse(setting.default)).toBeDefined();
  });

  test("are all that is known, but for ours", () => {
    const expected = [...ofReference.map(([name]) => name), ...Object.keys(ours)];
    expect(new Set(settings.keys())).toEqual(new Set(expected));
  });

  test("of ours, the defaults", () => {
    for (const [name, usual] of Object.entries(ours)) {
      expect([name, settings.get(name)?.default]).toEqual([name, usual]);
    }
  });
});

describe("a name that is set to nothing", () => {
  const named = [...settings].map(([name, { type }]) => [name, type] as const);
  const mayBeEmpty = new Set(["text", "list", "map", "address"]);
  /** Texts of which the empty one is none that is accepted. */
  const exceptions = new Set([
    "CONFIG_TYPE",
    "CONFIG_GRPC_XDS_SERVER_URL",
    "FAILURE_POLICY",
    "GRPC_ENGINE",
    "LOG_LEVEL",
    "REDIS_TYPE",
    "REDIS_PERSECOND_TYPE",
    "STATSD_PROTOCOL",
    "WORKERS",
    ...named.map(([name]) => name).filter((name) => /^LIMIT_.*_HEADER$/.test(name)),
  ]);

  test.each(named)("%s, a %s: is taken, or refused, as the reference does", (name, type) => {
    const { onlyWith } = settings.get(name) ?? {};
    const env = onlyWith === undefined ? {} : { [onlyWith]: "true" };
    const { mistakes, given } = readValues({ ...env, [name]: "" });
    // By OpenTelemetry's rules an empty value is none.
    const isOtel = name.startsWith("OTEL_");
    expect(given.has(name as never)).toBe(!isOtel);
    expect(mistakes.map((mistake) => mistake.split(":")[0])).toEqual(
      isOtel || (mayBeEmpty.has(type) && !exceptions.has(name)) ? [] : [name],
    );
  });
});

describe("a feature that is not there", () => {
  const later = [...settings].filter(([, setting]) => setting.later !== undefined);
  /** A value other than the default that parses. */
  const otherValue = ({ type, default: usual }: Setting<unknown>): string =>
    ({
      boolean: usual === "true" ? "false" : "true",
      duration: "7s",
      map: "a:b",
      number: "0.25",
      integer: "7",
      port: "7",
    })[type as string] ?? "grpc";

  test.each(later)(
    "%s: asking for it is refused or warned about, never ignored",
    (name, setting) => {
      const reading = readValues({ [name]: otherValue(setting) });
      const told = setting.later?.outcome === "refused" ? reading.mistakes : reading.warnings;
      expect(told).toHaveLength(1);
      expect(told[0]).toContain(name);
      expect(told[0]).toContain(setting.later?.text);
      expect([...reading.mistakes, ...reading.warnings]).toHaveLength(1);
    },
  );

  test.each(later)("%s: its default may be set", (name, setting) => {
    const { mistakes, warnings } = readValues({ [name]: setting.default || undefined });
    expect([...mistakes, ...warnings]).toEqual([]);
  });

  test("what would change answers or safety is refused", () => {
    const refused = later.filter(([, setting]) => setting.later?.outcome === "refused");
    expect(refused.map(([name]) => name)).toEqual([]);
  });
});
