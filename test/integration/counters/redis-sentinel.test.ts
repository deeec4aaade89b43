import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { createRedisStore, type RedisStore } from "../../../src/counters/redis-store.ts";
import { cleanupAfterEach } from "../../support/cleanup.ts";
import { eventually } from "../../support/eventually.ts";
import { increment } from "../../support/increments.ts";
import { keptLog } from "../../support/kept-log.ts";
import { startLoad } from "../../support/load.ts";
import { type RedisServer, startRedis } from "../../support/redis.ts";
import { type SentinelGroup, sentinelsReady, startSentinels } from "../../support/redis-groups.ts";
import { redisSettings } from "../../support/shared-redis.ts";
import { connectedStore, stopping } from "../../support/stores.ts";

const cleanup = cleanupAfterEach();
const patient = { timeoutMs: 10_000 };

let groups: readonly [SentinelGroup, SentinelGroup];

beforeAll(async () => {
  groups = await Promise.all([startSentinels({ sentinels: 3 }), startSentinels({ sentinels: 3 })]);
  await Promise.all(groups.map(sentinelsReady));
}, 30_000);

afterAll(async () => {
  await Promise.all(groups.map((group) => group.stop()));
});

async function storeOf({
  masterName,
  sentinels,
}: SentinelGroup): Promise<RedisStore & { stop(): Promise<void> }> {
  const addresses = sentinels.map(({ address }) => address);
  return stopping(
    await connectedStore(
      redisSettings({ topology: "sentinel", masterName, addresses, commandTimeoutMs: 300 }),
    ),
  );
}

async function roleOf(server: RedisServer): Promise<unknown> {
  return ((await server.ask("ROLE")) as unknown[])[0];
}

describe("the master that Sentinels name", () => {
  test("is followed in a planned failover, even while the old one still thinks that it is the master", async () => {
    const [group] = groups;
    const store = await cleanup.add(storeOf(group));
    const load = await cleanup.add(startLoad(store, ["planned"], 20));
    await eventually(() => load.count > 500);
    await group.sentinels[0]?.ask("SENTINEL", "FAILOVER", group.masterName);
    await eventually(async () => (await roleOf(group.replica)) === "master", patient);
    const counted = async () => Number(await group.replica.ask("GET", "planned"));
    const before = await counted();
    await eventually(async () => (await counted()) > before + 200, patient);
    await load.stop();
    expect(load.totals.get("planned")?.at(-1)).toBe(await counted());
  }, 30_000);

  test("is followed when the old one is killed", async () => {
    const [, group] = groups;
    const store = await cleanup.add(storeOf(group));
    expect(await store.incrementAll([increment({ key: "killed" })])).toEqual([1]);
    await group.master.kill();
    await eventually(() => !store.isConnected);
    await eventually(async () => (await roleOf(group.replica)) === "master", patient);
    const more = increment({ key: "killed", hits: 10 });
    await eventually(() => store.incrementAll([more]), patient);
    expect(Number(await group.replica.ask("GET", "killed"))).toBeGreaterThanOrEqual(10);
  }, 30_000);

  test("is followed when they name another one, though the old one still answers", async () => {
    const old = await cleanup.add(startRedis());
    const next = await cleanup.add(startRedis());
    const config = [`sentinel monitor watched 127.0.0.1 ${old.address.port} 1`];
    const sentinel = await cleanup.add(startRedis({ isSentinel: true, config }));
    const log = keptLog();
    const watched = await cleanup.add(
      stopping(
        await connectedStore(
          redisSettings({
            topology: "sentinel",
            masterName: "watched",
            addresses: [sentinel.address],
          }),
          log,
        ),
      ),
    );
    await watched.incrementAll([increment({ key: "a" })]);
    await sentinel.ask("SENTINEL", "REMOVE", "watched");
    await sentinel.ask("SENTINEL", "MONITOR", "watched", "127.0.0.1", next.address.port, 1);
    await eventually(async () => {
      await watched.incrementAll([increment({ key: "a" })]);
      return (await next.ask("EXISTS", "a")) === 1;
    });
    expect(log.lines.map(({ fields }) => fields["reason"])).toEqual([
      undefined,
      "the Sentinels name another master",
      undefined,
    ]);
  }, 20_000);

  test("must be a master: a replica is not written to, and the log says so", async () => {
    const master = await cleanup.add(startRedis());
    const replica = await cleanup.add(
      startRedis({ config: [`replicaof 127.0.0.1 ${master.address.port}`] }),
    );
    const config = [
      `sentinel monitor odd 127.0.0.1 ${replica.address.port} 1`,
      "sentinel down-after-milliseconds odd 60000",
    ];
    const sentinel = await cleanup.add(startRedis({ isSentinel: true, config }));
    const log = keptLog();
    const addresses = [sentinel.address];
    const settings = redisSettings({ topology: "sentinel", masterName: "odd", addresses });
    const store = await cleanup.add(stopping(createRedisStore(settings, { log })));
    await eventually(() => log.lines.length > 0);
    expect(log.lines[0]?.fields["reason"]).toBe("the server is a replica");
    await expect(store.incrementAll([increment({ key: "a" })])).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
    });
    expect(store.isConnected).toBe(false);
  }, 20_000);
});
