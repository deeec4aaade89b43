import type { Check, Code, Decision, DescriptorStatus } from "../decision/check.ts";
import type { Plan } from "../decision/plan.ts";
import { VelocityGateError } from "../errors.ts";
import type { Entry, RateLimitRequest } from "../limits/descriptor.ts";
import type { LimitStats } from "../limits/limit.ts";

/** Where the counts of requests go; `observe/metrics.ts` is the real one. */
export interface RequestStats {
  /** Domain and entries tell the labels apart where they contain dots. */
  limitStats(statsKey: string, domain: string, entries: readonly Entry[]): LimitStats;
  domainNotFound(domain: string): void;
  globalShadowMode(): void;
  /** The store answered so many increments, or failed to. */
  observeStore(seconds: number, increments: number): void;
  /** A request was answered. */
  answered(overallCode: Code): void;
  /** A request ended with an error. */
  callError(kind: "redis_error" | "service_error"): void;
}

/** Counts every descriptor of a domain that has no rules. */
export function recordUnknownDomain(stats: RequestStats, request: RateLimitRequest): void {
  for (let i = 0; i < request.descriptors.length; i++) stats.domainNotFound(request.domain);
}

/** Counts the hits asked of each limit, before the store is: they were asked even if it fails (the reference's `total_hits`). */
export function recordHits(stats: RequestStats, domain: string, checks: readonly Check[]): void {
  for (const { descriptor, match, hits } of checks) {
    if (match === undefined) continue;
    // Looked up once for each match that the rules have, and for each request that makes one of its own.
    match.stats ??= stats.limitStats(match.statsKey, domain, descriptor.entries);
    if (descriptor.isNegativeHits) match.stats.totalNegativeHits += hits;
    else match.stats.totalHits += hits;
  }
}

/** Tells how long the store took to answer the increments of a plan, or to fail; nothing when it was not asked. */
export function recordStore(stats: RequestStats, { increments }: Plan, askedMs: number): void {
  if (increments.length === 0) return;
  stats.observeStore((performance.now() - askedMs) / 1000, increments.length);
}

/** Counts the answer, and how the hits of each check fared. `recordHits` has been given the checks. */
export function recordDecision(stats: RequestStats, decision: Decision): void {
  const { checks, statuses } = decision;
  for (let i = 0; i < checks.length; i++) {
    const counts = (checks[i] as Check).match?.stats;
    if (counts !== undefined) addStatus(counts, statuses[i] as DescriptorStatus);
  }
  if (decision.isGloballyShadowed) stats.globalShadowMode();
  stats.answered(decision.overallCode);
}

/** Counts a request that got no answer, under the reference's two kinds. */
export function recordFailure(stats: Pick<RequestStats, "callError">, error: unknown): void {
  const isStoreFailure =
    error instanceof VelocityGateError &&
    (error.code === "STORE_UNAVAILABLE" || error.code === "STORE_TIMEOUT");
  stats.callError(isStoreFailure ? "redis_error" : "service_error");
}

function addStatus(counts: LimitStats, status: DescriptorStatus): void {
  counts.overLimit += status.overLimitHits;
  counts.nearLimit += status.nearLimitHits;
  counts.withinLimit += status.withinLimitHits;
  if (status.isShadowed) counts.shadowMode += status.overLimitHits;
  if (status.fromLocalCache) counts.overLimitWithLocalCache += status.overLimitHits;
}
