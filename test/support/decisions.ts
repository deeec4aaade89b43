import type { DecisionOptions } from "../../src/decision/algorithm.ts";
import type { Check, Decision, DescriptorStatus } from "../../src/decision/check.ts";
import { decide } from "../../src/decision/decide.ts";
import type { KeyedMatch } from "../../src/decision/key.ts";
import { type KnownOver, noneKnownOver } from "../../src/decision/known-over.ts";
import { planIncrements } from "../../src/decision/plan.ts";
import type { Descriptor } from "../../src/limits/descriptor.ts";
import type { Limit, Unit } from "../../src/limits/limit.ts";

/** The settings of the reference's own tests: no jitter, near from 0.8 on. */
export const plainOptions: DecisionOptions = {
  keyPrefix: "",
  unambiguousKeys: false,
  nearLimitRatio: 0.8,
  expirationJitterMaxSeconds: 0,
  boundJitterOfShortWindows: true,
  random: () => 0,
  calendarMonths: false,
  shadowMode: false,
  quotaMode: false,
  countsOnlyAdmitted: false,
};

export function limitOf(
  requestsPerUnit: number,
  unit: Unit = "SECOND",
  flags: Partial<Limit> = {},
): Limit {
  return {
    requestsPerUnit,
    unit,
    algorithm: "fixed_window",
    unlimited: false,
    name: "",
    replaces: [],
    shadowMode: false,
    quotaMode: false,
    metadata: undefined,
    failurePolicy: undefined,
    ...flags,
  };
}

export function descriptorOf(
  entries: Readonly<Record<string, string>>,
  flags: Partial<Descriptor> = {},
): Descriptor {
  return {
    entries: Object.entries(entries).map(([key, value]) => ({ key, value })),
    override: undefined,
    hitsAddend: undefined,
    isNegativeHits: false,
    ...flags,
  };
}

/** A match whose counter key is the entries alone. */
export const plainKey: KeyedMatch = {
  keyPath: undefined,
  isValueKeyed: false,
  sharePatterns: undefined,
};

/** A check of `hits` against a limit; no limit: nothing matched. Negative hits are given back. */
export function checkOf(
  limit: Limit | undefined,
  hits = 1,
  entries: Readonly<Record<string, string>> = { key: "value" },
): Check {
  return {
    descriptor: descriptorOf(entries, { isNegativeHits: hits < 0 }),
    match: limit && {
      limit,
      statsKey: "domain.key_value",
      ...plainKey,
      stats: undefined,
    },
    hits: Math.abs(hits),
  };
}

/** The decision about checks whose counters stand at these totals after their hits. */
export function decisionOf(
  checks: readonly Check[],
  totals: readonly number[],
  options: Partial<DecisionOptions> = {},
  nowSeconds = 1234,
  knownOver: KnownOver = noneKnownOver,
): Decision {
  const question = { domain: "domain", nowSeconds };
  const allOptions = { ...plainOptions, ...options };
  const plan = planIncrements(checks, question, allOptions, knownOver);
  return decide(checks, plan, totals, question, allOptions);
}

/** The status of one check whose counter stands at `after` after its hits. */
export function statusOf(
  check: Check,
  after: number,
  options: Partial<DecisionOptions> = {},
  nowSeconds = 1234,
): DescriptorStatus {
  const [status] = decisionOf([check], [after], options, nowSeconds).statuses;
  if (status === undefined) throw new Error("a check has a status");
  return status;
}

/** Known counters in a map, which counts how often it was asked. */
export class CountingKnownOver implements KnownOver {
  readonly untilSeconds = new Map<string, number>();
  lookups = 0;
  found = 0;

  has(key: string, nowSeconds: number): boolean {
    const isKnown = nowSeconds < (this.untilSeconds.get(key) ?? 0);
    this.lookups += 1;
    this.found += isKnown ? 1 : 0;
    return isKnown;
  }

  remember(key: string, untilSeconds: number): void {
    this.untilSeconds.set(key, untilSeconds);
  }

  forget(key: string): void {
    this.untilSeconds.delete(key);
  }
}
