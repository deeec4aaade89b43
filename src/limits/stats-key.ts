import type { Entry } from "./descriptor.ts";
import type { Step } from "./lookup.ts";
import type { RuleNode } from "./rule-tree.ts";

/** Names under which limits are counted in metrics, as far as the request has a part in them. */

const underscore = 0x5f;

/** Whether a final key is `key`, an underscore and more. */
function beginsWithKey(finalKey: string, key: string): boolean {
  return finalKey.charCodeAt(key.length) === underscore && finalKey.startsWith(key);
}

/** What of a wildcard stands beyond the key of a request: the pattern of the value, or all of it when a star stands in the key. */
export function patternBeyond({ finalKey, key: ruleKey, value }: RuleNode, key: string): string {
  if (value !== "" && key === ruleKey) return value;
  return beginsWithKey(finalKey, key) ? finalKey.slice(key.length + 1) : finalKey;
}

/** An entry's part of the name where it differs from the rule's final key; `undefined` where it does not. */
export function requestPart(node: RuleNode, step: Step, { key, value }: Entry): string | undefined {
  switch (step) {
    case "exact":
      return value === "" ? key : undefined;
    case "default":
      return node.valueToMetric && value !== "" ? `${key}_${value}` : undefined;
    case "wildcard": {
      const pattern = patternBeyond(node, key);
      const isShared = node.shareThreshold && pattern !== "";
      if (node.valueToMetric && !isShared) return joined(key, value);
      return pattern !== "" && beginsWithKey(node.finalKey, key) ? undefined : joined(key, pattern);
    }
  }
}

/**
 * The name of a limit with `detailed_metric`: every entry with its value or its shared pattern. An empty value leaves its
 * underscore, unless an entry of the descriptor is shared, as the reference has it.
 */
export function detailedStatsKey(
  domain: string,
  entries: readonly Entry[],
  sharePatterns: readonly (string | undefined)[] | undefined,
): string {
  let statsKey = domain;
  for (let i = 0; i < entries.length; i++) {
    const { key, value } = entries[i] as Entry;
    const shown = sharePatterns?.[i] ?? value;
    statsKey += sharePatterns === undefined ? `.${key}_${shown}` : `.${joined(key, shown)}`;
  }
  return statsKey;
}

/** The name of a limit that the request brings along. */
export function overrideStatsKey(domain: string, entries: readonly Entry[]): string {
  let path = "";
  for (let i = 0; i < entries.length; i++) {
    const { key, value } = entries[i] as Entry;
    if (path !== "") path += ".";
    path += joined(key, value);
  }
  return `${domain}.${path}`;
}

function joined(key: string, value: string): string {
  return value === "" ? key : `${key}_${value}`;
}
