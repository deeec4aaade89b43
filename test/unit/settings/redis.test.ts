import { describe, expect, test } from "@jest/globals";
import { type RedisPlan, readSettings } from "../../../src/settings.ts";
import { mistakesOf } from "../../support/settings.ts";

function redisOf(env: Readonly<Record<string, string>>): RedisPlan {
  const { redis } = readSettings({ BACKEND_TYPE: "redis", ...env }).store;
  if (redis === undefined) throw new Error("no Redis");
  return redis;
}

describe("the defaults", () => {
  test("are those of the reference, with a bound on each command", () => {
    expect(redisOf({})).toEqual({
      topology: "single",
      addresses: [],
      socketPath: "/var/run/nutcracker/ratelimit.sock",
      masterName: undefined,
      database: 0,
      credentials: undefined,
      sentinelCredentials: undefined,
      tls: undefined,
      connectTimeoutMs: 10_000,
      commandTimeoutMs: 500,
      startup: { initialMs: 1_000, maxMs: 30_000, maxElapsedMs: 0 },
    });
  });

  test("and each can be set", () => {
    expect(
      redisOf({
        REDIS_TIMEOUT: "1s",
        REDIS_OP_TIMEOUT: "20ms",
        REDIS_STARTUP_INITIAL_INTERVAL: "10ms",
        REDIS_STARTUP_MAX_INTERVAL: "5s",
        REDIS_STARTUP_MAX_ELAPSED_TIME: "1m",
      }),
    ).toMatchObject({
      connectTimeoutMs: 1_000,
      commandTimeoutMs: 20,
      startup: { initialMs: 10, maxMs: 5_000, maxElapsedMs: 60_000 },
    });
  });
});

describe("a single server", () => {
  const at = (host: string, port: number) => ({ addresses: [{ host, port }] });
  test.each<[string, object]>([
    ["redis:6380", at("redis", 6380)],
    ["redis", at("redis", 6379)],
    ["10.0.0.1:1", at("10.0.0.1", 1)],
    ["[::1]:1", at("::1", 1)],
    ["[fe80::1]", at("fe80::1", 6379)],
    ["redis://redis", at("redis", 6379)],
    ["redis://[::1]:1/", at("::1", 1)],
    ["redis://redis:1/3", { ...at("redis", 1), database: 3 }],
    ["redis://redis?db=4", { ...at("redis", 6379), database: 4 }],
    [
      "redis://me:p%40ss:w%2Ford@redis:1",
      { ...at("redis", 1), credentials: { username: "me", password: "p@ss:w/ord" } },
    ],
    ["redis://:pw@redis", { credentials: { username: undefined, password: "pw" } }],
    ["redis://h?username=me&password=pw", { credentials: { username: "me", password: "pw" } }],
    ["redis://me@redis", { credentials: undefined }],
    ["rediss://redis", { ...at("redis", 6379), tls: { skipHostnameVerification: false } }],
    ["/run/redis.sock", { addresses: [], socketPath: "/run/redis.sock" }],
    ["./redis.sock", { socketPath: "./redis.sock" }],
  ])("%s", (url, expected) => {
    const redis = redisOf({ REDIS_URL: url });
    expect(redis).toMatchObject({ topology: "single", database: 0, tls: undefined, ...expected });
  });

  test.each([
    "",
    " ",
    "a b:1",
    "redis:",
    "redis:0",
    "redis:65536",
    "a:1,b:2",
    "::1",
    "http://redis",
    "redis://",
    "redis://redis:x",
    "redis://redis/three",
    "redis://redis/-1",
    "redis://redis/70000",
    "redis://a:%ff@redis",
    "user:pw@redis:1",
  ])("%j is refused, and not shown", (url) => {
    expect(mistakesOf({ REDIS_URL: url })).toEqual([
      expect.stringMatching(
        /^REDIS_URL: the given value \(not shown\) is not accepted; accepted: /,
      ),
    ]);
  });

  test("the kind of socket follows from the URL, and must not contradict it", () => {
    expect(redisOf({ REDIS_SOCKET_TYPE: "tcp", REDIS_URL: "a:1" }).socketPath).toBeUndefined();
    expect(redisOf({ REDIS_SOCKET_TYPE: "unix", REDIS_URL: "/a" }).socketPath).toBe("/a");
    expect(mistakesOf({ REDIS_SOCKET_TYPE: "unix", REDIS_URL: "a:1" })).toEqual([
      'REDIS_SOCKET_TYPE: "unix" does not go with REDIS_URL, which is a host and port; accepted: tcp, or nothing',
    ]);
    expect(mistakesOf({ REDIS_SOCKET_TYPE: "tcp", BACKEND_TYPE: "redis" })).toEqual([
      'REDIS_SOCKET_TYPE: "tcp" does not go with REDIS_URL (its default), which is the path of a Unix socket; accepted: unix, or nothing',
    ]);
    expect(mistakesOf({ REDIS_SOCKET_TYPE: "udp", REDIS_URL: "a:1" })).toEqual([
      'REDIS_SOCKET_TYPE: "udp" is not accepted; accepted: tcp, unix',
    ]);
  });
});

