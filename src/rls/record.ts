import type { Check, Decision, DescriptorStatus } from "../decision/check.ts";
import type { RateLimitRequest } from "../limits/descriptor.ts";
import type { LimitStats } from "../limits/limit.ts";

/** Where the counts of requests go; `observe/metrics.ts` is the real one. */
export interface RequestStats {
  limitStats(statsKey: string): LimitStats;
  domainNotFound(domain: string): void;
  globalShadowMode(): void;
}

/** Counts every descriptor of a domain that has no rules. */
export function recordUnknownDomain(stats: RequestStats, request: RateLimitRequest): void {
  for (let i = 0; i < request.descriptors.length; i++) stats.domainNotFound(request.domain);
}

/** Counts the hits asked of each limit, before the store is: they were asked even if it fails (the reference's `total_hits`). */
export function recordHits(stats: RequestStats, checks: readonly Check[]): void {
  for (const { descriptor, match, hits } of checks) {
    if (match === undefined) continue;
    const counts = stats.limitStats(match.statsKey);
    if (descriptor.isNegativeHits) counts.totalNegativeHits += hits;
    else counts.totalHits += hits;
  }
}

/** Counts how the hits of each check fared. */
export function recordDecision(stats: RequestStats, decision: Decision): void {
  const { checks, statuses } = decision;
  for (let i = 0; i < checks.length; i++) {
    const match = checks[i]?.match;
    const status = statuses[i];
    if (match === undefined || status === undefined) continue;
    addStatus(stats.limitStats(match.statsKey), status);
  }
  if (decision.isGloballyShadowed) stats.globalShadowMode();
}

function addStatus(counts: LimitStats, status: DescriptorStatus): void {
  counts.overLimit += status.overLimitHits;
  counts.nearLimit += status.nearLimitHits;
  counts.withinLimit += status.withinLimitHits;
  if (status.isShadowed) counts.shadowMode += status.overLimitHits;
  if (status.fromLocalCache) counts.overLimitWithLocalCache += status.overLimitHits;
}
