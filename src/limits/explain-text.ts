import type { ExplainedRule, ExplainedStep, Explanation } from "./explain.ts";
import type { Limit } from "./limit.ts";
import type { Step } from "./lookup.ts";

/** An explanation as text, ending with a line break. */
export function printExplanation(explanation: Explanation): string {
  const { domain, steps } = explanation;
  const lines = [`domain ${domain}`];
  for (const step of steps) printStep(step, lines);
  lines.push(`=> ${conclusion(explanation)}`);
  return `${lines.join("\n")}\n`;
}

function printStep({ entry, found, passedOver, others }: ExplainedStep, lines: string[]): void {
  lines.push(`${entry.key}=${entry.value}`);
  if (found === undefined) lines.push("  no rule matches");
  else lines.push(`  ${ways[found.step]}: ${place(found.rule)}`);
  for (const { step, rule } of passedOver) {
    lines.push(`  matches too, but comes later (${ways[step]}): ${place(rule)}`);
  }
  if (found === undefined) {
    for (const rule of others) lines.push(`  does not match: ${place(rule)}`);
  }
}

const ways: Readonly<Record<Step, string>> = {
  exact: "exact",
  wildcard: "wildcard",
  default: "any value",
};

function place({ fullKey, file, line }: ExplainedRule): string {
  return `${fullKey} (${file}:${line})`;
}

function conclusion({ steps, outcome, match }: Explanation): string {
  const last = steps.at(-1)?.found?.rule;
  switch (outcome) {
    case "limited":
      return `limited to ${match === undefined ? "" : amount(match.limit)}`;
    case "override":
      return `limited by the descriptor itself to ${match === undefined ? "" : amount(match.limit)}; the rules are not asked`;
    case "unlimited":
      return "unlimited: counted in metrics, never denied";
    case "no-entries":
      return "not limited: the descriptor has no entries";
    case "no-rule":
      return "not limited: no rule matches this entry, and no other branch is tried";
    case "no-limit":
      return last?.hasNested
        ? "not limited: the rule has no rate_limit; those nested in it need more entries"
        : "not limited: the rule has no rate_limit, which exempts what it matches";
    case "too-many-entries":
      return last?.hasLimit
        ? "not limited: the rule's limit is for descriptors that end here, and this one has more entries"
        : "not limited: nothing is nested in the rule, and the descriptor has more entries";
  }
}

function amount(limit: Limit): string {
  const { requestsPerUnit, unit, shadowMode, quotaMode, name, failurePolicy } = limit;
  const flags = [
    ...(name === "" ? [] : [`name ${name}`]),
    ...(shadowMode ? ["shadow mode"] : []),
    ...(quotaMode ? ["quota mode"] : []),
    ...(failurePolicy === undefined ? [] : [`failure policy ${failurePolicy}`]),
  ];
  const suffix = flags.length === 0 ? "" : ` (${flags.join(", ")})`;
  return `${requestsPerUnit} per ${unit.toLowerCase()}${suffix}`;
}