describe("Sentinel", () => {
  test("the URL is the master's name and the Sentinels", () => {
    expect(
      redisOf({
        REDIS_TYPE: "sentinel",
        REDIS_URL: "mymaster, a:1,b",
        REDIS_AUTH: "me:p:w",
        REDIS_SENTINEL_AUTH: "pw",
        // The reference takes TCP for these whatever is set.
        REDIS_SOCKET_TYPE: "unix",
      }),
    ).toMatchObject({
      topology: "sentinel",
      masterName: "mymaster",
      addresses: [
        { host: "a", port: 1 },
        { host: "b", port: 26379 },
      ],
      credentials: { username: "me", password: "p:w" },
      sentinelCredentials: { username: undefined, password: "pw" },
    });
  });

  test.each(["mymaster", "", ",a:1"])("%j is refused in the reference's words", (url) => {
    expect(mistakesOf({ REDIS_TYPE: "SENTINEL", REDIS_URL: url })[0]).toContain(
      ": Expected master name and a list of urls for the sentinels, in the format: <redis master name>,<sentinel1>,...,<sentineln>; accepted: ",
    );
  });
});

describe("a cluster", () => {
  test("the URL names some of its nodes", () => {
    expect(
      redisOf({ REDIS_TYPE: "Cluster", REDIS_URL: "a:1,redis://me:pw@b:2,rediss://c" }),
    ).toMatchObject({
      topology: "cluster",
      masterName: undefined,
      addresses: [
        { host: "a", port: 1 },
        { host: "b", port: 2 },
        { host: "c", port: 6379 },
      ],
      credentials: { username: "me", password: "pw" },
      tls: { skipHostnameVerification: false },
    });
  });

  test.each(["a:1,", "a:1,/run/b.sock", "redis://a/1"])("%j is refused", (url) => {
    expect(mistakesOf({ REDIS_TYPE: "CLUSTER", REDIS_URL: url })).toHaveLength(1);
  });
});

