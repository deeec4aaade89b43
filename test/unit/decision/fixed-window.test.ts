import { describe, expect, test } from "@jest/globals";
import type { DescriptorStatus } from "../../../src/decision/check.ts";
import { noneKnownOver } from "../../../src/decision/known-over.ts";
import { checkOf, decisionOf, limitOf, statusOf } from "../../support/decisions.ts";

/** Over, near and within, in the order of the reference's tables. */
const counts = (status: DescriptorStatus) => [
  status.overLimitHits,
  status.nearLimitHits,
  status.withinLimitHits,
];

describe("a fixed window", () => {
  // «n→after»: n hits bring the counter to `after`. Rows of the reference's own tests.
  test.each([
    ["1→5 of 10", 10, 1, 5, "OK", 5, [0, 0, 1]],
    ["1→11 of 10", 10, 1, 11, "OVER_LIMIT", 0, [1, 0, 0]],
    ["0→11 of 10", 10, 0, 11, "OVER_LIMIT", 0, [0, 0, 0]],
    ["1→13 of 10", 10, 1, 13, "OVER_LIMIT", 0, [1, 0, 0]],
    ["1→11 of 15", 15, 1, 11, "OK", 4, [0, 0, 1]],
    ["1→13 of 15", 15, 1, 13, "OK", 2, [0, 1, 1]],
    ["1→16 of 15", 15, 1, 16, "OVER_LIMIT", 0, [1, 0, 0]],
    ["3→5 of 20", 20, 3, 5, "OK", 15, [0, 0, 3]],
    ["2→7 of 8", 8, 2, 7, "OK", 1, [0, 1, 2]],
    ["3→19 of 20", 20, 3, 19, "OK", 1, [0, 3, 3]],
    ["3→22 of 20", 20, 3, 22, "OVER_LIMIT", 0, [2, 1, 0]],
    ["7→22 of 20", 20, 7, 22, "OVER_LIMIT", 0, [2, 4, 0]],
    ["3→30 of 10", 10, 3, 30, "OVER_LIMIT", 0, [3, 0, 0]],
    ["5→7 of 5", 5, 5, 7, "OVER_LIMIT", 0, [2, 1, 0]],
    ["4→6 of 10", 10, 4, 6, "OK", 4, [0, 0, 4]],
    // Not among them: the edges.
    ["1→10 of 10, the last that fits", 10, 1, 10, "OK", 0, [0, 1, 1]],
    ["1→1 of 0", 0, 1, 1, "OVER_LIMIT", 0, [1, 0, 0]],
    ["0→0 of 0", 0, 0, 0, "OK", 0, [0, 0, 0]],
    ["0→10 of 10, a look at an exhausted counter", 10, 0, 10, "OK", 0, [0, 0, 0]],
    ["11→11 of 10, more at once than fits", 10, 11, 11, "OVER_LIMIT", 0, [1, 2, 0]],
    ["1→8 of 10, the threshold itself is not near", 10, 1, 8, "OK", 2, [0, 0, 1]],
    ["1→9 of 10", 10, 1, 9, "OK", 1, [0, 1, 1]],
    ["1→4294967295 of as many", 4_294_967_295, 1, 4_294_967_295, "OK", 0, [0, 1, 1]],
    ["1→4294967296 of 4294967295", 4_294_967_295, 1, 4_294_967_296, "OVER_LIMIT", 0, [1, 0, 0]],
  ] as const)("%s", (_, perUnit, hits, after, code, remaining, expected) => {
    const limit = limitOf(perUnit);
    const status = statusOf(checkOf(limit, hits), after);
    expect(status).toMatchObject({
      code,
      remaining,
      limit,
      isShadowed: false,
      fromLocalCache: false,
    });
    expect(counts(status)).toEqual(expected);
  });

  test.each([
    ["SECOND", 1],
    ["MINUTE", 26],
    ["HOUR", 2_366],
    ["DAY", 85_166],
    ["WEEK", 603_566],
    ["MONTH", 2_590_766],
    ["YEAR", 31_534_766],
  ] as const)("of a %s tells whole seconds until it ends", (unit, resetSeconds) => {
    expect(statusOf(checkOf(limitOf(10, unit)), 5).resetSeconds).toBe(resetSeconds);
    expect(statusOf(checkOf(limitOf(10, unit)), 11).resetSeconds).toBe(resetSeconds);
  });

  test("of a calendar month tells the seconds until the month ends, also from memory", () => {
    const now = Date.parse("2026-01-31T23:00:00Z") / 1000;
    const check = checkOf(limitOf(10, "MONTH"));
    const options = { calendarMonths: true };
    expect(statusOf(check, 5, options, now).resetSeconds).toBe(3_600);
    expect(statusOf(check, 11, options, now).resetSeconds).toBe(3_600);
    const known = { ...noneKnownOver, has: () => true };
    expect(decisionOf([check], [], options, now, known).statuses).toMatchObject([
      { code: "OVER_LIMIT", resetSeconds: 3_600, fromLocalCache: true },
    ]);
  });

  test("in shadow mode is decided and counted, and passes", () => {
    const limit = limitOf(20, "SECOND", { shadowMode: true });
    const status = statusOf(checkOf(limit, 7), 22);
    expect(status).toMatchObject({
      code: "OK",
      remaining: 0,
      limit,
      resetSeconds: 1,
      isShadowed: true,
    });
    expect(counts(status)).toEqual([2, 4, 0]);
    expect(statusOf(checkOf(limit, 1), 20)).toMatchObject({ code: "OK", isShadowed: false });
  });

  test.each([
    ["within the limit", 3, 7],
    ["at the limit", 10, 0],
    ["still over it", 12, 0],
    ["down to nothing", 0, 10],
  ])("that hits are given back to passes, and counts them nowhere: %s", (_, after, remaining) => {
    const status = statusOf(checkOf(limitOf(10), -5), after);
    expect(status).toMatchObject({ code: "OK", remaining, resetSeconds: 1, isShadowed: false });
    expect(counts(status)).toEqual([0, 0, 0]);
  });
});

