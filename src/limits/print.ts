import type { RuleSet } from "./rule-set.ts";
import type { Level, RuleNode } from "./rule-tree.ts";

/**
 * All limits, a line each, as the reference dumps them for `/rlconfig`; sorted, so that two dumps can be compared. Rules without a
 * limit are not in it. Empty when there is no limit.
 */
export function printRules(rules: RuleSet): string {
  const lines: string[] = [];
  for (const { root } of rules.domains.values()) printLevel(root, lines);
  lines.sort((left, right) => (left < right ? -1 : 1));
  return lines.join("");
}

function printLevel(level: Level, lines: string[]): void {
  for (const node of level.rules) {
    if (node.limit !== undefined) lines.push(printLimit(node, node.limit));
    if (node.children !== undefined) printLevel(node.children, lines);
  }
}

function printLimit({ fullKey }: RuleNode, limit: NonNullable<RuleNode["limit"]>): string {
  const { unlimited, unit, requestsPerUnit, shadowMode, quotaMode } = limit;
  const shownUnit = unlimited ? "UNKNOWN" : unit;
  return `${fullKey}: unit=${shownUnit} requests_per_unit=${requestsPerUnit}, shadow_mode: ${shadowMode}, quota_mode: ${quotaMode}\n`;
}
