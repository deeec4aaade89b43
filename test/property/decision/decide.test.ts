import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { Check, DescriptorStatus } from "../../../src/decision/check.ts";
import type { Limit } from "../../../src/limits/limit.ts";
import { units } from "../../../src/limits/limit.ts";
import { checkOf, decisionOf, limitOf, statusOf } from "../../support/decisions.ts";

const uint32 = fc.oneof(fc.nat({ max: 30 }), fc.nat({ max: 4_294_967_295 }));

const limit = fc
  .record({
    requestsPerUnit: uint32,
    unit: fc.constantFrom(...units),
    shadowMode: fc.boolean(),
    quotaMode: fc.boolean(),
    unlimited: fc.boolean(),
  })
  .map(({ requestsPerUnit, unit, ...flags }) => limitOf(requestsPerUnit, unit, flags));

/** A check and the total that its counter has after it; negative hits are given back. */
const judged = fc
  .record({
    limit: fc.option(limit, { nil: undefined }),
    hits: fc.oneof(fc.integer({ min: -5, max: 30 }), uint32),
    before: uint32,
  })
  .map(({ limit, hits, before }) => ({
    check: checkOf(limit, hits),
    after: Math.max(0, before + hits),
  }));

const isCounted = ({ match }: Check) => match !== undefined && !match.limit.unlimited;

/** The totals of those that have a counter. */
const totalsOf = (list: readonly { readonly check: Check; readonly after: number }[]) =>
  list.filter(({ check }) => isCounted(check)).map(({ after }) => after);

/** The reference's arithmetic as it is written down, step by step and in single precision. */
function reference(limit: Limit, hits: number, after: number, ratio: number) {
  const before = after - hits;
  const perUnit = limit.requestsPerUnit;
  const near = Math.floor(Math.fround(Math.fround(perUnit) * Math.fround(ratio)));
  const counts = { over: 0, near: 0, within: 0, shadow: 0 };
  if (after > perUnit) {
    if (before >= perUnit) {
      counts.over += hits;
    } else {
      counts.over += after - perUnit;
      counts.near += perUnit - Math.max(near, before);
    }
    if (limit.shadowMode) counts.shadow += before >= perUnit ? hits : after - perUnit;
    return { code: limit.shadowMode ? "OK" : "OVER_LIMIT", remaining: 0, ...counts };
  }
  counts.within += hits;
  if (after > near) counts.near += before >= near ? hits : after - near;
  return { code: "OK", remaining: perUnit - after, ...counts };
}

const summary = (status: DescriptorStatus) => ({
  code: status.code,
  remaining: status.remaining,
  over: status.overLimitHits,
  near: status.nearLimitHits,
  within: status.withinLimitHits,
  shadow: status.isShadowed ? status.overLimitHits : 0,
});

