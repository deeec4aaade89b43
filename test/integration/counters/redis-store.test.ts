import { beforeEach, describe, expect, test } from "@jest/globals";
import type { RedisStore } from "../../../src/counters/redis-store.ts";
import { createSplitStore } from "../../../src/counters/split.ts";
import { cleanupAfterEach } from "../../support/cleanup.ts";
import { eventually } from "../../support/eventually.ts";
import { increment } from "../../support/increments.ts";
import { keptLog } from "../../support/kept-log.ts";
import { type RedisServer, startRedis } from "../../support/redis.ts";
import { redisSettings } from "../../support/shared-redis.ts";
import { connectedStore, stopping } from "../../support/stores.ts";

const cleanup = cleanupAfterEach();

let server: RedisServer;
let store: RedisStore;

beforeEach(async () => {
  server = await cleanup.add(startRedis());
  const settings = redisSettings({ addresses: [server.address], commandTimeoutMs: 200 });
  store = await cleanup.add(stopping(await connectedStore(settings)));
});

/** How often the server has executed each command, for those that touch counters. */
async function commandCounts(): Promise<Record<string, number>> {
  const stats = String(await server.ask("INFO", "commandstats"));
  const counts = [...stats.matchAll(/cmdstat_(incrby|get|expire|eval):calls=(\d+)/g)];
  return Object.fromEntries(counts.map(([, name, calls]) => [name, Number(calls)]));
}

describe("commands", () => {
  test("are one INCRBY for all equal keys of a turn, and one EXPIRE for each counter made", async () => {
    const calls = Array.from({ length: 100 }, () =>
      store.incrementAll([increment({ key: "a" }), increment({ key: "b", hits: 2 })]),
    );
    await Promise.all(calls);
    await eventually(async () => expect(await commandCounts()).toEqual({ incrby: 2, expire: 2 }));
    await store.incrementAll([increment({ key: "a" }), increment({ key: "b", hits: 0 })]);
    await store.incrementAll([increment({ key: "c", hits: 0 }), increment({ key: "b", hits: 0 })]);
    expect(await commandCounts()).toEqual({ incrby: 3, expire: 2, get: 3 });
  });

  test("write keys byte for byte as callers sent them", async () => {
    await store.incrementAll([
      increment({ key: "ä_\udce4\udcff_1" }),
      increment({ key: "\udc80", hits: -1 }),
      increment({ key: "\udc80", hits: 3 }),
    ]);
    expect(await server.ask("GET", Buffer.from("c3a45fe4ff5f31", "hex"))).toBe("1");
    expect(await server.ask("GET", Buffer.from([0x80]))).toBe("3");
    await eventually(async () => Number(await server.ask("TTL", Buffer.from([0x80]))) > 0);
  });

  test("give each counter the time to live that its first increment said", async () => {
    await store.incrementAll([
      increment({ key: "minute", ttlSeconds: 60 }),
      increment({ key: "year", ttlSeconds: 31_536_300 }),
    ]);
    await eventually(async () => {
      expect(await server.ask("TTL", "minute")).toBe(60);
      expect(await server.ask("TTL", "year")).toBe(31_536_300);
    });
  });
});

describe("an expiry that fails", () => {
  test("is tried again when it was refused", async () => {
    await server.ask("ACL", "SETUSER", "default", "-expire");
    expect(await store.incrementAll([increment({ key: "a" })])).toEqual([1]);
    expect(await server.ask("TTL", "a")).toBe(-1);
    await server.ask("ACL", "SETUSER", "default", "+expire");
    await eventually(async () => (await server.ask("TTL", "a")) === 60);
    expect(store.abandonedExpiries).toBe(0);
  });

  test("is made up for when it is unknown whether the counter was made", async () => {
    server.pause();
    const lost = store.incrementAll([increment({ key: "a" })]);
    await expect(lost).rejects.toMatchObject({ code: "STORE_TIMEOUT" });
    // The increment lies in the server's socket when the connection is given up.
    await eventually(() => !store.isConnected);
    server.resume();
    await eventually(async () => (await server.ask("TTL", "a")) === 60);
    expect(await server.ask("GET", "a")).toBe("1");
  });
});

