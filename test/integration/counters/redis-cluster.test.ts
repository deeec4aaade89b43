import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { keySlot } from "../../../src/counters/key-slot.ts";
import type { RedisStore } from "../../../src/counters/redis-store.ts";
import { cleanupAfterEach } from "../../support/cleanup.ts";
import { eventually } from "../../support/eventually.ts";
import { increment } from "../../support/increments.ts";
import { type KeptLog, keptLog } from "../../support/kept-log.ts";
import { startLoad } from "../../support/load.ts";
import type { RedisServer } from "../../support/redis.ts";
import { type RedisCluster, startCluster } from "../../support/redis-groups.ts";
import { redisSettings } from "../../support/shared-redis.ts";
import { connectedStore, stopping } from "../../support/stores.ts";

/** A key of each master's slots: 0-5460, 5461-10922, 10923-16383. */
function keyOfShard(shard: number, name: string): string {
  for (let i = 0; ; i++) {
    const key = `{${name}${i}}`;
    const slot = keySlot(key);
    if (shard === (slot <= 5460 ? 0 : slot <= 10_922 ? 1 : 2)) return key;
  }
}

const cleanup = cleanupAfterEach();
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1);
const sorted = (numbers: readonly number[] = []) => numbers.toSorted((a, b) => a - b);

let cluster: RedisCluster;
let store: RedisStore;
let log: KeptLog;

beforeAll(async () => {
  cluster = await startCluster({ nodeTimeoutMs: 2_000 });
  log = keptLog();
  const addresses = cluster.masters.map(({ address }) => address);
  store = await connectedStore(
    redisSettings({ topology: "cluster", addresses, commandTimeoutMs: 2_000 }),
    log,
  );
}, 20_000);

afterAll(async () => {
  await store.close();
  await cluster.stop();
});

async function idOf(server: RedisServer): Promise<string> {
  return String(await server.ask("CLUSTER", "MYID"));
}

async function roleOf(server: RedisServer): Promise<unknown> {
  return ((await server.ask("ROLE")) as unknown[])[0];
}

describe("a slot that moves to another node under load", () => {
  test("costs no increment: redirections are followed, and every total is given once", async () => {
    const [source, target] = cluster.masters as [RedisServer, RedisServer];
    const first = keyOfShard(0, "moving");
    const slot = keySlot(first);
    const keys = upTo(8).map((i) => `${first}${i}`);
    const later = `${first}made while the slot moves`;
    const load = await cleanup.add(startLoad(store, [...keys, keyOfShard(2, "still")], 20));
    await eventually(() => load.count > 500);

    await target.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", await idOf(source));
    await source.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", await idOf(target));
    // A new key is made at the target, to which only ASK leads; its expiry follows it there.
    expect(await store.incrementAll([increment({ key: later })])).toEqual([1]);
    const gaveBack = increment({ key: later, hits: -1 });
    expect(await store.incrementAll([gaveBack, increment({ key: later })])).toEqual([0, 1]);
    for (const key of keys.slice(0, 4)) {
      await source.ask("MIGRATE", "127.0.0.1", target.address.port, key, 0, 1_000);
    }
    const midway = load.count;
    await eventually(() => load.count > midway + 500);
    for (const key of keys.slice(4)) {
      await source.ask("MIGRATE", "127.0.0.1", target.address.port, key, 0, 1_000);
    }
    await target.ask("CLUSTER", "SETSLOT", slot, "NODE", await idOf(target));
    await source.ask("CLUSTER", "SETSLOT", slot, "NODE", await idOf(target));
    const moved = load.count;
    await eventually(() => load.count > moved + 500);
    await load.stop();

    for (const errors of load.errors.values()) expect(new Set(errors)).toEqual(new Set());
    for (const totals of load.totals.values()) expect(sorted(totals)).toEqual(upTo(totals.length));
    for (const key of [...keys, later]) expect(await target.ask("TTL", key)).toBeGreaterThan(0);
  });
});

describe("a planned failover under load", () => {
  test("gives no total twice, and hardly an increment fails", async () => {
    const [master, replica] = [cluster.masters[1], cluster.replicas[1]] as [
      RedisServer,
      RedisServer,
    ];
    const key = keyOfShard(1, "planned");
    const load = await cleanup.add(startLoad(store, [key], 20));
    await eventually(() => load.count > 500);
    await replica.ask("CLUSTER", "FAILOVER");
    await eventually(async () => (await roleOf(replica)) === "master");
    const after = load.count;
    await eventually(() => load.count > after + 500);
    await load.stop();

    const totals = load.totals.get(key) ?? [];
    const errors = load.errors.get(key) ?? [];
    // Increments whose connection is cut while they are under way may be lost to their callers: one for each of them.
    expect(errors.length).toBeLessThanOrEqual(20);
    expect(new Set(totals).size).toBe(totals.length);
    const count = Number(await replica.ask("GET", key));
    expect(count).toBeGreaterThanOrEqual(totals.length);
    expect(count).toBeLessThanOrEqual(totals.length + errors.length);
    expect(await roleOf(master)).toBe("slave");
  });
});

