import type { Decision } from "../decision/check.ts";
import type { RateLimitRequest } from "../limits/descriptor.ts";

/** Who asks, and is told: exactly one of the two is called, once. */
export interface Asker {
  /** Until when the counters are waited for, in milliseconds of `performance.now`; infinity: as long as they have patience. */
  readonly deadlineMs: number;
  /** A denial is an answer. */
  answer(decision: Decision): void;
  /** A `VelocityGateError` when the request is not one, no rules are loaded, or the counters cannot be reached. */
  fail(error: unknown): void;
}

/** Answers one request. Told through the asker instead of a promise, which would be one more for each call. */
export type ShouldRateLimit = (request: RateLimitRequest, asker: Asker) => void;

/** The same as a promise, which rejects with what `Asker.fail` would be told. */
export function decisionOf(
  shouldRateLimit: ShouldRateLimit,
  request: RateLimitRequest,
  deadlineMs: number,
): Promise<Decision> {
  return new Promise((answer, fail) => shouldRateLimit(request, { deadlineMs, answer, fail }));
}
