import type { KeyRules, Level, RuleNode } from "./rule-tree.ts";

/**
 * The three ways from an entry of a request to a rule of a level, in the order in which they are tried. What is compared is the key
 * and the value joined with an underscore, so that it does not matter where a rule was cut into key and value; the lookups get by
 * without joining them wherever that cannot change the outcome.
 */
export type Step = "exact" | "wildcard" | "default";

/** What the lookups of one entry have in common. */
export function keyRulesOf({ index }: Level, key: string): KeyRules | undefined {
  return index?.keys.get(key);
}

/** The rule for this key and value. `keyRules` are the level's for the key. */
export function findExact(
  { rules, index }: Level,
  keyRules: KeyRules | undefined,
  key: string,
  value: string,
): RuleNode | undefined {
  if (index === undefined) {
    const only = rules[0];
    return only !== undefined && isJoined(only.finalKey, key, value) ? only : undefined;
  }
  const node = keyRules?.values?.get(value);
  if (node !== undefined) return node;
  return keyRules?.hasSplits || index.hasUnlistedSplits
    ? index.nodes.get(`${key}_${value}`)
    : undefined;
}

/** The first wildcard of the file that matches. */
export function findWildcard({ index }: Level, key: string, value: string): RuleNode | undefined {
  return index?.wildcards?.find(key, value);
}

/** The rule for a key whatever its value. `keyRules` are the level's for the key. */
export function findDefault(
  { rules, index }: Level,
  keyRules: KeyRules | undefined,
  key: string,
): RuleNode | undefined {
  if (index === undefined) return rules[0]?.finalKey === key ? rules[0] : undefined;
  return keyRules === undefined ? index.nodes.get(key) : keyRules.byDefault;
}

const underscore = 0x5f;

/** Whether `text` is the key, an underscore and the value. */
function isJoined(text: string, key: string, value: string): boolean {
  return (
    text.length === key.length + 1 + value.length &&
    text.charCodeAt(key.length) === underscore &&
    text.startsWith(key) &&
    text.endsWith(value)
  );
}