describe("the near-limit threshold", () => {
  /** The count from which on hits are near, found by asking for one hit after another. */
  function thresholdOf(perUnit: number, nearLimitRatio: number): number {
    const isNear = (after: number) =>
      statusOf(checkOf(limitOf(perUnit)), after, { nearLimitRatio }).nearLimitHits > 0;
    let low = 0;
    let high = perUnit + 1;
    while (low + 1 < high) {
      const middle = Math.floor((low + high) / 2);
      if (middle <= perUnit && !isNear(middle)) low = middle;
      else high = middle;
    }
    return low;
  }

  const singlePrecision = (perUnit: number, ratio: number) =>
    Math.floor(Math.fround(Math.fround(perUnit) * Math.fround(ratio)));

  test.each([
    [5, 0.8, 4],
    [8, 0.8, 6],
    [10, 0.8, 8],
    [15, 0.8, 12],
    [20, 0.8, 16],
    [1, 0.8, 0],
    // 100 × 0.29 is 28.999999999999996 in binary.
    [100, 0.29, 29],
    [10, 1, 10],
    [10, 0, 0],
    [4_294_967_295, 0.5, 2_147_483_647],
  ])("of %d at a ratio of %d is %d", (perUnit, ratio, threshold) => {
    expect(thresholdOf(perUnit, ratio)).toBe(threshold);
  });

  test("is the reference's single-precision one for every limit up to 20,000 at the ratios people set", () => {
    for (const ratio of [0.5, 0.7, 0.75, 0.8, 0.9, 0.95]) {
      for (let perUnit = 1; perUnit <= 20_000; perUnit += perUnit < 2_000 ? 1 : 97) {
        expect([ratio, perUnit, thresholdOf(perUnit, ratio)]).toEqual([
          ratio,
          perUnit,
          singlePrecision(perUnit, ratio),
        ]);
      }
    }
  });

  test("stays exact beyond 2^24, where single precision does not", () => {
    expect(singlePrecision(16_777_217, 1)).toBe(16_777_216);
    expect(thresholdOf(16_777_217, 1)).toBe(16_777_217);
  });
});

describe("checks of one request", () => {
  test("that meet in one counter have each their own place in its total", () => {
    const limit = limitOf(10);
    const { statuses } = decisionOf(
      [checkOf(limit, 4), checkOf(limit, 4), checkOf(limit, 4)],
      [4, 8, 12],
    );
    expect(statuses.map(({ code, remaining }) => [code, remaining])).toEqual([
      ["OK", 6],
      ["OK", 2],
      ["OVER_LIMIT", 0],
    ]);
  });
});
