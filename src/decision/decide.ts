import { invariant } from "../invariant.ts";
import { withoutItsHits } from "./admission.ts";
import type { DecisionOptions, LimitedCheck, Question } from "./algorithm.ts";
import { algorithms } from "./algorithms.ts";
import type { Check, Code, Decision, DescriptorStatus } from "./check.ts";
import { denied, isLimited, knownOver, type Plan } from "./plan.ts";
import { isQuota } from "./quota.ts";

/** What an unlimited limit has left: the largest uint32, as the reference answers. */
const unlimitedRemaining = 4_294_967_295;

/** Judges every check by the totals of its increments, then the request as a whole. */
export function decide(
  checks: readonly Check[],
  { increments, places }: Plan,
  totals: readonly number[],
  question: Question,
  options: DecisionOptions,
): Decision {
  invariant(totals.length === increments.length, "increments and totals match one to one");
  const statuses = checks.map((check, i) => {
    if (!isLimited(check)) return uncounted(check);
    const algorithm = algorithms[check.match.limit.algorithm];
    const at = places[i] as number;
    if (at >= 0) return algorithm.judge(check, question, options, totals, at);
    return at === knownOver
      ? algorithm.judgeKnownOver(check, question, options)
      : notAsked(check, at === denied);
  });
  const code = overallCode(checks, statuses, options.quotaMode);
  const isGloballyShadowed = options.shadowMode && code === "OVER_LIMIT";
  return {
    overallCode: isGloballyShadowed ? "OK" : code,
    checks,
    statuses:
      options.countsOnlyAdmitted && code === "OVER_LIMIT"
        ? statuses.map((status, i) => withoutItsHits(checks[i] as Check, status))
        : statuses,
    isGloballyShadowed,
    quotaMode: options.quotaMode,
    withoutStore: undefined,
  };
}

/** Nobody counted: nothing is said about the limit but whether it lets the request pass, and the hits are counted nowhere. */
function notAsked({ descriptor, match }: LimitedCheck, isDenied: boolean): DescriptorStatus {
  const isOver = isDenied && !descriptor.isNegativeHits;
  return {
    code: isOver && !match.limit.shadowMode ? "OVER_LIMIT" : "OK",
    limit: undefined,
    remaining: 0,
    resetSeconds: 0,
    overLimitHits: 0,
    nearLimitHits: 0,
    withinLimitHits: 0,
    isShadowed: isOver && match.limit.shadowMode,
    fromLocalCache: false,
  };
}

/** A descriptor without a limit is OK; an unlimited one is OK and counted within its limit. */
function uncounted({ descriptor, match, hits }: Check): DescriptorStatus {
  return {
    code: "OK",
    limit: undefined,
    remaining: match === undefined ? 0 : unlimitedRemaining,
    resetSeconds: 0,
    overLimitHits: 0,
    nearLimitHits: 0,
    withinLimitHits: match === undefined || descriptor.isNegativeHits ? 0 : hits,
    isShadowed: false,
    fromLocalCache: false,
  };
}

/** OVER_LIMIT when a limit that is not a quota is over, or when there are quotas and all of them are. */
function overallCode(
  checks: readonly Check[],
  statuses: readonly DescriptorStatus[],
  globalQuotaMode: boolean,
): Code {
  let quotas = 0;
  let quotasOver = 0;
  for (let i = 0; i < checks.length; i++) {
    const limit = (checks[i] as Check).match?.limit;
    const isOver = (statuses[i] as DescriptorStatus).code === "OVER_LIMIT";
    if (isQuota(limit, globalQuotaMode)) {
      quotas += 1;
      quotasOver += isOver ? 1 : 0;
    } else if (isOver) {
      return "OVER_LIMIT";
    }
  }
  return quotas > 0 && quotasOver === quotas ? "OVER_LIMIT" : "OK";
}
