import { describe, expect, test } from "@jest/globals";
import { editDistance } from "../../../src/settings/edit-distance.ts";
import { nearNames } from "../../../src/settings/names.ts";
import { table } from "../../../src/settings/table.ts";

const known = Object.keys(table);
const told = (...names: readonly string[]) => nearNames(names, known);

describe("a name that is nearly a known one", () => {
  test.each([
    ["a letter too few", "REDIS_PERSECOND_UR", "REDIS_PERSECOND_URL"],
    ["a letter too many", "RUNTIME_ROOTS", "RUNTIME_ROOT"],
    ["another letter", "NEAR_LIMIT_RADIO", "NEAR_LIMIT_RATIO"],
    ["two letters", "LIMIT_RESPONSE_HEADER_ENABLE", "LIMIT_RESPONSE_HEADERS_ENABLED"],
    ["letters swapped", "GRPC_MAX_CONNECTION_GAE", "GRPC_MAX_CONNECTION_AGE"],
    ["a first word with another letter", "RUNTME_SUBDIRECTORY", "RUNTIME_SUBDIRECTORY"],
    ["a first word with letters swapped", "CAHCE_KEY_PREFIX", "CACHE_KEY_PREFIX"],
    ["small letters", "redis_url", "REDIS_URL"],
    ["no underscores", "LOGLEVEL", "LOG_LEVEL"],
    ["other separators", "redis-persecond-url", "REDIS_PERSECOND_URL"],
    ["a word in two", "RUNTIME_APP_DIRECTORY", "RUNTIME_APPDIRECTORY"],
    ["a word too few", "REDIS_POOL_EMPTY_BEHAVIOR", "REDIS_POOL_ON_EMPTY_BEHAVIOR"],
    [
      "a word too many",
      "HEALTHY_WITH_AT_LEAST_ONE_GOOD_CONFIG_LOADED",
      "HEALTHY_WITH_AT_LEAST_ONE_CONFIG_LOADED",
    ],
    ["our prefix", "VELOCITYGATE_WORKERS", "WORKERS"],
    ["our prefix and a letter", "VELOCITYGATE_GRPC_PROT", "GRPC_PORT"],
  ])("by %s is told: %s for %s", (_, name, meant) => {
    expect(told(name)).toEqual([`${name} is not a setting; did you mean ${meant}?`]);
  });

  test("of OpenTelemetry's is told by one letter, as standard names differ by two", () => {
    expect(told("OTEL_EXPORTER_OTLP_ENDPONT")).toHaveLength(1);
    expect(
      told(
        "OTEL_BLRP_MAX_QUEUE_SIZE",
        "OTEL_BLRP_SCHEDULE_DELAY",
        "OTEL_EXPORTER_OTLP_PROTOCOL",
        "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
        "OTEL_EXPORTER_OTLP_METRICS_HEADERS",
        "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
        "OTEL_SERVICE_NAME",
        "OTEL_TRACES_SAMPLER",
        "OTEL_PROPAGATORS",
      ),
    ).toEqual([]);
  });
});

test.each([
  "VELOCITYGATE_COLOUR",
  "REDIS_PERSECOND_PASSWORD",
  "CONFIG_GRPC_XDS_TIMEOUT",
  "GRPC_SERVER_TLS_MIN_VERSION",
])("%s is like none, but of a family that is ours alone, and told", (name) => {
  expect(told(name)).toEqual([`${name} is not a setting and has no effect`]);
});

test.each([
  [
    [
      "HOSTNAME",
      "HOSTS",
      "POST",
      "PORTS",
      "PATH",
      "HOME",
      "USER",
      "PWD",
      "SHLVL",
      "LANG",
      "TERM",
      "_",
    ],
  ],
  [["NODE_ENV", "NODE_OPTIONS", "NODE_VERSION", "UV_THREADPOOL_SIZE", "NODE_EXTRA_CA_CERTS"]],
  [
    [
      "GRPC_TRACE",
      "GRPC_VERBOSITY",
      "GRPC_PROXY",
      "GRPC_GO_LOG_VERBOSITY_LEVEL",
      "GRPC_DNS_RESOLVER",
    ],
  ],
  [["REDIS_HOST", "REDIS_DB", "REDIS_PATH", "REDIS_PASSWORD", "REDIS_USERNAME", "REDIS_VERSION"]],
  [
    [
      "LOG_DIR",
      "LOG_FILE",
      "DEBUG",
      "DEBUG_MODE",
      "CONFIG_FILE",
      "CONFIG_PATH",
      "PROMETHEUS_MULTIPROC_DIR",
    ],
  ],
  [
    [
      "POD_NAME",
      "POD_IP",
      "NAMESPACE",
      "HOST_IP",
      "GOMEMLIMIT",
      "GODEBUG",
      "http_proxy",
      "no_proxy",
    ],
  ],
  [["DOG_STATSD_MOGRIFIER_A_PATTERN", "DD_AGENT_HOST", "STATSD_PREFIX", "TRACING_BACKEND"]],
])("names of others are left alone: %j", (names) => {
  expect(told(...names)).toEqual([]);
});

test("a port without a Service is told, one with it is not", () => {
  const [port] = ["REDIS_PERSECOND_PORT"];
  expect(told(port)).toHaveLength(1);
  expect(told(port, "REDIS_PERSECOND_SERVICE_HOST")).toEqual([]);
});

test("no more than twenty are told one by one, and none at length", () => {
  const many = Array.from({ length: 50 }, (_, at) => `VELOCITYGATE_${"X".repeat(1000)}${at}`);
  const warnings = told(...many);
  expect(warnings).toHaveLength(21);
  expect(warnings[20]).toBe("30 more names look like misspelt settings");
  expect(Math.max(...warnings.map(({ length }) => length))).toBeLessThan(200);
});

describe("the distance of two names", () => {
  test.each([
    ["", "", 0],
    ["abc", "abc", 0],
    ["abc", "ab", 1],
    ["abc", "xabc", 1],
    ["abc", "axc", 1],
    ["abcd", "abdc", 1],
    ["abcd", "badc", 2],
    ["ca", "abc", 3],
    ["abc", "xyz", 3],
    ["abcdef", "x", 3],
  ])("%s and %s: %d, where more than 2 are 3", (from, to, distance) => {
    expect(editDistance(from, to, 2)).toBe(distance);
    expect(editDistance(to, from, 2)).toBe(distance);
  });
});
