import { describe, expect, test } from "@jest/globals";
import {
  createOverLimitCache,
  entryOverheadBytes,
} from "../../../src/counters/over-limit-cache.ts";

/** Room for that many entries of keys of ten bytes. */
const roomFor = (entries: number) => entries * (entryOverheadBytes + 10);

const tenBytes = (i: number) => `key-${i}`.padEnd(10, "_");

describe("the over-limit cache", () => {
  test("knows a counter until its window ends", () => {
    const cache = createOverLimitCache(roomFor(10));
    cache.remember("a", 1060);
    expect([cache.has("a", 1000), cache.has("a", 1059), cache.has("a", 1060)]).toEqual([
      true,
      true,
      false,
    ]);
    expect(cache.has("b", 1000)).toBe(false);
  });

  test("forgets a counter that hits were given back to", () => {
    const cache = createOverLimitCache(roomFor(10));
    cache.remember("a", 1060);
    cache.forget("a");
    cache.forget("never known");
    expect(cache.has("a", 1000)).toBe(false);
    expect(cache.stats).toMatchObject({ entryCount: 0, bytes: 0 });
  });

  test("counts what it is asked as the reference's gauges do", () => {
    const cache = createOverLimitCache(roomFor(10));
    cache.remember("a", 1060);
    cache.remember("a", 1060);
    cache.remember("b", 1001);
    cache.has("a", 1000);
    cache.has("b", 1000);
    cache.has("c", 1000);
    for (let i = 0; i < 3; i++) cache.has("a", 1001);
    expect(cache.stats).toEqual({
      entryCount: 1,
      bytes: entryOverheadBytes + 1,
      lookupCount: 6,
      hitCount: 5,
      missCount: 1,
      expiredCount: 1,
      evacuateCount: 0,
      overwriteCount: 1,
    });
  });

  test("takes a key that is remembered after its window for a new one, not for an overwritten one", () => {
    const cache = createOverLimitCache(roomFor(10));
    cache.remember("a", 1001);
    cache.remember("b", 9999);
    cache.has("b", 1001);
    cache.remember("a", 1002);
    expect(cache.has("a", 1001)).toBe(true);
    expect(cache.stats.overwriteCount).toBe(0);
  });
});

describe("the over-limit cache's room", () => {
  test("is never exceeded, and evictions are counted", () => {
    const cache = createOverLimitCache(roomFor(50));
    for (let i = 0; i < 200; i++) {
      cache.remember(tenBytes(i), 2000);
      expect(cache.stats.bytes).toBeLessThanOrEqual(roomFor(50));
    }
    expect(cache.stats).toMatchObject({ entryCount: 50, bytes: roomFor(50), evacuateCount: 150 });
    const known = Array.from({ length: 200 }, (_, i) => cache.has(tenBytes(i), 1000));
    expect(known.filter(Boolean)).toHaveLength(50);
  });

  test("counts the bytes of a key, not its characters", () => {
    const cache = createOverLimitCache(roomFor(10));
    cache.remember("日本", 2000);
    expect(cache.stats.bytes).toBe(entryOverheadBytes + 6);
  });

  test("is made for a long key by as many short ones as it takes", () => {
    const cache = createOverLimitCache(roomFor(10));
    for (let i = 0; i < 10; i++) cache.remember(tenBytes(i), 2000);
    cache.remember("x".repeat(roomFor(3)), 2000);
    expect(cache.stats).toMatchObject({ entryCount: 7, evacuateCount: 4 });
    expect(cache.has("x".repeat(roomFor(3)), 1000)).toBe(true);
  });

  test("is not wasted on a key that is longer than all of it", () => {
    const cache = createOverLimitCache(roomFor(2));
    cache.remember(tenBytes(1), 2000);
    cache.remember("x".repeat(1000), 2000);
    expect(cache.has(tenBytes(1), 1000)).toBe(true);
    expect(cache.stats.entryCount).toBe(1);
  });

  test.each([[0], [1], [entryOverheadBytes]])("of %i bytes holds nothing", (bytes) => {
    const cache = createOverLimitCache(bytes);
    cache.remember("a", 2000);
    expect(cache.has("a", 1000)).toBe(false);
    expect(cache.stats.entryCount).toBe(0);
  });

  test("goes to those that are known for longest", () => {
    const cache = createOverLimitCache(roomFor(100));
    for (let i = 0; i < 50; i++) cache.remember(`day${i}`.padEnd(10), 90_000);
    for (let i = 0; i < 1_000; i++) cache.remember(tenBytes(i), 1_001);
    const days = Array.from({ length: 50 }, (_, i) => cache.has(`day${i}`.padEnd(10), 1_000));
    expect(days.every(Boolean)).toBe(true);
  });

  test("is freed of what has expired before anything is evicted", () => {
    const cache = createOverLimitCache(roomFor(100));
    for (let i = 0; i < 100; i++) cache.remember(tenBytes(i), 1_001);
    cache.has("later", 1_001);
    for (let i = 100; i < 150; i++) cache.remember(tenBytes(i), 2_000);
    expect(cache.stats.evacuateCount).toBe(0);
    expect(cache.stats.expiredCount).toBeGreaterThanOrEqual(50);
    for (let i = 0; i < 100; i++) cache.has("later", 1_001);
    expect(cache.stats.entryCount).toBe(50);
  });
});
