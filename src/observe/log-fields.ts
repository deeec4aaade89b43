import { redactUrl } from "./redact.ts";

/** Named facts beside a message. An `Error` shows its message and those of its causes, never its other properties. */
export type Fields = Readonly<Record<string, unknown>>;

/** No text in a log line is longer, in UTF-16 units. */
export const logTextMax = 4096;

/** How many causes of an error are told. */
const causesMax = 4;

/** How deep lists and objects are followed. */
const depthMax = 4;

/** Fields as they may be written: texts bounded, without credentials and well-formed; errors as text. */
export function presentFields(fields: Fields | undefined): Record<string, unknown> {
  const presented: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields ?? {})) {
    if (value instanceof Error) presentError(name, value, presented);
    else presented[name] = presentValue(value, 1);
  }
  return presented;
}

/** A text without credentials, bounded and well-formed. */
export function presentText(text: string): string {
  const redacted = redactUrl(text);
  const bounded = redacted.length > logTextMax ? `${redacted.slice(0, logTextMax - 1)}…` : redacted;
  return bounded.toWellFormed();
}

function presentValue(value: unknown, depth: number): unknown {
  if (typeof value === "string") return presentText(value);
  if (value instanceof Error) return presentText(causeChain(value));
  if (typeof value !== "object" || value === null) return value;
  if (depth >= depthMax) return "…";
  if (Array.isArray(value)) return value.map((item) => presentValue(item, depth + 1));
  const present = ([name, item]: [string, unknown]) => [name, presentValue(item, depth + 1)];
  return Object.fromEntries(Object.entries(value).map(present));
}

/** An error without a code was not foreseen: its stack says where it came from. */
function presentError(name: string, error: Error, into: Record<string, unknown>): void {
  into[name] = presentText(causeChain(error));
  const code: unknown = Reflect.get(error, "code");
  if (code === undefined) into[`${name}Stack`] = presentText(error.stack ?? "");
  else into[`${name}Code`] = presentText(String(code));
}

function causeChain(error: Error): string {
  const messages: string[] = [];
  let cause: unknown = error;
  while (cause instanceof Error && messages.length < causesMax) {
    messages.push(cause.message);
    cause = cause.cause;
  }
  return messages.join(": ");
}