describe("a status", () => {
  test("is the reference's, for limits that single precision holds", () => {
    const small = fc.nat({ max: 100_000 });
    fc.assert(
      fc.property(
        small,
        fc.nat({ max: 2_000 }),
        small,
        fc.boolean(),
        fc.constantFrom(0.5, 0.8, 0.9),
        (perUnit, hits, before, shadowMode, nearLimitRatio) => {
          const limit = limitOf(perUnit, "HOUR", { shadowMode });
          const after = before + hits;
          const status = statusOf(checkOf(limit, hits), after, { nearLimitRatio });
          expect(summary(status)).toEqual(reference(limit, hits, after, nearLimitRatio));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test("tells every hit as within the limit or, from the threshold on, as near or over it", () => {
    fc.assert(
      fc.property(judged, ({ check, after }) => {
        fc.pre(isCounted(check) && !check.descriptor.isNegativeHits);
        const status = statusOf(check, after);
        const { overLimitHits: over, nearLimitHits: near, withinLimitHits: within } = status;
        const before = after - check.hits;
        const threshold = Math.floor((check.match?.limit.requestsPerUnit ?? 0) * 0.8);
        const isOver = status.code === "OVER_LIMIT" || status.isShadowed;
        if (!isOver) {
          expect([over, within]).toEqual([0, check.hits]);
          expect(near).toBeLessThanOrEqual(within);
        } else {
          // Hits of a refused check that lie below the threshold are counted nowhere.
          expect(over + near + within).toBe(check.hits - Math.max(0, threshold - before));
          expect(within).toBe(0);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test("never leaves less than nothing, nor more than the limit", () => {
    fc.assert(
      fc.property(judged, ({ check, after }) => {
        fc.pre(isCounted(check));
        const { remaining, limit, resetSeconds } = statusOf(check, after);
        expect(remaining).toBeGreaterThanOrEqual(0);
        expect(remaining).toBeLessThanOrEqual(limit?.requestsPerUnit ?? 0);
        expect(resetSeconds).toBeGreaterThanOrEqual(1);
      }),
    );
  });

  test("does not depend on the other descriptors of the request", () => {
    fc.assert(
      fc.property(
        fc.array(judged, { maxLength: 6 }),
        fc.boolean(),
        fc.boolean(),
        (list, shadowMode, quotaMode) => {
          const options = { shadowMode, quotaMode };
          const checks = list.map(({ check }) => check);
          const together = decisionOf(checks, totalsOf(list), options);
          const alone = list.flatMap((one) => decisionOf([one.check], totalsOf([one])).statuses);
          expect(together.statuses).toEqual(alone);
        },
      ),
    );
  });
});

describe("a sequence of checks", () => {
  test("of one hit each admits exactly as many as the limit says, the first ones", () => {
    fc.assert(
      fc.property(fc.nat({ max: 50 }), fc.nat({ max: 50 }), (perUnit, refused) => {
        const codes = Array.from(
          { length: perUnit + refused },
          (_, i) => statusOf(checkOf(limitOf(perUnit)), i + 1).code,
        );
        expect(codes.slice(0, perUnit).every((code) => code === "OK")).toBe(true);
        expect(codes.slice(perUnit).every((code) => code === "OVER_LIMIT")).toBe(true);
      }),
    );
  });

  test("counts as near exactly the hits between the threshold and the limit, however they are split", () => {
    const splits = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(fc.nat({ max: 60 }), splits, (perUnit, splits) => {
        let after = 0;
        let near = 0;
        let over = 0;
        for (const hits of splits) {
          after += hits;
          const status = statusOf(checkOf(limitOf(perUnit), hits), after);
          near += status.nearLimitHits;
          over += status.overLimitHits;
        }
        const threshold = Math.floor(perUnit * 0.8);
        expect(near).toBe(Math.max(0, Math.min(after, perUnit) - threshold));
        expect(over).toBe(Math.max(0, after - perUnit));
      }),
    );
  });
});

describe("the overall code", () => {
  test("is OVER_LIMIT when a limit that is no quota is over, or all quotas are and there is one", () => {
    fc.assert(
      fc.property(
        fc.array(judged, { maxLength: 6 }),
        fc.boolean(),
        fc.boolean(),
        (list, shadowMode, quotaMode) => {
          const checks = list.map(({ check }) => check);
          const decision = decisionOf(checks, totalsOf(list), { shadowMode, quotaMode });
          const over = decision.statuses.map(({ code }) => code === "OVER_LIMIT");
          const isQuota = checks.map(({ match }) =>
            quotaMode ? !match?.limit.unlimited : match?.limit.quotaMode && !match.limit.unlimited,
          );
          const anyOther = over.some((isOver, i) => isOver && !isQuota[i]);
          const quotas = over.filter((_, i) => isQuota[i]);
          const denied = anyOther || (quotas.length > 0 && quotas.every(Boolean));
          expect(decision.overallCode).toBe(denied && !shadowMode ? "OVER_LIMIT" : "OK");
          expect(decision.isGloballyShadowed).toBe(denied && shadowMode);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  test("does not depend on the order of the descriptors", () => {
    fc.assert(
      fc.property(fc.array(judged, { maxLength: 6 }), fc.boolean(), (list, quotaMode) => {
        const codeOf = (some: typeof list) =>
          decisionOf(
            some.map(({ check }) => check),
            totalsOf(some),
            { quotaMode },
          ).overallCode;
        expect(codeOf(list.toReversed())).toBe(codeOf(list));
      }),
    );
  });
});
