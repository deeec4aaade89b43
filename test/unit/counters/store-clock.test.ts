import { describe, expect, test } from "@jest/globals";
import type { Timers } from "../../../src/clock.ts";
import { StoreClock } from "../../../src/counters/store-clock.ts";
import { keptLog } from "../../support/kept-log.ts";

const start = 1_700_000_000_000;

/** A machine whose clock shows `start` and goes on with its timers, and a store whose clock is ahead of it. */
function build({ offsetMaxMs = 500, aheadMs = 0 as number | "away" } = {}) {
  let passedMs = 0;
  const pending = new Set<() => void>();
  const timers: Timers = {
    nowMs: () => passedMs,
    after: (_ms, run) => {
      pending.add(run);
      return () => pending.delete(run);
    },
  };
  const log = keptLog();
  const store = { aheadMs, takesMs: 0, asked: 0 };
  const machine = { nowMs: () => start + passedMs };
  const clock = new StoreClock({
    clock: machine,
    timers,
    log,
    offsetMaxMs,
    askMs: async () => {
      store.asked += 1;
      if (store.aheadMs === "away") throw new Error("not connected");
      // The store reads its clock when half of the time has passed.
      passedMs += store.takesMs / 2;
      const told = machine.nowMs() + store.aheadMs;
      passedMs += store.takesMs / 2;
      return told;
    },
  });
  const settle = async () => {
    for (let i = 0; i < 5; i++) await Promise.resolve();
  };
  return {
    clock,
    pending,
    log,
    store,
    settle,
    /** The next measurement, and how far the clock is then from the machine's. */
    next: async () => {
      passedMs += 10_000;
      for (const run of pending) {
        pending.delete(run);
        run();
      }
      await settle();
      return clock.nowMs() - machine.nowMs();
    },
    correction: () => clock.nowMs() - machine.nowMs(),
  };
}

describe("a clock that is off", () => {
  test.each([
    [-60_000, -60_000],
    [-501, -501],
    [-500, 0],
    [0, 0],
    [500, 0],
    [501, 501],
    [86_400_000, 86_400_000],
  ])("by %d ms, with half a second allowed, is corrected by %d ms", async (aheadMs, expected) => {
    const { settle, correction, clock } = build({ aheadMs });
    expect(correction()).toBe(0);
    await settle();
    expect(correction()).toBe(expected);
    expect(clock.offsetMs).toBe(aheadMs);
  });

  test("is looked at every ten seconds, and not corrected any longer once it is right", async () => {
    const { store, next, settle, log } = build({ aheadMs: 2_000 });
    await settle();
    expect(await next()).toBe(2_000);
    store.aheadMs = 2_500;
    expect(await next()).toBe(2_500);
    store.aheadMs = 3;
    expect(await next()).toBe(0);
    expect(store.asked).toBe(4);
    expect(log.lines.map(({ level, message }) => [level, message])).toEqual([
      ["warn", "this machine's clock is off: windows go by the store's"],
      ["info", "the clocks of this machine and of the store agree again"],
    ]);
  });
});

describe("the time that an answer takes", () => {
  test("is taken out, as far as it can be known", async () => {
    const { store, next, settle } = build();
    await settle();
    Object.assign(store, { takesMs: 100, aheadMs: 1_000 });
    expect(await next()).toBe(1_000);
  });

  test("keeps a clock as it is that may be on either side of the bound", async () => {
    const { store, next, settle } = build();
    await settle();
    Object.assign(store, { takesMs: 100, aheadMs: 540 });
    expect(await next()).toBe(0);
    store.aheadMs = 560;
    expect(await next()).toBe(560);
    store.aheadMs = 470;
    expect(await next()).toBe(560);
    store.aheadMs = 440;
    expect(await next()).toBe(0);
  });

  test("makes it worthless when it is long", async () => {
    const { store, next, settle, clock } = build();
    await settle();
    Object.assign(store, { takesMs: 202, aheadMs: 60_000 });
    expect(await next()).toBe(0);
    expect(clock.offsetMs).toBe(0);
  });
});

test("a store that cannot be reached changes nothing, and is asked again", async () => {
  const { store, next, settle, clock } = build({ aheadMs: "away" });
  await settle();
  expect(clock.offsetMs).toBeUndefined();
  store.aheadMs = 1_000;
  expect(await next()).toBe(1_000);
  store.aheadMs = "away";
  expect(await next()).toBe(1_000);
});

test("asked for in between, it is measured at once, and only then ten seconds later", async () => {
  const { clock, store, settle, pending } = build();
  void clock.measure();
  await settle();
  expect([store.asked, pending.size]).toEqual([1, 1]);
  await clock.measure();
  expect([store.asked, pending.size]).toEqual([2, 1]);
});

test("closed, it asks no more, whenever that is", async () => {
  const early = build();
  early.clock.close();
  await early.settle();
  expect(early.pending.size).toBe(0);
  const late = build();
  await late.settle();
  expect(late.pending.size).toBe(1);
  late.clock.close();
  expect(late.pending.size).toBe(0);
});
