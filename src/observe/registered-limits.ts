import type { RuleSet } from "../limits/rule-set.ts";
import type { Level } from "../limits/rule-tree.ts";
import type { RegisteredLimit } from "./limit-table.ts";

/** Every limit of a rule set, under the name that the rules alone give it. */
export function* limitsOf(rules: RuleSet): Iterable<RegisteredLimit> {
  for (const { name, root } of rules.domains.values()) yield* limitsOfLevel(name, root, []);
}

function* limitsOfLevel(
  domain: string,
  level: Level,
  above: readonly string[],
): Iterable<RegisteredLimit> {
  for (const node of level.rules) {
    const levels = [...above, node.finalKey];
    if (node.limit !== undefined) yield { statsKey: node.fullKey, domain, levels };
    if (node.children !== undefined) yield* limitsOfLevel(domain, node.children, levels);
  }
}
