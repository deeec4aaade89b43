import type { RuleSet } from "./rule-set.ts";
import type { Level, RuleNode } from "./rule-tree.ts";

/** Every rule that has a limit, a line each and sorted, as the reference's `/rlconfig` prints them. */
export function printRules(rules: RuleSet): string {
  const lines: string[] = [];
  for (const { root } of rules.domains.values()) addLines(root, lines);
  return lines.sort((left, right) => (left < right ? -1 : 1)).join("");
}

function addLines(level: Level, lines: string[]): void {
  for (const node of level.nodes.values()) {
    if (node.limit !== undefined) lines.push(lineOf(node.fullKey, node.limit));
    if (node.children !== undefined) addLines(node.children, lines);
  }
}

function lineOf(fullKey: string, limit: NonNullable<RuleNode["limit"]>): string {
  const unit = limit.unlimited ? "UNKNOWN" : limit.unit;
  const requests = limit.unlimited ? 0 : limit.requestsPerUnit;
  return `${fullKey}: unit=${unit} requests_per_unit=${requests}, shadow_mode: ${limit.shadowMode}, quota_mode: ${limit.quotaMode}\n`;
}
