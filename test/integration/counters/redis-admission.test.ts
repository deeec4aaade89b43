import { beforeEach, describe, expect, test } from "@jest/globals";
import type { RedisStore } from "../../../src/counters/redis-store.ts";
import { createSplitStore } from "../../../src/counters/split.ts";
import { isDenied } from "../../../src/decision/admission.ts";
import { cleanupAfterEach } from "../../support/cleanup.ts";
import { admission, increment } from "../../support/increments.ts";
import { type RedisServer, startRedis } from "../../support/redis.ts";
import { redisSettings } from "../../support/shared-redis.ts";
import { connectedStore, stopping } from "../../support/stores.ts";

const cleanup = cleanupAfterEach();

let server: RedisServer;
let store: RedisStore;

beforeEach(async () => {
  server = await cleanup.add(startRedis());
  const settings = redisSettings({ addresses: [server.address] });
  store = await cleanup.add(stopping(await connectedStore(settings)));
});

/** How often the server was sent each command that touches counters; those of a script are among them. */
async function commandCounts(): Promise<Record<string, number>> {
  const stats = String(await server.ask("INFO", "commandstats"));
  const counts = [...stats.matchAll(/cmdstat_(incrby|get|expire|eval|evalsha):calls=(\d+)/g)];
  return Object.fromEntries(counts.map(([, name, calls]) => [name, Number(calls)]));
}

const failureOf = (calling: Promise<unknown>) => calling.then(String, String);

describe("admissions", () => {
  test("of a turn go out as one script, which reads and writes each counter once", async () => {
    await store.admitAll([admission({ key: "warm" })]);
    const before = await commandCounts();
    const calls = Array.from({ length: 40 }, (_, i) =>
      store.admitAll([
        admission({ key: "hot", limit: 25 }),
        admission({ key: `k${i % 2}`, limit: 100 }),
      ]),
    );
    const totals = await Promise.all(calls);
    expect(totals.filter(([hot = 0]) => hot <= 25)).toHaveLength(25);
    const after = await commandCounts();
    const made = Object.entries(after).map(([name, count]) => [name, count - (before[name] ?? 0)]);
    expect(Object.fromEntries(made)).toEqual({ evalsha: 1, eval: 0, get: 3, incrby: 3, expire: 3 });
    expect(await server.ask("MGET", "hot", "k0", "k1")).toEqual(["25", "13", "12"]);
  });

  test("of many are spread over scripts that take little time each", async () => {
    await store.admitAll([admission({ key: "warm" })]);
    const before = await commandCounts();
    const calls = Array.from({ length: 500 }, () =>
      store.admitAll([admission({ key: "hot", limit: 499 })]),
    );
    expect((await Promise.all(calls)).flat()).toEqual(Array.from({ length: 500 }, (_, i) => i + 1));
    const { evalsha = 0 } = await commandCounts();
    expect(evalsha - (before["evalsha"] as number)).toBe(4);
    expect(await server.ask("GET", "hot")).toBe("499");
  });

  test("survive a server that forgets the script, in the middle of everything", async () => {
    const totals: number[] = [];
    const caller = async () => {
      for (let n = 0; n < 50; n++) {
        const admissions = [admission({ key: "a", limit: 1000 })];
        totals.push(...(await store.admitAll(admissions)));
        if (n % 10 === 0) await server.ask("SCRIPT", "FLUSH", "SYNC");
      }
    };
    await Promise.all(Array.from({ length: 10 }, caller));
    expect(totals.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 500 }, (_, i) => i + 1));
  });

  test("keep counters alive as long as the first increment says, and no longer when later ones do", async () => {
    await store.admitAll([admission({ key: "a", ttlSeconds: 100 })]);
    await store.admitAll([admission({ key: "a", ttlSeconds: 9999 })]);
    expect(await server.ask("TTL", "a")).toBe(100);
    await store.admitAll([admission({ key: "a", hits: 100, ttlSeconds: 9999 })]);
    expect(await server.ask("TTL", "a")).toBe(100);
    expect(await server.ask("EXISTS", "none")).toBe(0);
  });

  test("write keys byte for byte as callers sent them", async () => {
    expect(await store.admitAll([admission({ key: "ä_\udce4\udcff_1" })])).toEqual([1]);
    expect(await server.ask("GET", Buffer.from("c3a45fe4ff5f31", "hex"))).toBe("1");
  });
});

