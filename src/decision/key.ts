import type { Entry } from "../limits/descriptor.ts";
import type { Match, Unit } from "../limits/limit.ts";

/** What of a match stands in a counter's key. */
export type KeyedMatch = Pick<Match, "keyPath" | "isValueKeyed" | "sharePatterns">;

/**
 * The counter's key, byte for byte the reference's, so that a fleet can change over while both count in one Redis:
 *
 *     <prefix><domain>_<key>_<value>_<key>_<value>_<window start>
 *
 * A shared wildcard (`share_threshold`) puts its pattern in the value's place. The limit itself is not in the key: a rule may be
 * raised or lowered and keeps its count.
 */
export function counterKey(
  prefix: string,
  domain: string,
  entries: readonly Entry[],
  { keyPath, isValueKeyed, sharePatterns }: KeyedMatch,
  windowStartSeconds: number,
): string {
  if (keyPath !== undefined) {
    const known = prefix + keyPath;
    const last = isValueKeyed ? entries.at(-1) : undefined;
    return last === undefined
      ? known + windowStartSeconds
      : `${known}${last.value}_${windowStartSeconds}`;
  }
  let key = `${prefix}${domain}_`;
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i] as Entry;
    key += `${entry.key}_${sharePatterns?.[i] ?? entry.value}_`;
  }
  return key + windowStartSeconds;
}

/**
 * The same where the operator wants no two counters to have one key (`UNAMBIGUOUS_CACHE_KEYS`): what parts a key stands for itself
 * within its parts, a shared pattern is told from a value that reads like it, and windows of different units from each other.
 *
 *     <prefix><domain>_<key>_<value>_<key>~<pattern>_<unit>_<window start>
 */
export function unambiguousKey(
  prefix: string,
  domain: string,
  entries: readonly Entry[],
  sharePatterns: readonly (string | undefined)[] | undefined,
  unit: Unit,
  windowStartSeconds: number,
): string {
  let key = `${prefix}${escaped(domain)}_`;
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i] as Entry;
    const pattern = sharePatterns?.[i];
    key += escaped(entry.key);
    key += pattern === undefined ? `_${escaped(entry.value)}_` : `~${escaped(pattern)}_`;
  }
  return `${key}${unit.toLowerCase()}_${windowStartSeconds}`;
}

/** Without the characters that have a meaning in a key. */
function escaped(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("_", "%5F").replaceAll("~", "%7E");
}
