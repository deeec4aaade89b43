import { describe, expect, test } from "@jest/globals";
import { InstanceCount } from "../../../src/counters/instance-count.ts";
import { createMemoryStore } from "../../../src/counters/memory.ts";
import type { CounterStore } from "../../../src/counters/store.ts";
import { StoreError } from "../../../src/errors.ts";
import { ManualTimers } from "../../support/manual-timers.ts";

const start = 1_700_000_000_000;

/** A store that instances share, and time that passes when a test says so. */
function build({
  random = () => 0.5,
  isWanted = () => true,
}: {
  readonly random?: () => number;
  readonly isWanted?: () => boolean;
} = {}) {
  const timers = new ManualTimers();
  const clock = { nowMs: () => start + timers.nowMs() };
  const memory = createMemoryStore({ clock, keysMax: 100 });
  const state: { failure: StoreError | undefined; asked: number } = {
    failure: undefined,
    asked: 0,
  };
  const store: Pick<CounterStore, "incrementAll"> = {
    async incrementAll(increments) {
      state.asked += 1;
      if (state.failure !== undefined) throw state.failure;
      return memory.incrementAll(increments);
    },
  };
  const join = () =>
    new InstanceCount({
      store: { ...memory, ...store },
      clock,
      timers,
      random,
      keyPrefix: "p:",
      isWanted,
    });
  /** Seconds pass. */
  const pass = async (seconds: number) => {
    for (let i = 0; i < seconds; i++) {
      timers.advance(1000);
      for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    }
  };
  return { state, join, pass, timers };
}

const counts = (instances: readonly InstanceCount[]) => instances.map(({ count }) => count);

describe("instances that count in one store", () => {
  test("know of each other within a window, and of one that has left within half a minute", async () => {
    const { join, pass } = build();
    const instances = [join(), join(), join()];
    expect(counts(instances)).toEqual([1, 1, 1]);
    await pass(20);
    expect(counts(instances)).toEqual([3, 3, 3]);
    instances.pop()?.close();
    await pass(20);
    expect(Math.min(...counts(instances))).toBeGreaterThanOrEqual(2);
    await pass(40);
    expect(counts(instances)).toEqual([2, 2]);
  });

  test("are many at once after a start of all of them", async () => {
    const { join, pass } = build();
    const instances = Array.from({ length: 50 }, join);
    await pass(1);
    // Whoever comes last knows all that came before.
    expect(Math.max(...counts(instances))).toBe(50);
    await pass(19);
    expect(new Set(counts(instances))).toEqual(new Set([50]));
  });

  test("come at different moments of a window", async () => {
    const moments = new Set<number>();
    for (const random of [0, 0.25, 0.999]) {
      const { join, pass, state } = build({ random: () => random });
      const instance = join();
      await pass(1);
      const asked = state.asked;
      for (let second = 0; state.asked === asked; second++) {
        await pass(1);
        if (state.asked > asked) moments.add(second);
      }
      instance.close();
    }
    expect(moments.size).toBe(3);
  });
});

describe("a store that is away", () => {
  test("leaves the count as it was, however long", async () => {
    const { join, pass, state } = build();
    const instances = [join(), join(), join(), join()];
    await pass(30);
    state.failure = new StoreError("unavailable", "away");
    await pass(300);
    expect(counts(instances)).toEqual([4, 4, 4, 4]);
  });

  test("does not make the others seem fewer when it is back, having lost everything", async () => {
    const { join, pass, state } = build();
    const instances = [join(), join(), join(), join()];
    await pass(30);
    state.failure = new StoreError("unavailable", "away");
    await pass(100);
    state.failure = undefined;
    for (let i = 0; i < 40; i++) {
      await pass(1);
      expect(counts(instances)).toEqual([4, 4, 4, 4]);
    }
  });

  test("is asked again soon when it has certainly not counted, and only in the next window when it may have", async () => {
    const { join, pass, state } = build();
    state.failure = new StoreError("unavailable", "away");
    const instance = join();
    await pass(8);
    expect(state.asked).toBeGreaterThanOrEqual(7);
    state.failure = new StoreError("timeout", "late");
    const before = state.asked;
    await pass(8);
    expect(state.asked - before).toBeLessThanOrEqual(2);
    expect(instance.count).toBe(1);
  });
});

test("nobody is asked while nobody wants to know, and no longer once it is closed", async () => {
  let isWanted = false;
  const { join, pass, state, timers } = build({ isWanted: () => isWanted });
  const instance = join();
  await pass(60);
  expect(state.asked).toBe(0);
  isWanted = true;
  await pass(20);
  expect(state.asked).toBeGreaterThan(0);
  instance.close();
  expect(timers.pending).toBe(0);
});
