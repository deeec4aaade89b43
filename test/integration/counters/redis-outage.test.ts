import { describe, expect, test } from "@jest/globals";
import { createRedisStore } from "../../../src/counters/redis-store.ts";
import type { VelocityGateError } from "../../../src/errors.ts";
import { cleanupAfterEach } from "../../support/cleanup.ts";
import { eventually } from "../../support/eventually.ts";
import { increment } from "../../support/increments.ts";
import { keptLog } from "../../support/kept-log.ts";
import { startLoad } from "../../support/load.ts";
import { freePort } from "../../support/ports.ts";
import { startRedis } from "../../support/redis.ts";
import { redisSettings } from "../../support/shared-redis.ts";
import { connectedStore, stopping } from "../../support/stores.ts";

const cleanup = cleanupAfterEach();

/** Every write is on disk before it is acknowledged, so that a killed server comes back with what it had. */
const durable = ["appendonly yes", "appendfsync always"];

describe("Redis absent at the start", () => {
  test("is waited for, and increments fail at once meanwhile", async () => {
    const port = await freePort();
    const log = keptLog();
    const settings = redisSettings({ addresses: [{ host: "127.0.0.1", port }] });
    const store = await cleanup.add(stopping(createRedisStore(settings, { log })));
    await eventually(() => log.lines.length > 0);
    expect(store.isConnected).toBe(false);
    const startedMs = performance.now();
    await expect(store.incrementAll([increment({ key: "a" })])).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
    });
    expect(performance.now() - startedMs).toBeLessThan(500);

    await cleanup.add(startRedis({ port }));
    await store.firstConnection;
    expect(await store.incrementAll([increment({ key: "a" })])).toEqual([1]);
    expect(log.lines.map(({ level, message }) => `${level}: ${message}`)).toEqual([
      "warn: Redis cannot be reached; trying again",
      "info: Redis is connected",
    ]);
    expect(log.lines[0]?.fields).toEqual({
      redis: `127.0.0.1:${port}`,
      reason: `connect ECONNREFUSED 127.0.0.1:${port}`,
    });
  });

  test("fails the start after the time that the operator allows, and attempts go on", async () => {
    const port = await freePort();
    const settings = redisSettings({
      addresses: [{ host: "127.0.0.1", port }],
      startup: { initialMs: 10, maxMs: 20, maxElapsedMs: 100 },
    });
    const store = await cleanup.add(stopping(createRedisStore(settings, { log: keptLog() })));
    await expect(store.firstConnection).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: `Redis could not be reached: connect ECONNREFUSED 127.0.0.1:${port}`,
    });
    await cleanup.add(startRedis({ port }));
    await eventually(() => store.isConnected);
  });

  test("does not keep a store from being closed", async () => {
    const settings = redisSettings({
      addresses: [{ host: "127.0.0.1", port: await freePort() }],
      startup: { initialMs: 60_000, maxMs: 60_000, maxElapsedMs: 0 },
    });
    const store = createRedisStore(settings, { log: keptLog() });
    await store.close();
    await expect(store.firstConnection).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  });
});

describe("Redis killed under load", () => {
  test("comes back, and no acknowledged hit is missing and none counted twice", async () => {
    const server = await cleanup.add(startRedis({ config: durable }));
    const log = keptLog();
    const settings = redisSettings({ addresses: [server.address] });
    const store = await cleanup.add(stopping(await connectedStore(settings, log)));
    const changes: boolean[] = [];
    store.onConnection((isConnected) => changes.push(isConnected));
    const load = await cleanup.add(startLoad(store, ["hot"], 50));
    const acknowledged = load.totals.get("hot") ?? [];
    const errors = load.errors.get("hot") ?? [];
    for (let round = 0; round < 3; round++) {
      const before = acknowledged.length;
      await eventually(() => acknowledged.length > before + 200);
      await server.kill();
      await eventually(() => !store.isConnected);
      await server.restart();
      await eventually(() => store.isConnected);
    }
    const before = acknowledged.length;
    await eventually(() => acknowledged.length > before + 200);
    await load.stop();

    const count = Number(await server.ask("GET", "hot"));
    expect(count).toBeGreaterThanOrEqual(acknowledged.length);
    expect(new Set(acknowledged).size).toBe(acknowledged.length);
    expect(Math.max(...acknowledged)).toBeLessThanOrEqual(count);
    // What was under way at a kill may have been counted unacknowledged: one hit of each caller, each time.
    expect(count - acknowledged.length).toBeLessThanOrEqual(3 * 50);
    expect(new Set(errors)).toEqual(
      new Set([
        "STORE_UNAVAILABLE: the connection to Redis was lost",
        "STORE_UNAVAILABLE: Redis is not connected",
      ]),
    );
    expect(changes).toEqual([false, true, false, true, false, true]);
    expect(await server.ask("TTL", "hot")).toBeGreaterThan(0);
    expect(log.lines.map(({ message }) => message)).toEqual([
      "Redis is connected",
      ...Array(3).fill(["Redis cannot be reached; trying again", "Redis is connected"]).flat(),
    ]);
  });
});

