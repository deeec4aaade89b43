import type { Check, Decision, DescriptorStatus } from "../decision/check.ts";
import type { Entry, RateLimitRequest } from "../limits/descriptor.ts";
import type { LimitStats } from "../limits/limit.ts";

/** Where the counts of requests go; `observe/metrics.ts` is the real one. */
export interface RequestStats {
  /** Domain and entries tell the labels apart where they contain dots. */
  limitStats(statsKey: string, domain: string, entries: readonly Entry[]): LimitStats;
  domainNotFound(domain: string): void;
  globalShadowMode(): void;
}

/** Counts every descriptor of a domain that has no rules. */
export function recordUnknownDomain(stats: RequestStats, request: RateLimitRequest): void {
  for (let i = 0; i < request.descriptors.length; i++) stats.domainNotFound(request.domain);
}

/** Counts the hits asked of each limit, before the store is: they were asked even if it fails (the reference's `total_hits`). */
export function recordHits(stats: RequestStats, domain: string, checks: readonly Check[]): void {
  for (const { descriptor, match, hits } of checks) {
    if (match === undefined) continue;
    const counts = stats.limitStats(match.statsKey, domain, descriptor.entries);
    if (descriptor.isNegativeHits) counts.totalNegativeHits += hits;
    else counts.totalHits += hits;
  }
}

/** Counts how the hits of each check fared. */
export function recordDecision(stats: RequestStats, domain: string, decision: Decision): void {
  const { checks, statuses } = decision;
  for (let i = 0; i < checks.length; i++) {
    const { match, descriptor } = checks[i] as Check;
    if (match === undefined) continue;
    const counts = stats.limitStats(match.statsKey, domain, descriptor.entries);
    addStatus(counts, statuses[i] as DescriptorStatus);
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
