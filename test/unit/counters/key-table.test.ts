import { describe, expect, test } from "@jest/globals";
import { KeyTable } from "../../../src/counters/key-table.ts";

describe("a key table", () => {
  test("gives each key a slot of its own, from 0 on, and tells it", () => {
    const table = new KeyTable(100);
    const keys = Array.from({ length: 100 }, (_, i) => `key${i}`);
    expect(keys.map((key) => table.add(key))).toEqual(keys.map((_, i) => i));
    expect(keys.map((key) => table.find(key))).toEqual(keys.map((_, i) => i));
    expect([table.size, table.isFull, table.find("other")]).toEqual([100, true, -1]);
  });

  test("uses freed slots again", () => {
    const table = new KeyTable(3);
    for (const key of ["a", "b", "c"]) table.add(key);
    expect(table.remove(1)).toBe("b");
    expect([table.find("b"), table.isFull]).toEqual([-1, false]);
    expect(table.add("d")).toBe(1);
  });

  test.each([[1], [2], [7], [16], [1000], [4096]])(
    "visits each of %i slots once in as many samples, and in turn",
    (slots) => {
      const table = new KeyTable(slots);
      for (let i = 0; i < slots; i++) table.add(`key${i}`);
      const all = new Set(Array.from({ length: slots }, (_, i) => i));
      expect(new Set(Array.from({ length: slots }, () => table.nextSample()))).toEqual(all);
      expect(new Set(Array.from({ length: slots }, () => table.nextInTurn()))).toEqual(all);
    },
  );

  test("spreads samples: sixteen meet any run of an eighth of the slots", () => {
    const table = new KeyTable(1000);
    for (let i = 0; i < 1000; i++) table.add(`key${i}`);
    for (let round = 0; round < 50; round++) {
      const samples = Array.from({ length: 16 }, () => table.nextSample()).sort((a, b) => a - b);
      const gaps = samples.map(
        (slot, i) => (samples[i + 1] ?? (samples[0] as number) + 1000) - slot,
      );
      expect(Math.max(...gaps)).toBeLessThanOrEqual(125);
    }
  });
});