describe("a node that hangs", () => {
  test("takes only its own counters away, and they come back with it", async () => {
    const master = cluster.masters[2] as RedisServer;
    const [lost, kept] = [keyOfShard(2, "hanging"), keyOfShard(0, "elsewhere")];
    const addresses = cluster.masters.map(({ address }) => address);
    const settings = redisSettings({ topology: "cluster", addresses, commandTimeoutMs: 400 });
    const impatient = await cleanup.add(stopping(await connectedStore(settings)));
    const load = await cleanup.add(startLoad(impatient, [lost, kept], 20));
    const totals = { lost: load.totals.get(lost) ?? [], kept: load.totals.get(kept) ?? [] };
    const errors = { lost: load.errors.get(lost) ?? [], kept: load.errors.get(kept) ?? [] };
    await eventually(() => load.count > 500);
    master.pause();
    await eventually(() => errors.lost.length > 200);
    const before = totals.kept.length;
    await eventually(() => totals.kept.length > before + 500);
    master.resume();
    const answered = totals.lost.length;
    await eventually(() => totals.lost.length > answered + 500);
    await load.stop();

    expect(new Set(errors.lost)).toContain("STORE_TIMEOUT: Redis did not answer within 400 ms");
    expect(impatient.isConnected).toBe(true);
    // None on an idle machine; on a busy one the other nodes may be late once, too.
    expect(errors.kept.length).toBeLessThan(totals.kept.length / 100);
    expect(new Set(totals.kept).size).toBe(totals.kept.length);
  }, 20_000);
});

describe("a master that is killed", () => {
  test("is replaced by its replica as soon as the cluster has agreed on it, without harm to the others", async () => {
    const [master, replica] = [cluster.masters[0], cluster.replicas[0]] as [
      RedisServer,
      RedisServer,
    ];
    const [lost, kept] = [keyOfShard(0, "killed"), keyOfShard(1, "elsewhere")];
    const load = await cleanup.add(startLoad(store, [lost, kept], 10));
    await eventually(() => load.count > 500);
    await master.kill();
    const { port } = master.address;
    await eventually(async () => (await roleOf(replica)) === "master", { timeoutMs: 15_000 });
    const promotedMs = performance.now();
    const answered = load.totals.get(lost)?.length ?? 0;
    await eventually(() => (load.totals.get(lost)?.length ?? 0) > answered);
    expect(performance.now() - promotedMs).toBeLessThan(2_000);
    await load.stop();

    expect(new Set(load.errors.get(kept))).toEqual(new Set());
    expect(new Set(load.errors.get(lost))).toEqual(
      new Set([
        "STORE_UNAVAILABLE: the connection to Redis was lost",
        "STORE_UNAVAILABLE: Redis is not connected",
      ]),
    );
    const aboutMaster = log.lines.filter(({ fields }) => fields["node"] === `127.0.0.1:${port}`);
    expect(aboutMaster.map(({ level, message }) => `${level} ${message}`)).toEqual([
      "warn a Redis node cannot be reached",
    ]);
  }, 20_000);
});

describe("a cluster of which one address is known", () => {
  test("is found whole", async () => {
    const [seed] = cluster.replicas as [RedisServer];
    const found = await connectedStore(
      redisSettings({ topology: "cluster", addresses: [seed.address] }),
    );
    try {
      const increments = upTo(50).map((i) => increment({ key: `found${i}` }));
      expect(await found.incrementAll(increments)).toEqual(increments.map(() => 1));
      expect(found.connections.active).toBe(3);
    } finally {
      await found.close();
    }
  });
});

describe("a cluster that is gone as a whole", () => {
  test("is used again once it is back", async () => {
    const nodes = [...cluster.masters, ...cluster.replicas];
    const logged = log.lines.length;
    await Promise.all(nodes.map((node) => node.kill()));
    await eventually(() => !store.isConnected);
    await expect(store.incrementAll([increment({ key: "gone" })])).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
    });
    await Promise.all(nodes.map((node) => node.restart()));
    const increments = upTo(50).map((i) => increment({ key: `back${i}` }));
    await eventually(() => store.incrementAll(increments), { timeoutMs: 10_000 });
    const messages = log.lines.slice(logged).map(({ message }) => message);
    // Until its nodes agree again, they may refuse commands as well.
    const refusals = "Redis refuses commands";
    const told = messages.filter((message) => message.startsWith("Redis") && message !== refusals);
    expect(told).toEqual(["Redis cannot be reached; trying again", "Redis is connected"]);
  }, 20_000);
});
