import { describe, expect, test } from "@jest/globals";
import { availableCores } from "../../../src/settings/cores.ts";
import { readSettings } from "../../../src/settings.ts";
import { mistakesOf } from "../../support/settings.ts";

describe("an empty environment", () => {
  const settings = readSettings({});

  test("gives the defaults", () => {
    expect(settings).toEqual({
      http: { host: "0.0.0.0", port: 8080 },
      debug: { host: "127.0.0.1", port: 6070 },
      prometheus: { enabled: false, host: "", port: 9090, path: "/metrics" },
      grpc: {
        engine: "h2",
        address: { host: "0.0.0.0", port: 8081 },
        connectionAgeMaxMs: 86_400_000,
        connectionAgeGraceMs: 3_600_000,
        concurrentStreamsMax: 10_000,
        waitMaxMs: 10,
        messageBytesMax: 4_194_304,
        tls: undefined,
      },
      workers: 1,
      log: { level: "warning", format: "json" },
      rules: {
        root: "/srv/runtime_data/current",
        subdirectory: "",
        appDirectory: "config",
        ignoreDotFiles: false,
        watchRoot: true,
        mergeDomains: false,
        forceStartWithoutInitialConfig: false,
        healthyWithAtLeastOneConfig: false,
        isConfigured: false,
      },
      store: {
        backend: "memory",
        reason: "BACKEND_TYPE is not set and REDIS_URL neither",
        memoryKeysMax: 1_000_000,
        localCacheBytes: 0,
        clockOffsetMaxMs: 0,
        redis: undefined,
        perSecond: undefined,
      },
      tls: {},
      decision: {
        keyPrefix: "",
        unambiguousKeys: false,
        nearLimitRatio: 0.8,
        expirationJitterMaxSeconds: 300,
        boundJitterOfShortWindows: true,
        calendarMonths: false,
        countsOnlyAdmitted: false,
        shadowMode: false,
        quotaMode: false,
      },
      answer: {
        responseHeaders: undefined,
        requestHeaders: undefined,
        failureHeader: undefined,
        dynamicMetadata: false,
      },
      deadlines: { callMs: Number.POSITIVE_INFINITY, marginMs: 2 },
      failures: { policy: "error", instances: 0 },
      metrics: {
        limitsMax: 10_000,
        extraTags: new Map(),
        sanitizeDots: false,
        responseTimeAsMilliseconds: false,
        mapperPath: "",
      },
      statsd: undefined,
      shutdownDelayMs: 1_000,
      shutdownGraceMs: 10_000,
      redisHealthCheckActiveConnection: false,
      shown: {},
      warnings: [],
    });
  });

  test("and settings cannot be changed", () => {
    const isFrozen = (value: unknown): boolean =>
      typeof value !== "object" ||
      value === null ||
      (Object.isFrozen(value) && Object.values(value).every(isFrozen));
    expect(isFrozen(settings)).toBe(true);
    expect(isFrozen(readSettings({ REDIS_URL: "a:1", REDIS_PERSECOND: "true" }))).toBe(true);
  });
});

