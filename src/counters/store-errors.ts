import { VelocityGateError } from "../errors.ts";
import { tlsFailureText } from "../tls/failure.ts";

/** An error for callers. Texts of servers may name a key, so only their first word, the kind of error, is passed on. */
export function unavailable(message: string): VelocityGateError {
  return new VelocityGateError("STORE_UNAVAILABLE", message);
}

/** @param text an error reply: «OOM command not allowed when used memory > 'maxmemory'.» */
export function refused(text: string): VelocityGateError {
  return unavailable(`Redis refused a command: ${kindOfRefusal(text)}`);
}

/** The counter is as large as 64 bits can hold: an answer in its way, not a refusal. */
export function isOverflow(text: string): boolean {
  return text.includes("would overflow");
}

/** The first word, such as OOM. What a script may not do is told in another way by each version of Redis. */
export function kindOfRefusal(text: string): string {
  if (/ACL failure in script|user executing the script/.test(text)) return "NOPERM";
  const [kind = ""] = text.split(" ", 1);
  return /^[A-Z_]+$/.test(kind) ? kind : "ERR";
}

export function timedOut(server: string, timeoutMs: number): VelocityGateError {
  return new VelocityGateError("STORE_TIMEOUT", `${server} did not answer within ${timeoutMs} ms`);
}

/** Why something failed, for the log. */
export function reasonOf(error: unknown): string {
  const ofTls = tlsFailureText(error);
  if (ofTls !== undefined) return ofTls;
  const hasMessage = typeof error === "object" && error !== null && "message" in error;
  return String(hasMessage ? error.message : error);
}