describe("a server that refuses", () => {
  const secretKey = "domain_user_alice_1200";

  test("is told by the kind of its refusal, without the key", async () => {
    await server.ask("LPUSH", secretKey, "x");
    await server.ask("SET", "text", "many");
    const failed = (key: string, hits = 1) =>
      store.incrementAll([increment({ key, hits })]).then(String, String);
    expect(await failed(secretKey)).toBe("VelocityGateError: Redis refused a command: WRONGTYPE");
    expect(await failed("text")).toBe("VelocityGateError: Redis refused a command: ERR");
    expect(await failed("text", 0)).toBe(
      "VelocityGateError: a counter in Redis holds something that is not a number",
    );
    await server.ask("CONFIG", "SET", "maxmemory", "1");
    expect(await failed("b")).toBe("VelocityGateError: Redis refused a command: OOM");
    await server.ask("ACL", "SETUSER", "default", "resetkeys", "~other:*");
    expect(await failed(secretKey)).toBe("VelocityGateError: Redis refused a command: NOPERM");
  });

  test("is told once in the log and counted, however many commands it refuses", async () => {
    const log = keptLog();
    const settings = redisSettings({ addresses: [server.address] });
    const told = await cleanup.add(stopping(await connectedStore(settings, log)));
    const connected = log.lines.length;
    await server.ask("ACL", "SETUSER", "default", "-incrby");
    for (let wave = 0; wave < 10; wave++) {
      const calls = Array.from({ length: 20 }, (_, i) =>
        told.incrementAll([increment({ key: `${secretKey}${i}` })]).catch(() => undefined),
      );
      await Promise.all(calls);
    }
    const node = `127.0.0.1:${server.address.port}`;
    expect(log.lines.slice(connected)).toEqual([
      {
        level: "warn",
        message: "Redis refuses commands",
        fields: { node, kind: "NOPERM", command: "incrby" },
      },
    ]);
    expect(told.refusedCommands).toBe(200);
    expect(told.isConnected).toBe(true);
    await server.ask("ACL", "SETUSER", "default", "+incrby");
    expect(await told.incrementAll([increment({ key: "a" })])).toEqual([1]);
  });

  test("fails only the increments of a call that need it", async () => {
    await server.ask("LPUSH", "list", "x");
    const bad = store.incrementAll([increment({ key: "good" }), increment({ key: "list" })]);
    const good = store.incrementAll([increment({ key: "good" })]);
    await expect(bad).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(await good).toEqual([2]);
  });

  test("because it has become a replica is left, and used again once it is a master", async () => {
    const other = await cleanup.add(startRedis());
    await store.incrementAll([increment({ key: "a" })]);
    await server.ask("REPLICAOF", "127.0.0.1", other.address.port);
    await expect(store.incrementAll([increment({ key: "a" })])).rejects.toMatchObject({
      message: "Redis refused a command: READONLY",
    });
    expect(store.connections.closed).toBe(1);
    await server.ask("REPLICAOF", "NO", "ONE");
    await eventually(() => store.incrementAll([increment({ key: "a" })]));
  });
});

describe("too many commands for a server that hangs", () => {
  test("are refused at once instead of being kept", async () => {
    server.pause();
    const increments = Array.from({ length: 60_000 }, (_, i) => increment({ key: `k${i}` }));
    await expect(store.incrementAll(increments)).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: "too many commands wait for Redis",
    });
  });
});

describe("the counters of a second", () => {
  test("live in a store of their own when the operator splits them off, in the order of the request", async () => {
    const other = await cleanup.add(startRedis());
    const settings = redisSettings({ addresses: [other.address] });
    const perSecond = await connectedStore(settings, keptLog());
    const split = await cleanup.add(stopping(createSplitStore(store, perSecond)));
    const mixed = [
      increment({ key: "m1", hits: 1 }),
      increment({ key: "s1", hits: 2, perSecond: true }),
      increment({ key: "s2", hits: 3, perSecond: true }),
      increment({ key: "m2", hits: 4 }),
    ];
    expect(await split.incrementAll(mixed)).toEqual([1, 2, 3, 4]);
    expect(await split.incrementAll(mixed.slice(1, 3))).toEqual([4, 6]);
    expect(await split.incrementAll(mixed.slice(0, 1))).toEqual([2]);
    expect(await server.ask("KEYS", "*")).toHaveLength(2);
    expect(await other.ask("KEYS", "s*")).toHaveLength(2);
  });
});