describe("each setting arrives where it is read", () => {
  test.each([
    [{ HOST: "::1", PORT: "0" }, { http: { host: "::1", port: 0 } }],
    [{ DEBUG_HOST: "0.0.0.0", DEBUG_PORT: "0x10" }, { debug: { host: "0.0.0.0", port: 16 } }],
    [{ GRPC_HOST: "::", GRPC_PORT: "1" }, { grpc: { address: { host: "::", port: 1 } } }],
    [
      { GRPC_UDS: "/run/gate.sock", GRPC_PORT: "1" },
      { grpc: { address: { socketPath: "/run/gate.sock" } } },
    ],
    [
      { GRPC_MAX_CONNECTION_AGE: "1m30s", GRPC_MAX_CONNECTION_AGE_GRACE: "5s" },
      { grpc: { connectionAgeMaxMs: 90_000, connectionAgeGraceMs: 5_000 } },
    ],
    [
      { GRPC_MAX_CONNECTION_AGE: "0", GRPC_MAX_CONNECTION_AGE_GRACE: "0s" },
      {
        grpc: {
          connectionAgeMaxMs: Number.POSITIVE_INFINITY,
          connectionAgeGraceMs: Number.POSITIVE_INFINITY,
        },
      },
    ],
    [
      { GRPC_MAX_CONCURRENT_STREAMS: "7", GRPC_MAX_MSG_SIZE_IN_BYTES: "2048" },
      { grpc: { concurrentStreamsMax: 7, messageBytesMax: 2048 } },
    ],
    [{ OVERLOAD_WAIT_MAX: "25ms" }, { grpc: { waitMaxMs: 25 } }],
    [{ OVERLOAD_WAIT_MAX: "0" }, { grpc: { waitMaxMs: Number.POSITIVE_INFINITY } }],
    [{ LOG_LEVEL: "Debug", LOG_FORMAT: "TEXT" }, { log: { level: "debug", format: "text" } }],
    [{ LOG_LEVEL: "WARNING", LOG_FORMAT: "JSON" }, { log: { level: "warning", format: "json" } }],
    [{ LOG_FORMAT: "logfmt" }, { log: { format: "text" } }],
    [
      { USE_PROMETHEUS: "1", PROMETHEUS_ADDR: "[::1]:9", PROMETHEUS_PATH: "/m" },
      { prometheus: { enabled: true, host: "::1", port: 9, path: "/m" } },
    ],
    [
      { PROMETHEUS_ADDR: "", PROMETHEUS_PATH: "" },
      { prometheus: { port: 9090, path: "/metrics" } },
    ],
    [{ USE_PROMETHEUS: "1", DISABLE_STATS: "1" }, { prometheus: { enabled: false } }],
    [
      { PROMETHEUS_RESPONSE_TIME_AS_MILLISECONDS: "t", SANITIZE_DESCRIPTOR_METRIC_DOTS: "1" },
      { metrics: { responseTimeAsMilliseconds: true, sanitizeDots: true } },
    ],
    [{ RUNTIME_ROOT: "/r" }, { rules: { root: "/r", isConfigured: true } }],
    [{ RUNTIME_SUBDIRECTORY: "s" }, { rules: { subdirectory: "s", isConfigured: true } }],
    [{ RUNTIME_APPDIRECTORY: "a" }, { rules: { appDirectory: "a", isConfigured: true } }],
    [
      { RUNTIME_IGNOREDOTFILES: "true", RUNTIME_WATCH_ROOT: "false" },
      { rules: { ignoreDotFiles: true, watchRoot: false, isConfigured: false } },
    ],
    [{ MERGE_DOMAIN_CONFIG: "true" }, { rules: { mergeDomains: true } }],
    [
      { FORCE_START_WITHOUT_INITIAL_CONFIG: "true" },
      { rules: { forceStartWithoutInitialConfig: true } },
    ],
    [
      { HEALTHY_WITH_AT_LEAST_ONE_CONFIG_LOADED: "true" },
      { rules: { healthyWithAtLeastOneConfig: true } },
    ],
    [{ MEMORY_STORE_MAX_KEYS: "5" }, { store: { memoryKeysMax: 5 } }],
    [{ LOCAL_CACHE_SIZE_IN_BYTES: "1_024" }, { store: { localCacheBytes: 1024 } }],
    [
      { CACHE_KEY_PREFIX: "p:", NEAR_LIMIT_RATIO: "0.5" },
      { decision: { keyPrefix: "p:", nearLimitRatio: 0.5 } },
    ],
    [{ UNAMBIGUOUS_CACHE_KEYS: "true" }, { decision: { unambiguousKeys: true } }],
    [{ CLOCK_OFFSET_MAX: "1s" }, { store: { clockOffsetMaxMs: 1_000 } }],
    [{ SHADOW_MODE: "true", QUOTA_MODE: "T" }, { decision: { shadowMode: true, quotaMode: true } }],
    [
      { FAILURE_POLICY: "local", FAILURE_INSTANCES: "3", FAILURE_HEADER: "x-failure" },
      { failures: { policy: "local", instances: 3 }, answer: { failureHeader: "x-failure" } },
    ],
    [
      { CALL_DEADLINE: "50ms", CALL_DEADLINE_MARGIN: "0s" },
      { deadlines: { callMs: 50, marginMs: 0 } },
    ],
    [{ FAILURE_HEADER: "" }, { answer: { failureHeader: undefined } }],
    [{ RESPONSE_DYNAMIC_METADATA: "true" }, { answer: { dynamicMetadata: true } }],
    [
      { METRICS_MAX_LIMITS: "100", EXTRA_TAGS: "a:b" },
      { metrics: { limitsMax: 100, extraTags: new Map([["a", "b"]]) } },
    ],
    [{ SHUTDOWN_DELAY: "2s" }, { shutdownDelayMs: 2000 }],
    [{ SHUTDOWN_GRACE: "1s" }, { shutdownGraceMs: 1000 }],
    [{ REDIS_HEALTH_CHECK_ACTIVE_CONNECTION: "true" }, { redisHealthCheckActiveConnection: true }],
  ])("%j", (env, expected) => {
    expect(readSettings(env)).toMatchObject(expected);
  });
});

