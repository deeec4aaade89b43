import { describe, expect, test } from "@jest/globals";
import { systemClock } from "../../../src/clock.ts";
import { serverOf } from "../../../src/counters/memcache/key.ts";
import { createMemcacheStore } from "../../../src/counters/memcache/store.ts";
import type { VelocityGateError } from "../../../src/errors.ts";
import { cleanupAfterEach } from "../../support/cleanup.ts";
import { eventually } from "../../support/eventually.ts";
import { increment } from "../../support/increments.ts";
import { keptLog } from "../../support/kept-log.ts";
import { startLoad } from "../../support/load.ts";
import { startMemcached } from "../../support/memcached.ts";
import { freePort } from "../../support/ports.ts";
import { startScripted } from "../../support/scripted-server.ts";
import { connectedMemcache, memcacheSettings, stopping } from "../../support/stores.ts";

const cleanup = cleanupAfterEach();
const told = ({ lines }: ReturnType<typeof keptLog>) =>
  lines.map(({ level, message }) => `${level}: ${message}`);

describe("Memcached absent at the start", () => {
  test("is waited for, and increments fail at once meanwhile", async () => {
    const port = await freePort();
    const log = keptLog();
    const settings = memcacheSettings({ servers: [{ host: "127.0.0.1", port }] });
    const store = createMemcacheStore(settings, { log, clock: systemClock });
    await cleanup.add(stopping(store));
    await eventually(() => log.lines.length > 0);
    const startedMs = performance.now();
    await expect(store.incrementAll([increment({ key: "a" })])).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: "Memcached is not connected",
    });
    expect(performance.now() - startedMs).toBeLessThan(500);
    await cleanup.add(startMemcached({ port }));
    await store.firstConnection;
    expect(await store.incrementAll([increment({ key: "a" })])).toEqual([1]);
    expect(told(log)).toEqual([
      "warn: Memcached cannot be reached; trying again",
      "info: Memcached is connected",
    ]);
    expect(log.lines[0]?.fields).toEqual({
      memcached: `127.0.0.1:${port}`,
      reason: `connect ECONNREFUSED 127.0.0.1:${port}`,
    });
  });

  test("does not keep a store from being closed", async () => {
    const settings = memcacheSettings({ servers: [{ host: "127.0.0.1", port: await freePort() }] });
    const store = createMemcacheStore(settings, { log: keptLog(), clock: systemClock });
    await store.close();
    await expect(store.firstConnection).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  });
});

describe("Memcached killed under load", () => {
  test("comes back empty, and counts on exactly", async () => {
    const server = await cleanup.add(startMemcached());
    const log = keptLog();
    const store = await connectedMemcache({ servers: [server.address] }, { log });
    await cleanup.add(stopping(store));
    const changes: boolean[] = [];
    store.onConnection((isConnected) => changes.push(isConnected));
    const load = await cleanup.add(startLoad(store, ["hot"], 50));
    const totals = load.totals.get("hot") ?? [];
    await eventually(() => totals.length > 500);
    await server.kill();
    await eventually(() => !store.isConnected);
    const before = totals.length;
    await server.restart();
    await eventually(() => totals.length > before + 500);
    await load.stop();
    const [last = 0] = await store.incrementAll([increment({ key: "hot", hits: 0 })]);
    const since = totals.slice(before);
    expect(new Set(totals.slice(0, before)).size).toBe(before);
    expect(since.toSorted((a, b) => a - b)).toEqual(Array.from({ length: last }, (_, i) => i + 1));
    expect(changes).toEqual([false, true]);
    expect(new Set(load.errors.get("hot"))).toEqual(
      new Set([
        "STORE_UNAVAILABLE: the connection to Memcached was lost",
        "STORE_UNAVAILABLE: Memcached is not connected",
      ]),
    );
    expect(told(log)).toEqual([
      "info: Memcached is connected",
      "warn: Memcached cannot be reached; trying again",
      "info: Memcached is connected",
    ]);
  });

  test("takes along its own counters and no others", async () => {
    const servers = [await cleanup.add(startMemcached()), await cleanup.add(startMemcached())];
    const store = await connectedMemcache({ servers: servers.map(({ address }) => address) });
    await cleanup.add(stopping(store));
    const keys = Array.from({ length: 20 }, (_, i) => `k${i}`);
    const count = (key: string) =>
      store.incrementAll([increment({ key })]).then(
        ([total]) => total,
        (error: VelocityGateError) => error.code,
      );
    await eventually(async () => {
      expect(await Promise.all(keys.map(count))).not.toContain("STORE_UNAVAILABLE");
    });
    const before = await Promise.all(keys.map(count));
    await servers[1]?.kill();
    await eventually(async () => {
      const after = await Promise.all(keys.map(count));
      const lost = keys.filter((_, i) => after[i] === "STORE_UNAVAILABLE");
      expect(lost).toEqual(keys.filter((key) => serverOf(key, 2) === 1));
    });
    expect(store.isConnected).toBe(true);
    expect(before.every((total) => typeof total === "number")).toBe(true);
  });
});

