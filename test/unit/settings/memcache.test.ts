import { describe, expect, test } from "@jest/globals";
import { readSettings } from "../../../src/settings.ts";
import { mistakesOf } from "../../support/settings.ts";

const chosen = { BACKEND_TYPE: "memcache" };
const withServer = { ...chosen, MEMCACHE_HOST_PORT: "cache:11211" };
const memcacheOf = (env: Readonly<Record<string, string>>) =>
  readSettings({ ...chosen, ...env }).store.memcache;

test("the defaults are those of the reference's client", () => {
  expect(memcacheOf({ MEMCACHE_HOST_PORT: "cache:11211" })).toEqual({
    servers: [{ host: "cache", port: 11211 }],
    tls: undefined,
    connectTimeoutMs: 10_000,
    commandTimeoutMs: 500,
  });
});

test("each can be set", () => {
  expect(
    memcacheOf({
      MEMCACHE_SRV: "_memcache._tcp.example.org",
      MEMCACHE_SRV_REFRESH: "30s",
      MEMCACHE_TIMEOUT: "1s",
      MEMCACHE_OP_TIMEOUT: "20ms",
      MEMCACHE_TLS: "true",
      MEMCACHE_TLS_SKIP_HOSTNAME_VERIFICATION: "true",
    }),
  ).toEqual({
    servers: { record: "_memcache._tcp.example.org", refreshMs: 30_000 },
    tls: { skipHostnameVerification: true },
    connectTimeoutMs: 1_000,
    commandTimeoutMs: 20,
  });
});

test("there is Memcached only where it is asked for", () => {
  const { store, warnings } = readSettings({ MEMCACHE_HOST_PORT: "cache:11211" });
  expect(store.memcache).toBeUndefined();
  expect(warnings).toEqual(["MEMCACHE_HOST_PORT has no effect: BACKEND_TYPE is not memcache"]);
  expect(readSettings({ BACKEND_TYPE: "redis", MEMCACHE_SRV: "_m._tcp.a" }).warnings).toEqual([
    "MEMCACHE_SRV has no effect: BACKEND_TYPE is not memcache",
  ]);
});

test("what belongs to Redis has no effect with it, and is told", () => {
  const { store, warnings } = readSettings({
    ...withServer,
    REDIS_URL: "redis:6379",
    REDIS_PERSECOND: "true",
  });
  expect(store).toMatchObject({ backend: "memcache", redis: undefined, perSecond: undefined });
  expect(store.reason).toBe("BACKEND_TYPE is memcache");
  expect(warnings).toEqual([
    "REDIS_URL has no effect: BACKEND_TYPE=memcache keeps the counters in Memcached",
    "REDIS_PERSECOND has no effect: the counters are kept in Memcached",
  ]);
});

test("several processes may count in it", () => {
  expect(readSettings({ ...withServer, WORKERS: "2" }).workers).toBe(2);
});

describe("the servers", () => {
  test("stand in the order in which they are given, an address twice if it is", () => {
    expect(
      memcacheOf({ MEMCACHE_HOST_PORT: "b:1,a,[::1]:2, b:1,/run/memcached.sock" })?.servers,
    ).toEqual([
      { host: "b", port: 1 },
      { host: "a", port: 11211 },
      { host: "::1", port: 2 },
      { host: "b", port: 1 },
      "/run/memcached.sock",
    ]);
  });

  test.each(["a:", "a:0", "a b:1", "a:1,", "user@a:1"])("%j are refused", (hosts) => {
    const [mistake, ...more] = mistakesOf({ ...chosen, MEMCACHE_HOST_PORT: hosts });
    expect(mistake).toMatch(/^MEMCACHE_HOST_PORT: ".*" is not accepted; accepted: host:port/);
    expect(more).toEqual([]);
  });

  test("have to be named", () => {
    expect(mistakesOf(chosen)).toEqual([
      "MEMCACHE_HOST_PORT: is not set, and BACKEND_TYPE=memcache needs it, or MEMCACHE_SRV; accepted: host:port,host:port,…",
    ]);
  });

  test("are named in one way only, as the reference has it", () => {
    expect(mistakesOf({ ...withServer, MEMCACHE_SRV: "_memcache._tcp.example.org" })).toEqual([
      "Both MEMCACHE_HOST_PORT and MEMCACHE_SRV are set; accepted: one of them",
    ]);
  });

  test("are not looked for under a name that is no SRV record, in the reference's words", () => {
    expect(mistakesOf({ ...chosen, MEMCACHE_SRV: "example.org" })).toEqual([
      'MEMCACHE_SRV: "example.org" is not accepted: could not parse example.org to SRV parts; accepted: _service._protocol.name, such as _memcache._tcp.example.org',
    ]);
  });
});

describe("TLS", () => {
  const files = {
    MEMCACHE_TLS_CACERT: "/tls/ca.pem",
    MEMCACHE_TLS_CLIENT_CERT: "/tls/cert.pem",
    MEMCACHE_TLS_CLIENT_KEY: "/tls/key.pem",
  };

  test("has files of its own", () => {
    expect(readSettings({ ...withServer, ...files, MEMCACHE_TLS: "true" }).tls).toEqual({
      memcache: {
        ca: { setting: "MEMCACHE_TLS_CACERT", path: "/tls/ca.pem" },
        cert: { setting: "MEMCACHE_TLS_CLIENT_CERT", path: "/tls/cert.pem" },
        key: { setting: "MEMCACHE_TLS_CLIENT_KEY", path: "/tls/key.pem" },
      },
    });
  });

  test("is not looked for when it is not asked for", () => {
    expect(readSettings({ ...withServer, ...files }).tls).toEqual({});
  });

  test("takes a certificate with its key only", () => {
    const { MEMCACHE_TLS_CLIENT_CERT } = files;
    expect(mistakesOf({ ...withServer, MEMCACHE_TLS: "true", MEMCACHE_TLS_CLIENT_CERT })).toEqual([
      "MEMCACHE_TLS_CLIENT_CERT and MEMCACHE_TLS_CLIENT_KEY: only one is set; accepted: both or neither",
    ]);
  });
});
