import { invariant } from "../invariant.ts";
import type { Limit } from "../limits/limit.ts";
import type { Algorithm, DecisionOptions, LimitedCheck, Question } from "./algorithm.ts";
import type { DescriptorStatus } from "./check.ts";
import type { Increment } from "./increment.ts";
import { counterKey, unambiguousKey } from "./key.ts";
import { secondsToLive, secondsUntilReset, unitSeconds, windowStart } from "./window.ts";

/**
 * Fixed windows, the reference's only algorithm: one counter for each window, over its limit when the count after this check's
 * hits exceeds the limit. Hits that are refused are counted all the same, so of many callers exactly as many hits of one are
 * admitted as the limit says, whoever comes first.
 */
export const fixedWindow: Algorithm = { plan, judge, judgeKnownOver };

function plan(
  { descriptor, match, hits }: LimitedCheck,
  { domain, nowSeconds }: Question,
  options: DecisionOptions,
  increments: Increment[],
): void {
  const { unit } = match.limit;
  const { keyPrefix } = options;
  const start = windowStart(unit, nowSeconds, options.calendarMonths);
  increments.push({
    key: options.unambiguousKeys
      ? unambiguousKey(keyPrefix, domain, descriptor.entries, match.sharePatterns, unit, start)
      : counterKey(keyPrefix, domain, descriptor.entries, match, start),
    hits: descriptor.isNegativeHits ? -hits : hits,
    ttlSeconds:
      secondsToLive(unit, nowSeconds, options.calendarMonths) +
      jitterSeconds(unitSeconds[unit], options),
    perSecond: unit === "SECOND",
  });
}

function judge(
  { descriptor, match, hits }: LimitedCheck,
  { nowSeconds }: Question,
  options: DecisionOptions,
  totals: readonly number[],
  at: number,
): DescriptorStatus {
  const after = totals[at];
  invariant(after !== undefined, "every increment has its total");
  const { limit } = match;
  const resetSeconds = secondsUntilReset(limit.unit, nowSeconds, options.calendarMonths);

  if (descriptor.isNegativeHits) {
    return within(limit, Math.max(0, limit.requestsPerUnit - after), resetSeconds, 0, 0);
  }
  const before = after - hits;
  const nearLimit = nearLimitOf(limit, options.nearLimitRatio);
  if (after <= limit.requestsPerUnit) {
    const near = after > nearLimit ? after - Math.max(before, nearLimit) : 0;
    return within(limit, limit.requestsPerUnit - after, resetSeconds, near, hits);
  }
  // Only the hits beyond the limit count as over it; those of the same check that still fitted may have been near it.
  const over = after - Math.max(before, limit.requestsPerUnit);
  const near = Math.max(0, limit.requestsPerUnit - Math.max(before, nearLimit));
  return overLimit(limit, resetSeconds, over, near, false);
}

function judgeKnownOver(
  { match, hits }: LimitedCheck,
  { nowSeconds }: Question,
  { calendarMonths }: DecisionOptions,
): DescriptorStatus {
  const { limit } = match;
  return overLimit(limit, secondsUntilReset(limit.unit, nowSeconds, calendarMonths), hits, 0, true);
}

/**
 * The count from which on hits are near the limit. Exact for ratios of a few decimals: the factor undoes a product that came out
 * just below a whole number (100 × 0.29), which the reference's single precision gets right by luck and gets wrong above 2^24.
 */
function nearLimitOf(limit: Limit, ratio: number): number {
  return Math.floor(limit.requestsPerUnit * ratio * (1 + 2 * Number.EPSILON));
}

function jitterSeconds(windowSeconds: number, options: DecisionOptions): number {
  const isBounded = options.boundJitterOfShortWindows && windowSeconds < unitSeconds.MINUTE;
  const maxSeconds = isBounded
    ? Math.min(options.expirationJitterMaxSeconds, windowSeconds + 1)
    : options.expirationJitterMaxSeconds;
  return maxSeconds > 0 ? Math.floor(options.random() * maxSeconds) : 0;
}

function within(
  limit: Limit,
  remaining: number,
  resetSeconds: number,
  nearLimitHits: number,
  withinLimitHits: number,
): DescriptorStatus {
  return {
    code: "OK",
    limit,
    remaining,
    resetSeconds,
    overLimitHits: 0,
    nearLimitHits,
    withinLimitHits,
    isShadowed: false,
    fromLocalCache: false,
  };
}

function overLimit(
  limit: Limit,
  resetSeconds: number,
  overLimitHits: number,
  nearLimitHits: number,
  fromLocalCache: boolean,
): DescriptorStatus {
  return {
    code: limit.shadowMode ? "OK" : "OVER_LIMIT",
    limit,
    remaining: 0,
    resetSeconds,
    overLimitHits,
    nearLimitHits,
    withinLimitHits: 0,
    isShadowed: limit.shadowMode,
    fromLocalCache,
  };
}
