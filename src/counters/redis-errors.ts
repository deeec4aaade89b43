import { VelocityGateError } from "../errors.ts";

/** An error for callers. Texts of Redis may name a key, so only their first word, the kind of error, is passed on. */
export function unavailable(message: string): VelocityGateError {
  return new VelocityGateError("STORE_UNAVAILABLE", message);
}

/** @param text an error reply: «OOM command not allowed when used memory > 'maxmemory'.» */
export function refused(text: string): VelocityGateError {
  const [kind = ""] = text.split(" ", 1);
  return unavailable(`Redis refused a command: ${/^[A-Z]+$/.test(kind) ? kind : "ERR"}`);
}

export function timedOut(timeoutMs: number): VelocityGateError {
  return new VelocityGateError("STORE_TIMEOUT", `Redis did not answer within ${timeoutMs} ms`);
}

/** Why something failed, for the log. */
export function reasonOf(error: unknown): string {
  const hasMessage = typeof error === "object" && error !== null && "message" in error;
  return String(hasMessage ? error.message : error);
}
