import type { KeyRules, Level, RuleNode } from "./rule-tree.ts";

/**
 * The three ways from an entry of a request to a rule of a level, in the order in which they are tried. What is compared is the key
 * and the value joined with an underscore, so that it does not matter where a rule was cut into key and value; the lookups get by
 * without joining them wherever that cannot change the outcome.
 */
export type Step = "exact" | "wildcard" | "default";

/** The rule for this key and value. `rules` are the level's for the key. */
export function findExact(
  level: Level,
  rules: KeyRules | undefined,
  key: string,
  value: string,
): RuleNode | undefined {
  const node = rules?.values?.get(value);
  if (node !== undefined) return node;
  return rules?.hasSplits || level.hasUnlistedSplits
    ? level.nodes.get(`${key}_${value}`)
    : undefined;
}

/** The first wildcard of the file that matches. */
export function findWildcard(level: Level, key: string, value: string): RuleNode | undefined {
  return level.wildcards?.find(key, value);
}

/** The rule for a key whatever its value. `rules` are the level's for the key. */
export function findDefault(
  level: Level,
  rules: KeyRules | undefined,
  key: string,
): RuleNode | undefined {
  return rules === undefined ? level.nodes.get(key) : rules.byDefault;
}
