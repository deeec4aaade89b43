import type { DomainRules } from "./compile.ts";
import type { Descriptor, Entry, Override } from "./descriptor.ts";
import type { Match } from "./limit.ts";
import { findDefault, findExact, findWildcard, type Step } from "./lookup.ts";
import type { Level, RuleNode } from "./rule-tree.ts";
import { detailedStatsKey, overrideStatsKey, patternBeyond, requestPart } from "./stats-key.ts";

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
  let level: Level = rules.root;
  // What the request itself contributes to the answer; `undefined` as long as the rules alone say it.
  let statsKey: string | undefined;
  let sharePatterns: (string | undefined)[] | undefined;

  for (let i = 0; i <= last; i++) {
    const entry = entries[i] as Entry;
    const { key, value } = entry;
    const keyRules = level.keys.get(key);
    let step: Step = "exact";
    let node = findExact(level, keyRules, key, value);
    if (node === undefined) {
      step = "wildcard";
      node = findWildcard(level, key, value);
    }
    if (node === undefined) {
      step = "default";
      node = findDefault(level, keyRules, key);
    }
    if (node === undefined) return undefined;

    if (step === "wildcard" && node.shareThreshold) {
      sharePatterns ??= new Array<string | undefined>(entries.length).fill(undefined);
      sharePatterns[i] = patternBeyond(node, key) || undefined;
    }
    const part = requestPart(node, step, entry);
    if (part !== undefined || statsKey !== undefined) {
      statsKey = `${statsKey ?? level.path}.${part ?? node.finalKey}`;
    }
    if (i === last) return matchOf(node, rules.name, entries, statsKey, sharePatterns);
    if (node.children === undefined) return undefined;
    level = node.children;
  }
  return undefined;
}

function matchOf(
  node: RuleNode,
  domain: string,
  entries: readonly Entry[],
  statsKey: string | undefined,
  sharePatterns: readonly (string | undefined)[] | undefined,
): Match | undefined {
  const { limit, match } = node;
  if (limit === undefined) return undefined;
  if (node.detailedMetric) {
    return { limit, statsKey: detailedStatsKey(domain, entries, sharePatterns), sharePatterns };
  }
  if (statsKey === undefined && sharePatterns === undefined) return match;
  return { limit, statsKey: statsKey ?? node.fullKey, sharePatterns };
}

/** The rules have no say: the limit is unnamed, enforced, and without metadata. */
function overrideMatch(
  domain: string,
  entries: readonly Entry[],
  { requestsPerUnit, unit }: Override,
): Match {
  return {
    limit: {
      requestsPerUnit,
      unit,
      algorithm: "fixed_window",
      unlimited: false,
      name: "",
      replaces: [],
      shadowMode: false,
      quotaMode: false,
      metadata: undefined,
      failurePolicy: undefined,
    },
    statsKey: overrideStatsKey(domain, entries),
    sharePatterns: undefined,
  };
}
