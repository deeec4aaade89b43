import { describe, expect, test } from "@jest/globals";
import {
  secondsToLive,
  secondsUntilReset,
  unitSeconds,
  windowStart,
} from "../../../src/decision/window.ts";
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

describe("calendar months", () => {
  const at = (date: string) => Date.parse(`${date}Z`) / 1000;
  const day = unitSeconds.DAY;

  test.each([
    ["the first second of a month", "2026-03-01T00:00:00", "2026-03-01", "2026-04-01"],
    ["the last second of one of 31 days", "2026-03-31T23:59:59", "2026-03-01", "2026-04-01"],
    ["the last second of one of 30 days", "2026-04-30T23:59:59", "2026-04-01", "2026-05-01"],
    ["the middle of one", "2026-08-17T12:34:56", "2026-08-01", "2026-09-01"],
    ["December, whose end is the year's", "2026-12-31T23:59:59", "2026-12-01", "2027-01-01"],
    ["January", "2027-01-01T00:00:00", "2027-01-01", "2027-02-01"],
    ["February", "2026-02-28T23:59:59", "2026-02-01", "2026-03-01"],
    ["the 29th of February of a leap year", "2028-02-29T23:59:59", "2028-02-01", "2028-03-01"],
    ["the 28th of it, a day before", "2028-02-28T23:59:59", "2028-02-01", "2028-03-01"],
    [
      "February of a century that is no leap year",
      "2100-02-28T23:59:59",
      "2100-02-01",
      "2100-03-01",
    ],
    ["February of one that is", "2000-02-29T00:00:00", "2000-02-01", "2000-03-01"],
    ["the beginning of time", "1970-01-01T00:00:00", "1970-01-01", "1970-02-01"],
    ["an instant beyond 32 bits", "2106-02-07T06:28:16", "2106-02-01", "2106-03-01"],
  ])("%s", (_, now, start, end) => {
    const nowSeconds = at(now);
    expect(windowStart("MONTH", nowSeconds, true)).toBe(at(`${start}T00:00:00`));
    const reset = at(`${end}T00:00:00`) - nowSeconds;
    expect(secondsUntilReset("MONTH", nowSeconds, true)).toBe(reset);
    expect(secondsToLive("MONTH", nowSeconds, true)).toBe(reset);
  });

  test("have their own lengths", () => {
    const lengths = Array.from({ length: 12 }, (_, month) =>
      secondsUntilReset("MONTH", Date.UTC(2028, month) / 1000, true),
    );
    const days = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    expect(lengths).toEqual(days.map((count) => count * day));
  });

  test.each(units.filter((unit) => unit !== "MONTH"))("leave a %s as it is", (unit) => {
    const now = at("2026-12-31T23:59:59");
    expect(windowStart(unit, now, true)).toBe(windowStart(unit, now));
    expect(secondsUntilReset(unit, now, true)).toBe(secondsUntilReset(unit, now));
    expect(secondsToLive(unit, now, true)).toBe(unitSeconds[unit]);
  });

  test("live as long as blocks of 30 days where they are not asked for", () => {
    expect(secondsToLive("MONTH", at("2026-03-31T23:59:59"), false)).toBe(30 * day);
  });
});
