import type { Limit, Match } from "./limit.ts";
import type { Wildcards } from "./wildcards.ts";

/** One rule, compiled. */
export interface RuleNode {
  /** `key`, or `key_value` when the rule is for one value: what the entry of a request is compared with. */
  readonly finalKey: string;
  /** The domain and the final keys down to this rule, joined with dots: its name in dumps and metrics. */
  readonly fullKey: string;
  readonly key: string;
  readonly value: string;
  /** `undefined`: what ends here is not limited, and not found by a rule further up either. */
  readonly limit: Limit | undefined;
  /** The answer when no part of it depends on the request. `undefined` when the rule has no limit. */
  readonly match: Match | undefined;
  readonly detailedMetric: boolean;
  readonly valueToMetric: boolean;
  readonly shareThreshold: boolean;
  /** `undefined` when nothing is nested in the rule. */
  readonly children: Level | undefined;
  /** Where the rule stands. */
  readonly source: RuleSourcePlace;
}

export interface RuleSourcePlace {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
}

/** The rules that stand side by side: those of a domain, or those nested in one rule. */
export interface Level {
  /** The full key of the rule that holds this level, or the domain's name. */
  readonly path: string;
  /** In the order of the files. */
  readonly rules: readonly RuleNode[];
  /** `undefined`: there is at most one rule, without a wildcard, and comparing with it is all there is to do. */
  readonly index: LevelIndex | undefined;
}

/** Where the rules of a level are found. */
export interface LevelIndex {
  /** By their final keys. */
  readonly nodes: ReadonlyMap<string, RuleNode>;
  readonly keys: ReadonlyMap<string, KeyRules>;
  readonly wildcards: Wildcards | undefined;
  /** A rule has so many underscores that not all of its splits stand in `keys`. */
  readonly hasUnlistedSplits: boolean;
}

/** What a level has for one key of a request. */
export interface KeyRules {
  /** The rules for a single value, by that value. */
  readonly values: ReadonlyMap<string, RuleNode> | undefined;
  /** The rule for every other value. */
  readonly byDefault: RuleNode | undefined;
  /**
   * A rule that was written with another key reads the same once key and value are joined: key `a`, value `b_c` and key `a_b`,
   * value `c` are one. Then the joined text has to be looked up.
   */
  readonly hasSplits: boolean;
}
