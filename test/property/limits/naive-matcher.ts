import type { Entry } from "../../../src/limits/descriptor.ts";

/** A rule as it stands in a file. */
export interface PlainRule {
  readonly key: string;
  readonly value?: string;
  readonly rate_limit?: { readonly unit: string; readonly requests_per_unit: number };
  readonly detailed_metric?: boolean;
  readonly value_to_metric?: boolean;
  readonly share_threshold?: boolean;
  readonly descriptors?: readonly PlainRule[];
}

export interface PlainMatch {
  readonly rule: PlainRule;
  readonly statsKey: string;
  readonly sharePatterns: readonly (string | undefined)[] | undefined;
}

/** What the reference's lookup does, written down as plainly as can be: key and value are joined, and all rules are tried. */
export function matchNaively(
  domain: string,
  rules: readonly PlainRule[],
  entries: readonly Entry[],
): PlainMatch | undefined {
  const parts: string[] = [];
  const patterns: (string | undefined)[] = [];
  let level = rules;
  for (const [i, { key, value }] of entries.entries()) {
    const joined = `${key}_${value}`;
    const exact = level.find((rule) => finalKey(rule) === joined);
    const wildcard = exact ?? level.find((rule) => isMatch(finalKey(rule), joined));
    const rule = wildcard ?? level.find((candidate) => finalKey(candidate) === key);
    if (rule === undefined) return undefined;

    const isWildcard = exact === undefined && wildcard !== undefined;
    const prefix = `${key}_`;
    const final = finalKey(rule);
    const pattern = final.startsWith(prefix) ? final.slice(prefix.length) : final;
    const isShared = isWildcard && rule.share_threshold === true;
    if (isShared) patterns[i] = pattern === "" ? undefined : pattern;
    parts.push(join(key, shownValue(rule, value, pattern, isWildcard, exact !== undefined)));

    if (i === entries.length - 1) {
      if (rule.rate_limit === undefined) return undefined;
      const sharePatterns =
        patterns.length === 0 ? undefined : Array.from(entries, (_, at) => patterns[at]);
      const path = rule.detailed_metric
        ? entries.map((entry, at) => detailedPart(entry, sharePatterns, at))
        : parts;
      return { rule, statsKey: [domain, ...path].join("."), sharePatterns };
    }
    level = rule.descriptors ?? [];
  }
  return undefined;
}

export function finalKey({ key, value = "" }: PlainRule): string {
  return join(key, value);
}

function join(key: string, value: string): string {
  return value === "" ? key : `${key}_${value}`;
}

function isMatch(pattern: string, text: string): boolean {
  if (!pattern.includes("*")) return false;
  const escaped = pattern.split("*").map((part) => part.replace(/[^a-z0-9]/gi, "\\$&"));
  return new RegExp(`^${escaped.join("[^]*")}$`).test(text);
}

function shownValue(
  rule: PlainRule,
  value: string,
  pattern: string,
  isWildcard: boolean,
  isExact: boolean,
): string {
  if (isExact) return value;
  if (!isWildcard) return rule.value_to_metric ? value : "";
  if (rule.share_threshold && pattern !== "") return pattern;
  return rule.value_to_metric ? value : pattern;
}

function detailedPart(
  { key, value }: Entry,
  patterns: readonly (string | undefined)[] | undefined,
  at: number,
): string {
  return patterns === undefined ? `${key}_${value}` : join(key, patterns[at] ?? value);
}
