/**
 * Counting only what is admitted (`STOP_CACHE_KEY_INCREMENT_WHEN_OVERLIMIT`): a denied request adds nothing to any counter, and of an
 * admitted one (there may be limits in shadow mode, or quotas) the counters that would exceed their limits stay as they are.
 *
 * Whether a request is denied is decided where the counters are, in one step with adding to them. The rule is therefore told with each
 * increment (`Denies`), and the totals that come back are those that the hits lead to, added or not: `decide` sees from them what
 * the store saw.
 */
import type { DecisionOptions } from "./algorithm.ts";
import type { Check, DescriptorStatus } from "./check.ts";
import type { Admission, Denies } from "./increment.ts";
import { allowed, denied, isLimited, knownOver, type Plan } from "./plan.ts";
import { isQuota } from "./quota.ts";

export interface AdmissionPlan {
  readonly admissions: readonly Admission[];
  /** What is remembered of its counters, or a failure policy, denies the request already: nothing is to be added. */
  readonly isDenied: boolean;
}

/** Says of each increment of a plan what its limit is, and what it means for the request when that is exceeded. */
export function planAdmissions(
  checks: readonly Check[],
  { increments, places }: Plan,
  { quotaMode }: Pick<DecisionOptions, "quotaMode">,
): AdmissionPlan {
  const quotas = checks.filter(({ match }) => isQuota(match?.limit, quotaMode));
  const canQuotasDeny = quotas.every(canBeOver) && !hasAllowedQuota(checks, places, quotaMode);
  const deniesOf = (check: Check): Denies => {
    if (!canBeOver(check)) return "never";
    if (!isQuota(check.match?.limit, quotaMode)) return "alone";
    return canQuotasDeny ? "together" : "never";
  };
  const admissions: Admission[] = [];
  let isDenied = false;
  let quotasKnownOver = 0;
  checks.forEach((check, i) => {
    const increment = increments[places[i] ?? -1];
    const denies = deniesOf(check);
    if (increment !== undefined && isLimited(check)) {
      admissions.push({ ...increment, limit: check.match.limit.requestsPerUnit, denies });
    } else if (places[i] === knownOver || places[i] === denied) {
      isDenied ||= denies === "alone";
      quotasKnownOver += denies === "together" ? 1 : 0;
    }
  });
  return {
    admissions,
    isDenied: isDenied || (quotasKnownOver > 0 && quotasKnownOver === quotas.length),
  };
}

/** A failure policy may have found a quota to be within its limit, whatever its counter says. */
function hasAllowedQuota(
  checks: readonly Check[],
  places: readonly number[],
  quotaMode: boolean,
): boolean {
  return checks.some(({ match }, i) => places[i] === allowed && isQuota(match?.limit, quotaMode));
}

/** Shadow mode and hits given back make a descriptor OK whatever its counter says, as does having no limit. */
function canBeOver(check: Check): boolean {
  return isLimited(check) && !check.match.limit.shadowMode && !check.descriptor.isNegativeHits;
}

/** What becomes of the admissions of a request. */
export interface Outcome {
  /** One for each: what its counter has with its hits, added or not; for hits given back, what it has. */
  readonly totals: readonly number[];
  readonly isDenied: boolean;
  /** Whether the hits of the admission at this place are to be added or given back. Looks may count as either. */
  isAdded(at: number): boolean;
}

/**
 * Admits or denies, one admission after another: those of equal keys see each other. `counters/admit-script.ts` says the same to
 * Redis.
 *
 * @param countOf what a counter has before, at least 0
 */
export function admit(admissions: readonly Admission[], countOf: (key: string) => number): Outcome {
  const ifAdmitted = new Map<string, number>();
  const ifDenied = new Map<string, number>();
  const totalsIfDenied: number[] = [];
  const totals = admissions.map(({ key, hits, limit }, i) => {
    const before = countOf(key);
    const count = ifAdmitted.get(key) ?? before;
    const countIfDenied = Math.max(0, (ifDenied.get(key) ?? before) + Math.min(hits, 0));
    const total = Math.max(0, Math.min(count + hits, Number.MAX_SAFE_INTEGER));
    ifAdmitted.set(key, hits > 0 && total > limit ? count : total);
    ifDenied.set(key, countIfDenied);
    totalsIfDenied[i] = hits < 0 ? countIfDenied : total;
    return total;
  });
  const denied = isDenied(admissions, totals);
  return {
    totals: denied ? totalsIfDenied : totals,
    isDenied: denied,
    isAdded: (at) => {
      const { hits, limit } = admissions[at] as Admission;
      return hits < 0 || (!denied && (totals[at] as number) <= limit);
    },
  };
}

/** Whether the request is denied: one total of its own is over its limit, or all of those that deny together are. */
export function isDenied(admissions: readonly Admission[], totals: readonly number[]): boolean {
  let together = 0;
  let togetherOver = 0;
  for (let i = 0; i < admissions.length; i++) {
    const { denies, limit } = admissions[i] as Admission;
    const isOver = (totals[i] as number) > limit;
    if (denies === "alone" && isOver) return true;
    if (denies !== "together") continue;
    together += 1;
    togetherOver += isOver ? 1 : 0;
  }
  return together > 0 && togetherOver === together;
}

/** The same increments adding nothing. Hits given back are given back. */
export function looksOf(admissions: readonly Admission[]): readonly Admission[] {
  return admissions.map((admission) => ({ ...admission, hits: Math.min(0, admission.hits) }));
}

/** The totals that the hits would lead to, by what `looksOf` them found. */
export function expectedTotals(
  admissions: readonly Admission[],
  counts: readonly number[],
): readonly number[] {
  const latest = new Map(admissions.map(({ key }, i) => [key, counts[i] as number]));
  const taken = admissions.map((admission) => ({
    ...admission,
    hits: Math.max(0, admission.hits),
  }));
  const { totals } = admit(taken, (key) => latest.get(key) ?? 0);
  return totals.map((total, i) =>
    (admissions[i] as Admission).hits < 0 ? (counts[i] as number) : total,
  );
}

/** What is said of a descriptor of a denied request: its hits, which would have been within the limit, are not there. */
export function withoutItsHits(check: Check, status: DescriptorStatus): DescriptorStatus {
  const isOver = status.code === "OVER_LIMIT" || status.isShadowed;
  const isCounted = status.limit !== undefined && !check.descriptor.isNegativeHits;
  if (!isCounted || isOver) return status;
  return {
    ...status,
    remaining: status.remaining + check.hits,
    nearLimitHits: 0,
    withinLimitHits: 0,
  };
}
