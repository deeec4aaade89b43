/**
 * The closed set of things that can go wrong outside the program itself. A denied request is not among them: it is an answer.
 *
 * - `REQUEST_INVALID`: the caller sent something that no rule could change. Its message goes back to the caller.
 * - `RULES_MISSING`: no rule set has been loaded yet.
 * - `STORE_UNAVAILABLE`, `STORE_TIMEOUT`: the counters could not be reached, or not in time.
 * - `SETTINGS_INVALID`, `RULES_INVALID`: what the operator wrote is refused; the message says where and what is accepted.
 */
export type ErrorCode =
  | "REQUEST_INVALID"
  | "RULES_MISSING"
  | "STORE_UNAVAILABLE"
  | "STORE_TIMEOUT"
  | "SETTINGS_INVALID"
  | "RULES_INVALID";

/**
 * Why the counters could not be asked: no answer in time, no connection or a lost one, an answer that is a refusal, more asked of it
 * than it takes, or that it has failed so often that it is left alone for a moment.
 */
export const storeFailures = ["timeout", "unavailable", "refused", "overload", "breaker"] as const;
export type StoreFailure = (typeof storeFailures)[number];

/** An error of the operating world, with a code that the edges translate (`rls/status.ts`). */
export class VelocityGateError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "VelocityGateError";
    this.code = code;
  }
}

/** The counters could not be asked: whoever asks them may know what to answer all the same. */
export class StoreError extends VelocityGateError {
  readonly reason: StoreFailure;

  constructor(reason: StoreFailure, message: string, options?: ErrorOptions) {
    super(reason === "timeout" ? "STORE_TIMEOUT" : "STORE_UNAVAILABLE", message, options);
    this.reason = reason;
  }
}
