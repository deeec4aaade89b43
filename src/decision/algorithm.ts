import type { Check, DescriptorStatus } from "./check.ts";
import type { Increment } from "./increment.ts";

/** What an operator sets once for all limits. */
export interface DecisionOptions {
  /** `CACHE_KEY_PREFIX` */
  readonly keyPrefix: string;
  /** `UNAMBIGUOUS_CACHE_KEYS`: keys are not the reference's (`key.ts`). */
  readonly unambiguousKeys: boolean;
  /** `NEAR_LIMIT_RATIO`, 0 to 1. */
  readonly nearLimitRatio: number;
  /** Exclusive upper bound of the seconds added to a counter's lifetime, so that counters do not all expire at once. 0: none. */
  readonly expirationJitterMaxSeconds: number;
  /** The jitter of windows shorter than a minute is at most the window itself. */
  readonly boundJitterOfShortWindows: boolean;
  /** At least 0 and below 1. */
  readonly random: () => number;
  /** `USE_CALENDAR_MONTH_RATE_LIMIT`: months are those of the calendar, in UTC, instead of 30 days. */
  readonly calendarMonths: boolean;
  /** `SHADOW_MODE`: the overall code is always OK. */
  readonly shadowMode: boolean;
  /** `QUOTA_MODE`: every limit is a quota limit. */
  readonly quotaMode: boolean;
  /** `STOP_CACHE_KEY_INCREMENT_WHEN_OVERLIMIT`: only hits that are admitted are counted (`admission.ts`). */
  readonly countsOnlyAdmitted: boolean;
}

/** The instant of a request, in the forms that are needed, read from the clock once. */
export interface Question {
  readonly domain: string;
  /** Whole Unix seconds. */
  readonly nowSeconds: number;
}

/** How counts become a verdict. Pure: the same check, time and totals give the same answer. */
export interface Algorithm {
  /** Appends the increments that this check needs; at least one. */
  plan(
    check: LimitedCheck,
    question: Question,
    options: DecisionOptions,
    increments: Increment[],
  ): void;
  /** Judges the totals of those increments, which stand in `totals` from `at` on. */
  judge(
    check: LimitedCheck,
    question: Question,
    options: DecisionOptions,
    totals: readonly number[],
    at: number,
  ): DescriptorStatus;
  /** Judges a check whose counter is remembered as over its limit. */
  judgeKnownOver(
    check: LimitedCheck,
    question: Question,
    options: DecisionOptions,
  ): DescriptorStatus;
}

/** A check whose limit has to be counted. */
export type LimitedCheck = Check & { readonly match: NonNullable<Check["match"]> };