describe("Redis that hangs", () => {
  test("makes increments fail in time, gets no more than a few batches, and is used again when it answers", async () => {
    const server = await cleanup.add(startRedis());
    const settings = redisSettings({ addresses: [server.address], commandTimeoutMs: 100 });
    const store = await cleanup.add(stopping(await connectedStore(settings)));
    await store.incrementAll([increment({ key: "hot" })]);
    server.pause();
    const slowest: number[] = [];
    const codes = new Set<string>();
    for (let wave = 0; wave < 15; wave++) {
      const startedMs = performance.now();
      const wanted = Array.from({ length: 20 }, () =>
        store
          .incrementAll([increment({ key: "hot" })])
          .catch((error: VelocityGateError) => error.code),
      );
      for (const outcome of await Promise.all(wanted)) codes.add(String(outcome));
      slowest.push(performance.now() - startedMs);
    }
    expect(codes).toContain("STORE_TIMEOUT");
    expect(codes).not.toContain("1");
    expect(Math.max(...slowest)).toBeLessThan(100 + 300);
    expect(store.isConnected).toBe(false);

    server.resume();
    await eventually(() => store.isConnected);
    const [total = 0] = await store.incrementAll([increment({ key: "hot" })]);
    // Four batches of twenty at most had reached the server; what waited for its turn was never sent.
    expect(total).toBeLessThanOrEqual(1 + 4 * 20 + 1);
  });

  test("for a moment only is not disconnected", async () => {
    const server = await cleanup.add(startRedis());
    const settings = redisSettings({ addresses: [server.address], commandTimeoutMs: 50 });
    const store = await cleanup.add(stopping(await connectedStore(settings)));
    server.pause();
    await expect(store.incrementAll([increment({ key: "a" })])).rejects.toMatchObject({
      code: "STORE_TIMEOUT",
      message: "Redis did not answer within 50 ms",
    });
    server.resume();
    await eventually(async () => (await server.ask("TTL", "a")) === 60);
    expect(await store.incrementAll([increment({ key: "a" })])).toEqual([2]);
    expect(store.connections).toEqual({ active: 1, total: 1, closed: 0 });
  });

  test("for a moment only is never sent what waited for its turn in vain", async () => {
    const server = await cleanup.add(startRedis());
    const settings = redisSettings({ addresses: [server.address], commandTimeoutMs: 100 });
    const store = await cleanup.add(stopping(await connectedStore(settings)));
    server.pause();
    const calls: Promise<unknown>[] = [];
    for (let turn = 0; turn < 20; turn++) {
      calls.push(store.incrementAll([increment({ key: "a" })]));
      // Until the end of this turn, at which it is sent, and into the next one.
      for (let i = 0; i < 2; i++) await new Promise(setImmediate);
    }
    const outcomes = await Promise.allSettled(calls);
    expect(outcomes.every(({ status }) => status === "rejected")).toBe(true);
    server.resume();
    // Four batches, of one turn each, were on their way. The last increment comes after all that might still be sent.
    expect(await store.incrementAll([increment({ key: "a" })])).toEqual([5]);
    expect(store.connections).toEqual({ active: 1, total: 1, closed: 0 });
  });
});
