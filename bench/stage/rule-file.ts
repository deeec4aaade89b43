import { pathOf } from "../load/request.ts";

/** The domain of the requests, and one whose limits are soon reached. */
export const benchDomain = "bench";
export const overDomain = "bench-over";

/** More than any run asks of one counter. */
export const benchLimit = 1_000_000_000;

/** How many paths have a rule of their own in a file of so many rules: one is for `remote_address`. */
export function pathsOf(rules: number): number {
  return rules - 1;
}

/**
 * A rule file with so many limits, at least 2. They are per year: a run does not cross the end of a window, and its counters are
 * those of the run before.
 */
export function ruleFile(domain: string, rules: number, limit: number): string {
  const rateLimit = `rate_limit: { unit: year, requests_per_unit: ${limit} }`;
  const lines = [
    `domain: ${domain}`,
    "descriptors:",
    "  - key: remote_address",
    `    ${rateLimit}`,
  ];
  for (let i = 0; i < pathsOf(rules); i++) {
    lines.push(
      "  - key: path",
      `    value: ${pathOf(i)}`,
      "    descriptors:",
      `      - { key: user, ${rateLimit} }`,
    );
  }
  return `${lines.join("\n")}\n`;
}
