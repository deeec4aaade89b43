import type { Entry } from "../limits/descriptor.ts";

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
  sharePatterns: readonly (string | undefined)[] | undefined,
  windowStartSeconds: number,
): string {
  let key = `${prefix}${domain}_`;
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i] as Entry;
    key += `${entry.key}_${sharePatterns?.[i] ?? entry.value}_`;
  }
  return key + windowStartSeconds;
}
