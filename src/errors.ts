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

/** An error of the operating world, with a code that the edges translate (`rls/status.ts`). */
export class VelocityGateError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "VelocityGateError";
    this.code = code;
  }
}