describe("credentials", () => {
  test("may stand in a file, which wins over the URL", () => {
    const redis = redisOf({
      REDIS_URL: "redis://me:pw@redis",
      REDIS_AUTH_FILE: "/run/auth",
      REDIS_SENTINEL_AUTH_FILE: "/run/sentinel-auth",
    });
    expect(redis.credentials).toEqual({ setting: "REDIS_AUTH_FILE", path: "/run/auth" });
    expect(redis.sentinelCredentials).toEqual({
      setting: "REDIS_SENTINEL_AUTH_FILE",
      path: "/run/sentinel-auth",
    });
  });

  test("in a file and beside it are a mistake", () => {
    const mistakes = mistakesOf({
      REDIS_URL: "a:1",
      REDIS_AUTH: "pw",
      REDIS_AUTH_FILE: "/run/auth",
    });
    expect(mistakes).toEqual([
      "REDIS_AUTH and REDIS_AUTH_FILE: both are set; accepted: one of them",
    ]);
  });

  test("REDIS_AUTH wins over the URL, as a whole", () => {
    expect(redisOf({ REDIS_URL: "redis://me:pw@a", REDIS_AUTH: "other" }).credentials).toEqual({
      username: undefined,
      password: "other",
    });
  });
  test.each([
    ["pw", undefined, "pw"],
    ["me:pw", "me", "pw"],
    ["me:p:w", "me", "p:w"],
    [":pw", undefined, "pw"],
  ])("%s", (auth, username, password) => {
    expect(redisOf({ REDIS_AUTH: auth }).credentials).toEqual({ username, password });
  });
});

describe("the Redis of the counters of a second", () => {
  test("is none unless asked for", () => {
    const { store } = readSettings({ REDIS_URL: "a:1", REDIS_PERSECOND_URL: "b:1" });
    expect(store.perSecond).toBeUndefined();
  });

  test("has settings of its own", () => {
    const { store } = readSettings({
      REDIS_URL: "a:1",
      REDIS_OP_TIMEOUT: "1s",
      REDIS_PERSECOND: "true",
      REDIS_PERSECOND_TYPE: "CLUSTER",
      REDIS_PERSECOND_URL: "b:1,c:2",
      REDIS_PERSECOND_AUTH: "pw",
      REDIS_PERSECOND_TIMEOUT: "2s",
      REDIS_PERSECOND_OP_TIMEOUT: "30ms",
      REDIS_PERSECOND_TLS: "true",
    });
    expect(store.redis).toMatchObject({ topology: "single", commandTimeoutMs: 1_000 });
    expect(store.redis?.tls).toBeUndefined();
    expect(store.perSecond).toMatchObject({
      topology: "cluster",
      addresses: [
        { host: "b", port: 1 },
        { host: "c", port: 2 },
      ],
      credentials: { password: "pw" },
      connectTimeoutMs: 2_000,
      commandTimeoutMs: 30,
      tls: {},
    });
  });

  test("its default is a Unix socket", () => {
    expect(
      readSettings({ REDIS_URL: "a:1", REDIS_PERSECOND: "true" }).store.perSecond?.socketPath,
    ).toBe("/var/run/nutcracker/ratelimitpersecond.sock");
  });
});

describe("what the reference refuses about its pool", () => {
  test.each([
    ["REDIS_POOL_ON_EMPTY_BEHAVIOR", "CREATE"],
    ["REDIS_POOL_ON_EMPTY_BEHAVIOR", "error"],
    ["REDIS_PERSECOND_POOL_ON_EMPTY_BEHAVIOR", "Error"],
  ])("%s=%s", (name, value) => {
    expect(mistakesOf({ [name]: value })[0]).toContain(
      `: ${name}=${value.toUpperCase()} is not supported`,
    );
  });
  test.each(["WAIT", "wait", "", "ERRORS", "anything"])("%j is taken for WAIT", (value) => {
    expect(readSettings({ REDIS_POOL_ON_EMPTY_BEHAVIOR: value }).warnings).toEqual([]);
  });
  test("a negative parallelism", () => {
    expect(mistakesOf({ REDIS_CLUSTER_PIPELINE_PARALLELISM: "-1" })).toHaveLength(1);
  });
});

test("a mistake does not bring others along", () => {
  expect(mistakesOf({ REDIS_TYPE: "CLUSTERED", REDIS_URL: "a:1,b:2" })).toHaveLength(1);
  expect(mistakesOf({ REDIS_SOCKET_TYPE: "pipe", REDIS_URL: "/run/redis" })).toHaveLength(1);
});
