import type { DomainRules } from "./compile.ts";
import type { Descriptor, Entry } from "./descriptor.ts";
import type { Match } from "./limit.ts";
import { findDefault, findExact, findWildcard, keyRulesOf, type Step } from "./lookup.ts";
import { matchDescriptor } from "./match.ts";
import type { Level, RuleNode } from "./rule-tree.ts";
import { Wildcards } from "./wildcards.ts";

/** Why a descriptor is limited as it is. */
export interface Explanation {
  readonly domain: string;
  /** One for each entry that was looked up. None when the descriptor brought its own limit, or has no entries. */
  readonly steps: readonly ExplainedStep[];
  readonly outcome: Outcome;
  /** What a request gets. */
  readonly match: Match | undefined;
}

/** How one entry was looked up. */
export interface ExplainedStep {
  readonly entry: Entry;
  /** `undefined` when no rule of the level matches. */
  readonly found: { readonly step: Step; readonly rule: ExplainedRule } | undefined;
  /** Rules of the level that match as well and would have been taken next, in that order. */
  readonly passedOver: readonly { readonly step: Step; readonly rule: ExplainedRule }[];
  /** Rules for the same key that do not match, in the order of the files; a few of them. */
  readonly others: readonly ExplainedRule[];
}

/** A rule, to be found by people. */
export interface ExplainedRule {
  readonly fullKey: string;
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  readonly hasLimit: boolean;
  readonly hasNested: boolean;
}

/**
 * - `limited`, `unlimited`: the rule of the last entry decides.
 * - `override`: the descriptor brought a limit, and the rules were not asked.
 * - `no-entries`: an empty descriptor matches nothing.
 * - `no-rule`: no rule matches the last entry that was looked up.
 * - `no-limit`: the rule of the last entry has no limit; with nested rules it is a longer descriptor that is limited.
 * - `too-many-entries`: nothing is nested in the rule that was found, and the descriptor goes on.
 */
export type Outcome =
  | "limited"
  | "unlimited"
  | "override"
  | "no-entries"
  | "no-rule"
  | "no-limit"
  | "too-many-entries";

/** How many rules of a level are shown that do not match. */
const othersMax = 5;

/** Follows `matchDescriptor` step by step and notes what it saw. For people: it takes its time. */
export function explainDescriptor(rules: DomainRules, descriptor: Descriptor): Explanation {
  const match = matchDescriptor(rules, descriptor);
  const { entries, override } = descriptor;
  const steps: ExplainedStep[] = [];
  const explain = (outcome: Outcome): Explanation => ({
    domain: rules.name,
    steps,
    outcome,
    match,
  });
  if (override !== undefined) return explain("override");

  let level: Level | undefined = rules.root;
  let node: RuleNode | undefined;
  for (const entry of entries) {
    if (level === undefined) return explain("too-many-entries");
    const candidates = candidatesOf(level, entry);
    const [first, ...passedOver] = candidates.map(({ step, node }) => ({
      step,
      rule: ruleOf(node),
    }));
    steps.push({ entry, found: first, passedOver, others: othersOf(level, entry, candidates) });
    node = candidates[0]?.node;
    if (node === undefined) return explain("no-rule");
    level = node.children;
  }
  if (node === undefined) return explain("no-entries");
  if (node.limit === undefined) return explain("no-limit");
  return explain(node.limit.unlimited ? "unlimited" : "limited");
}

interface Candidate {
  readonly step: Step;
  readonly node: RuleNode;
}

/** Every rule of the level that matches, the one that is taken first. */
function candidatesOf(level: Level, { key, value }: Entry): Candidate[] {
  const keyRules = keyRulesOf(level, key);
  const exact = findExact(level, keyRules, key, value);
  const first = findWildcard(level, key, value);
  const wildcards =
    first === undefined ? [] : wildcardsOf(level).filter((node) => matchesAlone(node, key, value));
  const byDefault = findDefault(level, keyRules, key);
  const candidates: Candidate[] = [];
  const add = (step: Step, node: RuleNode | undefined) => {
    const isKnown = candidates.some((candidate) => candidate.node === node);
    if (node !== undefined && !isKnown) candidates.push({ step, node });
  };
  add("exact", exact);
  for (const node of wildcards) add("wildcard", node);
  add("default", byDefault);
  return candidates;
}

function wildcardsOf(level: Level): RuleNode[] {
  return level.rules.filter(({ finalKey }) => finalKey.includes("*"));
}

function matchesAlone(node: RuleNode, key: string, value: string): boolean {
  const alone = new Wildcards();
  alone.add(node);
  return alone.find(key, value) !== undefined;
}

function othersOf(
  level: Level,
  { key }: Entry,
  candidates: readonly Candidate[],
): readonly ExplainedRule[] {
  const others: ExplainedRule[] = [];
  for (const node of level.rules) {
    if (others.length === othersMax) break;
    if (node.key !== key || candidates.some((candidate) => candidate.node === node)) continue;
    others.push(ruleOf(node));
  }
  return others;
}

function ruleOf({ fullKey, source, limit, children }: RuleNode): ExplainedRule {
  return {
    fullKey,
    file: source.file,
    line: source.line,
    hasLimit: limit !== undefined,
    hasNested: children !== undefined,
  };
}
