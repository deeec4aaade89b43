import { describe, expect, test } from "@jest/globals";
import { secondsUntilReset, unitSeconds, windowStart } from "../../../src/decision/window.ts";
import { units } from "../../../src/limits/limit.ts";

describe("windows", () => {
  test("are as long as the reference has them", () => {
    expect(unitSeconds).toEqual({
      SECOND: 1,
      MINUTE: 60,
      HOUR: 60 * 60,
      DAY: 24 * 60 * 60,
      WEEK: 7 * 24 * 60 * 60,
      MONTH: 30 * 24 * 60 * 60,
      YEAR: 365 * 24 * 60 * 60,
    });
  });

  test.each([
    ["SECOND", 1234, 1234, 1],
    ["MINUTE", 1234, 1200, 26],
    ["HOUR", 1_000_000, 997_200, 800],
    ["DAY", 1_000_000, 950_400, 36_800],
    // 1970-01-08, a Thursday.
    ["WEEK", 1_000_000, 604_800, 209_600],
    ["MONTH", 1_000_000, 0, 1_592_000],
    ["MONTH", 2_592_000, 2_592_000, 2_592_000],
    ["YEAR", 1_000_000, 0, 30_536_000],
    ["YEAR", 1_785_000_000, 1_766_016_000, 12_552_000],
    ["MINUTE", 2222, 2220, 58],
  ] as const)("per %s at %d begin at %d, with %d seconds left", (unit, now, start, reset) => {
    expect(windowStart(unit, now)).toBe(start);
    expect(secondsUntilReset(unit, now)).toBe(reset);
  });

  test.each(units)(
    "begin at multiples of a %s, and a whole one is left at their beginning",
    (unit) => {
      const length = unitSeconds[unit];
      expect(windowStart(unit, 3 * length)).toBe(3 * length);
      expect(secondsUntilReset(unit, 3 * length)).toBe(length);
      expect(windowStart(unit, 4 * length - 1)).toBe(3 * length);
      expect(secondsUntilReset(unit, 4 * length - 1)).toBe(1);
    },
  );
});
