import type { Decision } from "../decision/check.ts";
import type { RateLimitRequest } from "../limits/descriptor.ts";

/**
 * Answers one request. A denial is an answer.
 *
 * @throws VelocityGateError (rejects) when the request is not one, no rules are loaded, or the counters cannot be reached.
 */
export type ShouldRateLimit = (request: RateLimitRequest) => Promise<Decision>;
