import { describe, expect, test } from "@jest/globals";
import { createMemoryStore, type MemoryStore } from "../../../src/counters/memory.ts";
import { increment } from "../../support/increments.ts";

/** A store with a clock that the test moves. */
function storeAt(keysMax: number) {
  const clock = { seconds: 1_000_000, nowMs: () => clock.seconds * 1000 };
  return { clock, store: createMemoryStore({ clock, keysMax }) };
}

async function add(store: MemoryStore, key: string, hits = 1, ttlSeconds = 60): Promise<number> {
  const [total] = await store.incrementAll([increment({ key, hits, ttlSeconds })]);
  return total as number;
}

describe("the memory store's lifetimes", () => {
  test("are at least as long as asked and at most a second longer", async () => {
    const { clock, store } = storeAt(10);
    clock.seconds += 0.9;
    await add(store, "a", 1, 60);
    clock.seconds += 60;
    expect(await add(store, "a", 0)).toBe(1);
    clock.seconds += 0.1;
    expect(await add(store, "a", 0)).toBe(0);
  });

  test("survive a clock that goes back", async () => {
    const { clock, store } = storeAt(10);
    await add(store, "a");
    clock.seconds -= 3600;
    expect(await add(store, "a")).toBe(2);
  });

  test("may be a year and more", async () => {
    const { clock, store } = storeAt(10);
    await add(store, "a", 1, 31_536_000 + 300);
    clock.seconds += 31_536_000;
    expect(await add(store, "a", 0)).toBe(1);
  });
});

describe("the memory store's size", () => {
  test("counts counters, not increments, and neither looks nor hits given back make any", async () => {
    const { store } = storeAt(10);
    await add(store, "a");
    await add(store, "a");
    await add(store, "b", 0);
    await add(store, "c", -1);
    expect(store.size).toBe(1);
  });

  test("goes back to what lives, without a call for the keys that have expired", async () => {
    const { clock, store } = storeAt(10_000);
    for (let i = 0; i < 5_000; i++) await add(store, `old${i}`);
    clock.seconds += 61;
    for (let i = 0; i < 1_300; i++) await add(store, "new");
    expect(store.size).toBe(1);
    expect(store.evictions).toBe(0);
  });

  test("never exceeds its bound, and evictions are counted", async () => {
    const { store } = storeAt(100);
    for (let i = 0; i < 250; i++) {
      await add(store, `k${i}`);
      expect(store.size).toBeLessThanOrEqual(100);
    }
    expect(store.size).toBe(100);
    expect(store.evictions).toBe(150);
  });

  test("may be 1", async () => {
    const { store } = storeAt(1);
    expect(await add(store, "a")).toBe(1);
    expect(await add(store, "b")).toBe(1);
    expect(await add(store, "b")).toBe(2);
    expect(store.size).toBe(1);
  });

  test.each([[0], [-1], [1.5], [Number.NaN], [2 ** 24 + 1]])(
    "must be a sensible number, not %d",
    (keysMax) => {
      expect(() => storeAt(keysMax)).toThrow("a table holds 1 to 16777216 keys");
    },
  );

  test("is 0 once the store is closed", async () => {
    const { store } = storeAt(10);
    await add(store, "a");
    await store.close();
    expect(store.size).toBe(0);
  });
});

describe("a full memory store", () => {
  test("gives up expired counters first, and those are no evictions", async () => {
    const { clock, store } = storeAt(1_000);
    for (let i = 0; i < 990; i++) await add(store, `old${i}`, 5, 10);
    for (let i = 0; i < 10; i++) await add(store, `long${i}`, 1, 3_600);
    clock.seconds += 11;
    const increments = Array.from({ length: 500 }, (_, i) => increment({ key: `new${i}` }));
    await store.incrementAll(increments);
    expect(store.evictions).toBe(0);
    for (let i = 0; i < 10; i++) expect(await add(store, `long${i}`, 0)).toBe(1);
  });

  test("under a flood of new keys keeps every counter that has been hit before", async () => {
    const { store } = storeAt(1_000);
    for (let i = 0; i < 500; i++) await add(store, `busy${i}`, 50);
    for (let i = 0; i < 20_000; i++) await add(store, `flood${i}`);
    for (let i = 0; i < 500; i++) expect(await add(store, `busy${i}`, 0)).toBe(50);
    expect(store.evictions).toBe(20_500 - 1_000);
  });

  test("answers exact totals for the increments of a call that displaces counters", async () => {
    const { store } = storeAt(8);
    const increments = Array.from({ length: 50 }, (_, i) =>
      increment({ key: `k${i}`, hits: i + 1 }),
    );
    expect(await store.incrementAll(increments)).toEqual(increments.map(({ hits }) => hits));
  });
});
