import { inspect } from "node:util";
import { describe, expect, test } from "@jest/globals";
import { VelocityGateError } from "../../../src/errors.ts";
import { readSettings } from "../../../src/settings.ts";
import { mistakesOf } from "../../support/settings.ts";

describe("mistakes", () => {
  test("are all told at once, with what was given and what is accepted", () => {
    const env = {
      PORT: "65536",
      GRPC_PORT: "many",
      GRPC_MAX_CONNECTION_AGE: "10",
      SHUTDOWN_GRACE: "-1s",
      NEAR_LIMIT_RATIO: "1.5",
      SHADOW_MODE: "yes",
      EXTRA_TAGS: "a",
      CONFIG_TYPE: "file",
      LOG_LEVEL: "loud",
      PROMETHEUS_ADDR: "9090",
      PROMETHEUS_PATH: "metrics",
      BACKEND_TYPE: "redis",
      REDIS_TYPE: "SOLO",
      REDIS_TIMEOUT: "0",
      TRACING_EXPORTER_PROTOCOL: "udp",
    };
    expect(mistakesOf(env)).toEqual([
      'PORT: "65536" is not accepted; accepted: a whole number from 0 to 65535',
      'GRPC_PORT: "many" is not accepted; accepted: a whole number from 0 to 65535',
      'GRPC_MAX_CONNECTION_AGE: "10" is not accepted; accepted: 0 for none, or a duration from 1s to 8760h, such as 250ms, 10s or 1m30s',
      'SHUTDOWN_GRACE: "-1s" is not accepted; accepted: a duration from 0s to 1h, such as 250ms, 10s or 1m30s',
      'CONFIG_TYPE: "file" is not accepted: Invalid setting for ConfigType: file; accepted: FILE, GRPC_XDS_SOTW',
      'NEAR_LIMIT_RATIO: "1.5" is not accepted; accepted: a number from 0 to 1',
      'SHADOW_MODE: "yes" is not accepted; accepted: true or false (also 1, t, T, TRUE, True, 0, f, F, FALSE, False)',
      'REDIS_TYPE: "SOLO" is not accepted: Unrecognized redis type solo; accepted: SINGLE, SENTINEL, CLUSTER (in any case)',
      'REDIS_TIMEOUT: "0" is not accepted; accepted: a duration from 1ms to 1h, such as 250ms, 10s or 1m30s',
      'LOG_LEVEL: "loud" is not accepted: Could not parse log level; accepted: panic, fatal, error, warning, info, debug, trace, warn (in any case)',
      'PROMETHEUS_ADDR: "9090" is not accepted; accepted: host:port or :port',
      'EXTRA_TAGS: "a" is not accepted; accepted: key:value pairs between commas, with one colon in each',
      'PROMETHEUS_PATH: "metrics" is not accepted; accepted: a path that begins with /',
      'TRACING_EXPORTER_PROTOCOL: "udp" is not accepted: Invalid otlptrace client protocol: udp; accepted: http, grpc',
    ]);
  });

  test("are counted in the first line", () => {
    expect(() => readSettings({ PORT: "" })).toThrow(/^a setting is wrong:\n {2}PORT: /);
    expect(() => readSettings({ PORT: "", HOST: "x".repeat(5000) })).toThrow(
      /^2 settings are wrong:\n/,
    );
  });

  test("do not flood the log with what was given", () => {
    const [mistake = ""] = mistakesOf({ PORT: "9".repeat(100_000) });
    expect(mistake.length).toBeLessThan(400);
  });

  test("tell of a path that the system would cut off", () => {
    expect(() => readSettings({ GRPC_UDS: `/${"x".repeat(106)}` })).not.toThrow();
    const [mistake = ""] = mistakesOf({ GRPC_UDS: `/${"x".repeat(107)}` });
    expect(mistake).toMatch(/^GRPC_UDS: .*; accepted: at most 107 bytes$/);
  });

  test.each([":9090", "localhost:0", "1.2.3.4:1", "[::]:1"])("%s is an address", (address) => {
    expect(readSettings({ PROMETHEUS_ADDR: address }).prometheus.port).toBeLessThan(9091);
  });
  test.each([":", "a", "::1:9090", "a:65536", "a b:1", "a:-1", "[]:1", "a:08"])(
    "%j is no address",
    (address) => {
      expect(mistakesOf({ PROMETHEUS_ADDR: address })).toHaveLength(1);
    },
  );
});

describe("secrets", () => {
  const secret = "hunter2";
  const secrets = {
    REDIS_URL: `redis://user:${secret}@redis.example:6379`,
    REDIS_AUTH: secret,
    REDIS_SENTINEL_AUTH: `user:${secret}`,
    REDIS_PERSECOND_URL: `redis://:${secret}@redis.example:6379`,
    REDIS_PERSECOND_AUTH: secret,
    REDIS_PERSECOND_SENTINEL_AUTH: secret,
    CONFIG_GRPC_XDS_CLIENT_ADDITIONAL_HEADERS: `authorization:${secret}`,
  };

  test("are in no dump of the settings, whichever way it is made", () => {
    const settings = readSettings({ ...secrets, REDIS_PERSECOND: "true", PORT: "80" });
    expect(settings.store.redis?.credentials).toMatchObject({ password: secret });
    expect(inspect(settings, { depth: 10 })).not.toContain(secret);
    expect(JSON.stringify(settings)).not.toContain(secret);
    expect(JSON.stringify(settings.store.perSecond)).toContain('"password":"*****"');
    expect(settings.shown).toEqual({
      ...Object.fromEntries(Object.keys(secrets).map((name) => [name, "*****"])),
      REDIS_PERSECOND: "true",
      PORT: "80",
    });
  });

  test("are in no mistake", () => {
    const wrong = {
      REDIS_URL: `redis//user:${secret}@a`,
      REDIS_PERSECOND: "true",
      REDIS_PERSECOND_URL: `${secret}:99999`,
      REDIS_AUTH: secret.repeat(1000),
      CONFIG_GRPC_XDS_CLIENT_ADDITIONAL_HEADERS: `authorization:Bearer:${secret}`,
    };
    expect(mistakesOf(wrong)).toHaveLength(4);
    let error: unknown;
    try {
      readSettings(wrong);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(VelocityGateError);
    expect(inspect(error)).not.toContain(secret);
  });
});
