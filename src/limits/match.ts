import type { DomainRules } from "./compile.ts";
import type { Descriptor, Entry, Override } from "./descriptor.ts";
import type { Match } from "./limit.ts";
import type { Level, RuleNode } from "./rule-tree.ts";

/**
 * The limit that applies to a descriptor; `undefined` when none does.
 *
 * Each entry leads one level down: to the rule for exactly this key and value, else to the first wildcard of the file that matches,
 * else to the rule for the key alone. There is no way back up, and only the rule of the last entry limits. A limit that the
 * descriptor brings along takes the place of all rules.
 */
export function matchDescriptor(rules: DomainRules, descriptor: Descriptor): Match | undefined {
  const { entries, override } = descriptor;
  if (override !== undefined) return overrideMatch(rules.name, entries, override);

  const last = entries.length - 1;
  let level: Level | undefined = rules.root;
  // What the request itself contributes to the answer; `undefined` as long as the rules alone say it.
  let statsKey: string | undefined;
  let sharePatterns: (string | undefined)[] | undefined;

  for (let i = 0; i <= last; i++) {
    const { key, value } = entries[i] as Entry;
    let isWildcard = false;
    let isDefault = false;
    let node = findExact(level, key, value);
    if (node === undefined) {
      node = level.wildcards?.find(key, value);
      isWildcard = node !== undefined;
    }
    if (node === undefined) {
      node = findDefault(level, key);
      isDefault = true;
    }
    if (node === undefined) return undefined;

    if (isWildcard && node.shareThreshold) {
      sharePatterns ??= new Array<string | undefined>(entries.length).fill(undefined);
      sharePatterns[i] = patternBeyond(node, key);
    }
    const part = runtimePart(node, key, value, isWildcard, isDefault);
    if (statsKey !== undefined || part !== undefined) {
      statsKey = `${statsKey ?? level.path}.${part ?? node.finalKey}`;
    }
    if (i === last) return answer(rules.name, node, entries, statsKey, sharePatterns);
    if (node.children === undefined) return undefined;
    level = node.children;
  }
  return undefined;
}

/** The rule for this key and value, whichever way its own key and value were cut. */
export function findExact(level: Level, key: string, value: string): RuleNode | undefined {
  const rules = level.keys.get(key);
  const node = rules?.values?.get(value);
  if (node !== undefined) return node;
  return rules?.hasSplits || level.hasUnlistedSplits
    ? level.nodes.get(`${key}_${value}`)
    : undefined;
}

/** The rule for a key whatever its value. */
export function findDefault(level: Level, key: string): RuleNode | undefined {
  const rules = level.keys.get(key);
  return rules === undefined ? level.nodes.get(key) : rules.byDefault;
}

const underscore = 0x5f;

/** What of a wildcard stands beyond the request's key: the pattern of the value, or all of it when a star stands in the key. */
export function patternBeyond({ finalKey }: RuleNode, key: string): string {
  return beginsWithKey(finalKey, key) ? finalKey.slice(key.length + 1) : finalKey;
}

function beginsWithKey(finalKey: string, key: string): boolean {
  return finalKey.charCodeAt(key.length) === underscore && finalKey.startsWith(key);
}

/** An entry's part of the metric name where it differs from the rule's final key; `undefined` where it does not. */
export function runtimePart(
  node: RuleNode,
  key: string,
  value: string,
  isWildcard: boolean,
  isDefault: boolean,
): string | undefined {
  if (isDefault) return node.valueToMetric && value !== "" ? `${key}_${value}` : undefined;
  if (!isWildcard) return value === "" ? key : undefined;
  if (node.valueToMetric && !node.shareThreshold) return value === "" ? key : `${key}_${value}`;
  return beginsWithKey(node.finalKey, key) ? undefined : `${key}_${node.finalKey}`;
}

function answer(
  domain: string,
  node: RuleNode,
  entries: readonly Entry[],
  statsKey: string | undefined,
  sharePatterns: readonly (string | undefined)[] | undefined,
): Match | undefined {
  if (node.limit === undefined) return undefined;
  if (node.detailedMetric) {
    return {
      limit: node.limit,
      statsKey: detailedKey(domain, entries, sharePatterns),
      sharePatterns,
    };
  }
  if (statsKey === undefined && sharePatterns === undefined) return node.match;
  return { limit: node.limit, statsKey: statsKey ?? node.fullKey, sharePatterns };
}

/** Every entry with its value. An empty value leaves its underscore, unless an entry is shared (as the reference has it). */
function detailedKey(
  domain: string,
  entries: readonly Entry[],
  sharePatterns: readonly (string | undefined)[] | undefined,
): string {
  let statsKey = domain;
  for (let i = 0; i < entries.length; i++) {
    const { key, value } = entries[i] as Entry;
    const shown = sharePatterns?.[i] ?? value;
    statsKey += shown === "" && sharePatterns !== undefined ? `.${key}` : `.${key}_${shown}`;
  }
  return statsKey;
}

function overrideMatch(domain: string, entries: readonly Entry[], override: Override): Match {
  let path = "";
  for (let i = 0; i < entries.length; i++) {
    const { key, value } = entries[i] as Entry;
    if (path !== "") path += ".";
    path += value === "" ? key : `${key}_${value}`;
  }
  return {
    limit: {
      requestsPerUnit: override.requestsPerUnit,
      unit: override.unit,
      algorithm: "fixed_window",
      unlimited: false,
      name: "",
      replaces: [],
      shadowMode: false,
      quotaMode: false,
      metadata: undefined,
    },
    statsKey: `${domain}.${path}`,
    sharePatterns: undefined,
  };
}