describe("a server that refuses", () => {
  const not = "VelocityGateError: Redis refused a command: ";

  test("fails the requests that have to do with what is no counter, and no others of the same script", async () => {
    await server.ask("LPUSH", "list", "x");
    await server.ask("SET", "text", "0x10");
    const bad = ["list", "text"].map((key) =>
      failureOf(store.admitAll([admission({ key: "good" }), admission({ key })])),
    );
    const good = store.admitAll([admission({ key: "good" })]);
    const told = "VelocityGateError: a counter in Redis holds something that is not a number";
    expect(await Promise.all(bad)).toEqual([told, told]);
    expect(await good).toEqual([1]);
    expect(await server.ask("GET", "text")).toBe("0x10");
  });

  test("is told by the kind of its refusal", async () => {
    const failed = () => failureOf(store.admitAll([admission({ key: "secret" })]));
    await server.ask("CONFIG", "SET", "maxmemory", "1");
    expect(await failed()).toBe(`${not}OOM`);
    await server.ask("CONFIG", "SET", "maxmemory", "0");
    await server.ask("ACL", "SETUSER", "default", "-incrby");
    expect(await failed()).toBe(`${not}NOPERM`);
    await server.ask("ACL", "SETUSER", "default", "+incrby", "-get");
    expect(await failed()).toBe(`${not}NOPERM`);
    await server.ask("ACL", "SETUSER", "default", "+get", "-evalsha");
    expect(await failed()).toBe(`${not}NOPERM`);
    expect(await server.ask("EXISTS", "secret")).toBe(0);
  });

  test("because it has become a replica is left, and used again once it is a master", async () => {
    const other = await cleanup.add(startRedis());
    await store.admitAll([admission({ key: "a" })]);
    await server.ask("REPLICAOF", "127.0.0.1", other.address.port);
    expect(await failureOf(store.admitAll([admission({ key: "a" })]))).toBe(`${not}READONLY`);
    expect(store.connections.closed).toBe(1);
  });
});

test("a request over two servers is admitted by both or by none, whatever comes in between", async () => {
  const second = await cleanup.add(startRedis());
  const open = async () => {
    const [main, perSecond] = await Promise.all(
      [server, second].map(({ address }) =>
        connectedStore(redisSettings({ addresses: [address] })),
      ),
    );
    if (main === undefined || perSecond === undefined) throw new Error("two stores");
    return cleanup.add(stopping(createSplitStore(main, perSecond)));
  };
  const instances = [await open(), await open()];
  let admitted = 0;
  const caller = async (_: unknown, i: number) => {
    for (let n = 0; n < 20; n++) {
      const admissions = [
        admission({ key: "minute", limit: 1_000 }),
        admission({ key: `second${(i + n) % 2}`, limit: 50 + 10 * (n % 2), perSecond: true }),
      ];
      const totals = await instances[i % 2]?.admitAll(admissions);
      if (totals && !isDenied(admissions, totals)) admitted += 1;
    }
  };
  await Promise.all(Array.from({ length: 30 }, caller));
  const [minute] = await store.incrementAll([increment({ key: "minute", hits: 0 })]);
  const seconds = (await second.ask("MGET", "second0", "second1")) as readonly string[];
  expect(minute).toBe(admitted);
  expect(Number(seconds[0]) + Number(seconds[1])).toBe(admitted);
  expect(seconds.map(Number)).toEqual([60, 60]);
});