describe("jitter", () => {
  const ofJitter = (env: Record<string, string>) => {
    const { expirationJitterMaxSeconds, boundJitterOfShortWindows } = readSettings(env).decision;
    return [expirationJitterMaxSeconds, boundJitterOfShortWindows];
  };
  test("is bounded for short windows unless the operator set it, be it to the default", () => {
    expect(ofJitter({})).toEqual([300, true]);
    expect(ofJitter({ EXPIRATION_JITTER_MAX_SECONDS: "300" })).toEqual([300, false]);
  });
  test("0 and less is none", () => {
    expect(ofJitter({ EXPIRATION_JITTER_MAX_SECONDS: "0" })).toEqual([0, false]);
    expect(ofJitter({ EXPIRATION_JITTER_MAX_SECONDS: "-5" })).toEqual([0, false]);
  });
});

describe("headers", () => {
  test("are told only when asked for, by the reference's names or the operator's", () => {
    expect(readSettings({ LIMIT_LIMIT_HEADER: "x" }).answer.responseHeaders).toBeUndefined();
    expect(
      readSettings({ LIMIT_RESPONSE_HEADERS_ENABLED: "true", LIMIT_RESET_HEADER: "X-Reset" }).answer
        .responseHeaders,
    ).toEqual({ limit: "RateLimit-Limit", remaining: "RateLimit-Remaining", reset: "X-Reset" });
    expect(
      readSettings({
        LIMIT_REQUEST_HEADERS_ENABLED: "true",
        LIMIT_REQUEST_LIMIT_HEADER: "X-L",
        LIMIT_REQUEST_REMAINING_HEADER: "X-R",
      }).answer.requestHeaders,
    ).toEqual({ limit: "X-L", remaining: "X-R", reset: "RateLimit-Reset" });
  });
  test.each(["", "two words", "X:", "Ü", "a\r\nb"])("%j is no header name", (name) => {
    expect(mistakesOf({ LIMIT_LIMIT_HEADER: name })).toHaveLength(1);
  });
});

