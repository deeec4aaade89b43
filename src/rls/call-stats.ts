import type { Code } from "../decision/check.ts";
import { VelocityGateError } from "../errors.ts";
import type { ShouldRateLimit } from "./should-rate-limit.ts";

/** Where the outcome of requests is counted; `observe/metrics.ts` is the real one. */
export interface CallStats {
  answered(code: Code): void;
  callError(kind: "redis_error" | "service_error"): void;
}

/** Counts a request that got no answer, under the reference's two kinds. */
export function recordFailure(stats: CallStats, error: unknown): void {
  const isStoreFailure =
    error instanceof VelocityGateError &&
    (error.code === "STORE_UNAVAILABLE" || error.code === "STORE_TIMEOUT");
  stats.callError(isStoreFailure ? "redis_error" : "service_error");
}

/** The same service, counting its outcomes: for callers that do not count them themselves. */
export function counted(shouldRateLimit: ShouldRateLimit, stats: CallStats): ShouldRateLimit {
  return async (request) => {
    try {
      const decision = await shouldRateLimit(request);
      stats.answered(decision.overallCode);
      return decision;
    } catch (error) {
      recordFailure(stats, error);
      throw error;
    }
  };
}
