import type { DomainRules } from "./compile.ts";
import type { Descriptor, Entry, Override } from "./descriptor.ts";
import type { Match } from "./limit.ts";
import { findDefault, findExact, findWildcard, keyRulesOf, type Step } from "./lookup.ts";
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
  // Whether the entries read as the rules on the way do, so that the counter's key is known but for the last value.
  let isAsWritten = true;

  for (let i = 0; i <= last; i++) {
    const entry = entries[i] as Entry;
    const { key, value } = entry;
    const keyRules = keyRulesOf(level, key);
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
    if (i === last) {
      isAsWritten &&= step === (node.value === "" ? "default" : "exact");
      const isUsual = statsKey === undefined && sharePatterns === undefined && !node.detailedMetric;
      return isUsual && (isAsWritten || node.match?.keyPath === undefined)
        ? node.match
        : ownMatch(node, rules.name, entries, { statsKey, sharePatterns, isAsWritten });
    }
    if (node.children === undefined) return undefined;
    isAsWritten &&= step === "exact";
    level = node.children;
  }
  return undefined;
}

/** What a request contributes to its match; the usual one contributes nothing. */
interface Contribution {
  readonly statsKey: string | undefined;
  readonly sharePatterns: readonly (string | undefined)[] | undefined;
  readonly isAsWritten: boolean;
}

/** A match of the request's own. */
function ownMatch(
  { match, detailedMetric }: RuleNode,
  domain: string,
  entries: readonly Entry[],
  { statsKey, sharePatterns, isAsWritten }: Contribution,
): Match | undefined {
  if (match === undefined) return undefined;
  const name = detailedMetric ? detailedStatsKey(domain, entries, sharePatterns) : statsKey;
  return {
    ...match,
    statsKey: name ?? match.statsKey,
    sharePatterns,
    keyPath: isAsWritten ? match.keyPath : undefined,
    stats: undefined,
  };
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
    keyPath: undefined,
    isValueKeyed: false,
    stats: undefined,
  };
}
