import type { Entry } from "../limits/descriptor.ts";
import { UsageError } from "./command.ts";

/**
 * Descriptors as people type them: every `key=value` (or a bare `key`) that stands alone is an entry of one descriptor, and each
 * `--descriptor key=value,key=value` is a descriptor of its own.
 */
export function parseDescriptors(
  positionals: readonly string[],
  options: readonly string[],
): readonly (readonly Entry[])[] {
  const descriptors = options.map((text) => text.split(",").map(parseEntry));
  if (positionals.length > 0) descriptors.unshift(positionals.map(parseEntry));
  if (descriptors.length === 0) throw new UsageError("name at least one entry, as key=value");
  return descriptors;
}

function parseEntry(text: string): Entry {
  const at = text.indexOf("=");
  const key = at < 0 ? text : text.slice(0, at);
  if (key === "") throw new UsageError(`«${text}» has no key: an entry is written key=value`);
  return { key, value: at < 0 ? "" : text.slice(at + 1) };
}

/** A descriptor as it was typed. */
export function formatEntries(entries: readonly Entry[]): string {
  return entries.map(({ key, value }) => (value === "" ? key : `${key}=${value}`)).join(" ");
}
