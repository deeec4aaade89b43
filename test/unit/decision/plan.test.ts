import { describe, expect, test } from "@jest/globals";
import type { DecisionOptions } from "../../../src/decision/algorithm.ts";
import type { Check } from "../../../src/decision/check.ts";
import { type KnownOver, noneKnownOver } from "../../../src/decision/known-over.ts";
import { knownOver, notCounted, planIncrements } from "../../../src/decision/plan.ts";
import { CountingKnownOver, checkOf, limitOf, plainOptions } from "../../support/decisions.ts";

function plan(
  checks: readonly Check[],
  options: Partial<DecisionOptions> = {},
  nowSeconds = 1234,
  remembered: KnownOver = noneKnownOver,
) {
  const question = { domain: "domain", nowSeconds };
  return planIncrements(checks, question, { ...plainOptions, ...options }, remembered);
}

describe("the plan of a request", () => {
  test("asks for one increment for each limited descriptor, in their order", () => {
    const checks = [
      checkOf(undefined),
      checkOf(limitOf(10, "MINUTE"), 2, { key2: "value2", subkey2: "subvalue2" }),
      checkOf(limitOf(0, "SECOND", { unlimited: true })),
      checkOf(limitOf(10, "SECOND"), 0),
    ];
    expect(plan(checks)).toEqual({
      increments: [
        {
          key: "domain_key2_value2_subkey2_subvalue2_1200",
          hits: 2,
          ttlSeconds: 60,
          perSecond: false,
        },
        { key: "domain_key_value_1234", hits: 0, ttlSeconds: 1, perSecond: true },
      ],
      places: [notCounted, 0, notCounted, 1],
    });
  });

  test("gives back what is to be given back", () => {
    expect(plan([checkOf(limitOf(10), -3)]).increments).toEqual([
      { key: "domain_key_value_1234", hits: -3, ttlSeconds: 1, perSecond: true },
    ]);
  });

  test.each([
    ["SECOND", 1],
    ["MINUTE", 60],
    ["HOUR", 3_600],
    ["DAY", 86_400],
    ["WEEK", 604_800],
    ["MONTH", 2_592_000],
    ["YEAR", 31_536_000],
  ] as const)(
    "keeps a counter of a %s for %d seconds; only those of seconds are per second",
    (unit, ttlSeconds) => {
      const [increment] = plan([checkOf(limitOf(10, unit))]).increments;
      expect(increment).toMatchObject({ ttlSeconds, perSecond: unit === "SECOND" });
    },
  );

  test("of a calendar month is kept until the month ends, under the month's first second", () => {
    const options = { calendarMonths: true, expirationJitterMaxSeconds: 300, random: () => 0.5 };
    const now = Date.parse("2028-02-29T23:59:50Z") / 1000;
    expect(plan([checkOf(limitOf(10, "MONTH"))], options, now).increments).toEqual([
      {
        key: `domain_key_value_${Date.parse("2028-02-01T00:00:00Z") / 1000}`,
        hits: 1,
        ttlSeconds: 10 + 150,
        perSecond: false,
      },
    ]);
  });

  test.each([
    // The reference's row: jitter up to 3600, of which 100 are drawn.
    ["of the reference", 3_600, false, 100 / 3_600, "SECOND", 101],
    ["at its least", 300, false, 0, "SECOND", 1],
    ["at its most: the bound itself is never drawn", 300, false, 1 - 2 ** -53, "SECOND", 300],
    ["of a minute, which is not bounded", 300, true, 1 - 2 ** -53, "MINUTE", 359],
    ["of a second, bounded, at its most", 300, true, 1 - 2 ** -53, "SECOND", 2],
    ["of a second, bounded, at its least", 300, true, 0, "SECOND", 1],
    ["of a second, bounded, but less is set", 1, true, 1 - 2 ** -53, "SECOND", 1],
    ["switched off", 0, true, 1 - 2 ** -53, "HOUR", 3_600],
  ] as const)(
    "lets the lifetime vary: %s",
    (_, maxSeconds, isBounded, random, unit, ttlSeconds) => {
      const { increments } = plan([checkOf(limitOf(10, unit))], {
        expirationJitterMaxSeconds: maxSeconds,
        boundJitterOfShortWindows: isBounded,
        random: () => random,
      });
      expect(increments).toMatchObject([{ ttlSeconds }]);
    },
  );

  test("draws a lifetime for each counter", () => {
    const draws = [0.1, 0.5, 0.9];
    const { increments } = plan(
      [checkOf(limitOf(10)), checkOf(limitOf(10)), checkOf(limitOf(10))],
      {
        expirationJitterMaxSeconds: 10,
        boundJitterOfShortWindows: false,
        random: () => draws.shift() ?? 0,
      },
    );
    expect(increments.map(({ ttlSeconds }) => ttlSeconds)).toEqual([2, 6, 10]);
  });

  test("does not ask for a counter that is known to be over, but for all others", () => {
    const remembered = new CountingKnownOver();
    remembered.remember("domain_a_1_1234", 1235);
    const checks = [
      checkOf(limitOf(10), 1, { a: "1" }),
      checkOf(limitOf(10), 1, { a: "2" }),
      checkOf(undefined),
      checkOf(limitOf(10), 1, { a: "3" }),
    ];
    const { increments, places } = plan(checks, {}, 1234, remembered);
    expect(increments.map(({ key }) => key)).toEqual(["domain_a_2_1234", "domain_a_3_1234"]);
    expect(places).toEqual([knownOver, 0, notCounted, 1]);
  });

  test("asks again once the window in which a counter was over has ended", () => {
    const remembered = new CountingKnownOver();
    remembered.remember("domain_key_value_1234", 1235);
    expect(plan([checkOf(limitOf(10))], {}, 1235, remembered).increments).toHaveLength(1);
  });

  test("answers a look at a counter that is known to be over from memory, but gives hits back to it", () => {
    const remembered = new CountingKnownOver();
    remembered.remember("domain_key_value_1234", 1235);
    expect(plan([checkOf(limitOf(10), 0)], {}, 1234, remembered).increments).toEqual([]);
    expect(plan([checkOf(limitOf(10), -1)], {}, 1234, remembered).increments).toHaveLength(1);
  });
});