describe("Memcached that hangs", () => {
  test("makes increments fail in time, those that wait for another of their key included, and is used again", async () => {
    const server = await cleanup.add(startMemcached());
    const store = await connectedMemcache({ servers: [server.address], commandTimeoutMs: 100 });
    await cleanup.add(stopping(store));
    await store.incrementAll([increment({ key: "hot" })]);
    await server.pause();
    const slowest: number[] = [];
    const codes = new Set<string>();
    for (let wave = 0; wave < 12; wave++) {
      const startedMs = performance.now();
      const calls = Array.from({ length: 20 }, (_, i) =>
        store
          .incrementAll([increment({ key: i % 2 === 0 ? "hot" : `k${i}` })])
          .catch((error: VelocityGateError) => error.code),
      );
      for (const outcome of await Promise.all(calls)) codes.add(String(outcome));
      slowest.push(performance.now() - startedMs);
    }
    expect(codes).toContain("STORE_TIMEOUT");
    expect(codes).not.toContain("2");
    expect(Math.max(...slowest)).toBeLessThan(100 + 300);
    await eventually(() => !store.isConnected);
    server.resume();
    await eventually(() => store.isConnected);
    // What had reached the server was counted, and the rest was never sent: one command of the key in each batch on its way.
    const [total = 0] = await store.incrementAll([increment({ key: "hot" })]);
    expect(total).toBeLessThanOrEqual(1 + 4 * 10 + 1);
  });

  test("between two commands of one increment lets it take no longer than one may", async () => {
    // It takes its time, says that there is nothing, and is too late with it for a second command.
    const slow = await startScripted((text, socket) => {
      if (text.startsWith("version")) socket.write("VERSION 1.6.18\r\n");
      else setTimeout(() => socket.write("NOT_FOUND\r\n"), 150);
    });
    await cleanup.add(slow);
    const store = await connectedMemcache({ servers: [slow.address], commandTimeoutMs: 100 });
    await cleanup.add(stopping(store));
    await expect(store.incrementAll([increment({ key: "a" })])).rejects.toMatchObject({
      code: "STORE_TIMEOUT",
      message: "Memcached did not answer within 100 ms",
    });
    await eventually(() => expect(store.commands.incrementMiss).toBe(1));
    expect(slow.received).not.toContain("add ");
  });
});

describe("a server that is not what it should be", () => {
  test.each([
    [
      "says nothing that Memcached says",
      "HTTP/1.1 400 Bad Request\r\n\r\n",
      "not its text protocol",
    ],
    ["answers more than it was asked", "1\r\n2\r\n", "more than it was asked"],
  ])("is left when it %s", async (_, answer, reason) => {
    const odd = await startScripted((text, socket) => {
      socket.write(text.startsWith("version") ? "VERSION 1.6.18\r\n" : answer);
    });
    await cleanup.add(odd);
    const log = keptLog();
    const store = await connectedMemcache({ servers: [odd.address] }, { log });
    await cleanup.add(stopping(store));
    await store.incrementAll([increment({ key: "a" })]).catch(() => undefined);
    await eventually(() => expect(JSON.stringify(log.lines)).toContain(reason));
  });

  test("whose counters keep vanishing fails the increment after a few attempts", async () => {
    const odd = await startScripted((text, socket) => {
      if (text.startsWith("version")) socket.write("VERSION 1.6.18\r\n");
      else socket.write(text.startsWith("incr") ? "NOT_FOUND\r\n" : "NOT_STORED\r\n");
    });
    await cleanup.add(odd);
    const store = await connectedMemcache({ servers: [odd.address] });
    await cleanup.add(stopping(store));
    await expect(store.incrementAll([increment({ key: "a" })])).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: "a counter in Memcached keeps vanishing",
    });
    expect(odd.received.match(/incr|add/g)).toEqual(["incr", "add", "incr", "add", "incr"]);
  });
});
