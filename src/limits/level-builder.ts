import type { KeyRules, Level, LevelIndex, RuleNode } from "./rule-tree.ts";
import { Wildcards } from "./wildcards.ts";

/** Of how many underscores of one rule the splits are listed; a lookup in a level with a rule of more joins key and value. */
const listedSplitsMax = 8;

/** Builds the lookup structure of one level, rule by rule. */
export class LevelBuilder {
  readonly path: string;
  /**
   * The domain and the entries down to this level as a counter's key has them, with an underscore behind each. `undefined`: a rule on
   * the way is for every value, so that the request has to say them.
   */
  readonly keyPath: string | undefined;
  readonly #rules: RuleNode[] = [];
  /** Made for the second rule, or a wildcard. */
  #index: IndexBuilder | undefined;

  constructor(path: string, keyPath: string | undefined) {
    this.path = path;
    this.keyPath = keyPath;
  }

  has(finalKey: string): boolean {
    return this.#index?.has(finalKey) ?? this.#rules[0]?.finalKey === finalKey;
  }

  add(node: RuleNode): void {
    this.#rules.push(node);
    if (this.#index === undefined) {
      if (this.#rules.length === 1 && !node.finalKey.includes("*")) return;
      this.#index = new IndexBuilder();
      for (const rule of this.#rules) this.#index.add(rule);
    } else {
      this.#index.add(node);
    }
  }

  /** `undefined` when no rule was added. */
  build(): Level | undefined {
    return this.#rules.length === 0 ? undefined : this.buildRoot();
  }

  buildRoot(): Level {
    // A copy has no room for more.
    return { path: this.path, rules: [...this.#rules], index: this.#index?.build() };
  }
}

class IndexBuilder {
  readonly #nodes = new Map<string, RuleNode>();
  readonly #keys = new Map<string, MutableKeyRules>();
  #wildcards: Wildcards | undefined;
  #hasUnlistedSplits = false;

  has(finalKey: string): boolean {
    return this.#nodes.has(finalKey);
  }

  add(node: RuleNode): void {
    const { finalKey, key } = node;
    this.#nodes.set(finalKey, node);
    if (node.value !== "") {
      const rules = this.#rulesOf(key);
      rules.values ??= new Map();
      rules.values.set(node.value, node);
    }
    this.#listSplits(node);
    if (finalKey.includes("*")) {
      this.#wildcards ??= new Wildcards();
      this.#wildcards.add(node);
    }
  }

  build(): LevelIndex {
    for (const [key, rules] of this.#keys) rules.byDefault = this.#nodes.get(key);
    return {
      nodes: this.#nodes,
      keys: this.#keys,
      wildcards: this.#wildcards,
      hasUnlistedSplits: this.#hasUnlistedSplits,
    };
  }

  /** Notes every other way to cut the final key at an underscore into a key and a value. */
  #listSplits({ finalKey, key, value }: RuleNode): void {
    let listed = 0;
    for (let at = finalKey.indexOf("_"); at >= 0; at = finalKey.indexOf("_", at + 1)) {
      if (value !== "" && at === key.length) continue;
      if (listed === listedSplitsMax) {
        this.#hasUnlistedSplits = true;
        return;
      }
      listed += 1;
      this.#rulesOf(finalKey.slice(0, at)).hasSplits = true;
    }
  }

  #rulesOf(key: string): MutableKeyRules {
    let rules = this.#keys.get(key);
    if (rules === undefined) {
      rules = { values: undefined, byDefault: undefined, hasSplits: false };
      this.#keys.set(key, rules);
    }
    return rules;
  }
}

interface MutableKeyRules extends KeyRules {
  values: Map<string, RuleNode> | undefined;
  byDefault: RuleNode | undefined;
  hasSplits: boolean;
}
