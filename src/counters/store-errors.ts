import { StoreError } from "../errors.ts";
import { tlsFailureText } from "../tls/failure.ts";

/** An error for callers. Texts of servers may name a key, so only their first word, the kind of error, is passed on. */
export function unavailable(message: string): StoreError {
  return new StoreError("unavailable", message);
}

/** @param text an error reply: «OOM command not allowed when used memory > 'maxmemory'.» */
export function refused(server: string, text: string): StoreError {
  return new StoreError("refused", `${server} refused a command: ${kindOfRefusal(text)}`);
}

/** What the server holds under the key is no counter. */
export function notANumber(server: string): StoreError {
  return new StoreError("refused", `a counter in ${server} holds something that is not a number`);
}

/** More is asked of the server than it takes. */
export function overloaded(server: string): StoreError {
  return new StoreError("overload", `too many commands wait for ${server}`);
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

export function timedOut(server: string, timeoutMs: number): StoreError {
  return new StoreError("timeout", `${server} did not answer within ${timeoutMs} ms`);
}

/** The call's own time is over. */
export function tooLate(server: string): StoreError {
  return new StoreError("timeout", `${server} did not answer in the time that the call has`);
}

/** Why something failed, for the log. */
export function reasonOf(error: unknown): string {
  const ofTls = tlsFailureText(error);
  if (ofTls !== undefined) return ofTls;
  const hasMessage = typeof error === "object" && error !== null && "message" in error;
  return String(hasMessage ? error.message : error);
}