describe("the store", () => {
  test.each([
    [{}, "memory", "BACKEND_TYPE is not set and REDIS_URL neither"],
    [{ REDIS_URL: "a:1" }, "redis", "BACKEND_TYPE is not set and REDIS_URL is"],
    [{ BACKEND_TYPE: "", REDIS_URL: "a:1" }, "redis", "BACKEND_TYPE is not set and REDIS_URL is"],
    [{ BACKEND_TYPE: "redis" }, "redis", "BACKEND_TYPE is redis"],
    [{ BACKEND_TYPE: "memory", REDIS_URL: "a:1" }, "memory", "BACKEND_TYPE is memory"],
  ])("%j: is %s", (env, backend, reason) => {
    const { store } = readSettings(env);
    expect(store).toMatchObject({ backend, reason });
    expect(store.redis !== undefined).toBe(backend === "redis");
  });

  test("BACKEND_TYPE is one of those there are", () => {
    expect(mistakesOf({ BACKEND_TYPE: "Redis" })).toEqual([
      'BACKEND_TYPE: "Redis" is not accepted: Invalid setting for BackendType: Redis; accepted: memory, redis, memcache',
    ]);
  });

  test("a Redis that the memory store has no use for is warned about", () => {
    expect(
      readSettings({ BACKEND_TYPE: "memory", REDIS_URL: "a:1", REDIS_PERSECOND: "1" }).warnings,
    ).toEqual([
      "REDIS_URL has no effect: BACKEND_TYPE=memory keeps the counters in memory",
      "REDIS_PERSECOND has no effect: the counters are kept in memory",
    ]);
  });
});

describe("several processes", () => {
  const redis = { REDIS_URL: "a:1" };
  test.each(["1", "2", "64"])("%s are taken", (text) => {
    expect(readSettings({ ...redis, WORKERS: text }).workers).toBe(Number(text));
  });

  test("auto is one for each core", () => {
    expect(readSettings({ ...redis, WORKERS: "auto" }).workers).toBe(
      Math.min(64, availableCores()),
    );
  });

  test.each(["", "0", "65", "-1", "1.5", "Auto", "all"])("%j is refused", (text) => {
    expect(mistakesOf({ ...redis, WORKERS: text })).toEqual([
      `WORKERS: ${JSON.stringify(text)} is not accepted; accepted: auto, or a whole number from 1 to 64`,
    ]);
  });

  test("are refused when each would count in its own memory", () => {
    expect(mistakesOf({ WORKERS: "2" })).toEqual([
      "WORKERS: 2 processes would each count for themselves, as the counters are kept in memory; accepted: 1, or counters in Redis (REDIS_URL) or Memcached",
    ]);
    expect(mistakesOf({ WORKERS: "2", BACKEND_TYPE: "memory", ...redis })).toHaveLength(1);
    expect(readSettings({ WORKERS: "1" }).workers).toBe(1);
  });

  test("are not blamed for a store that is none", () => {
    expect(mistakesOf({ WORKERS: "2", BACKEND_TYPE: "etcd" })).toEqual([
      expect.stringContaining("BACKEND_TYPE"),
    ]);
  });

  test("share out the memory of the local cache", () => {
    const env = { ...redis, WORKERS: "3", LOCAL_CACHE_SIZE_IN_BYTES: "1000" };
    expect(readSettings(env).store.localCacheBytes).toBe(333);
  });
});

describe("the environments of others start", () => {
  test("that of Istio's sample", () => {
    const { rules, store, grpc, warnings } = readSettings({
      LOG_LEVEL: "debug",
      REDIS_SOCKET_TYPE: "tcp",
      REDIS_URL: "redis:6379",
      USE_STATSD: "false",
      RUNTIME_ROOT: "/data",
      RUNTIME_SUBDIRECTORY: "ratelimit",
      RUNTIME_WATCH_ROOT: "false",
      RUNTIME_IGNOREDOTFILES: "true",
      HOST: "::",
      GRPC_HOST: "::",
    });
    expect(rules).toMatchObject({ root: "/data", subdirectory: "ratelimit", watchRoot: false });
    expect(store.redis?.addresses).toEqual([{ host: "redis", port: 6379 }]);
    expect(grpc.address).toEqual({ host: "::", port: 8081 });
    expect(warnings).toEqual([]);
  });
});
