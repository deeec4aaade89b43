import type { DomainRules } from "../../src/limits/compile.ts";
import type { Entry } from "../../src/limits/descriptor.ts";
import type { Match } from "../../src/limits/limit.ts";
import { checkRules, loadRules } from "../../src/limits/load.ts";
import { matchDescriptor } from "../../src/limits/match.ts";
import type { RuleSet } from "../../src/limits/rule-set.ts";

/** Rules of one file. */
export function rulesOf(text: string): RuleSet {
  return loadRules([{ name: "config.yaml", text }], { mergeDomains: false });
}

/** The rules of the one domain that the text holds. */
export function domainOf(text: string): DomainRules {
  const [domain] = rulesOf(text).domains.values();
  if (domain === undefined) throw new Error("no domain in the text");
  return domain;
}

/** Entries of a descriptor, from `[key, value]` pairs. */
export function entriesOf(pairs: readonly (readonly [string, string])[]): Entry[] {
  return pairs.map(([key, value]) => ({ key, value }));
}

/** What applies to a descriptor of these entries. */
export function matchOf(
  domain: DomainRules,
  ...pairs: readonly (readonly [string, string])[]
): Match | undefined {
  return matchDescriptor(domain, {
    entries: entriesOf(pairs),
    override: undefined,
    hitsAddend: undefined,
    isNegativeHits: false,
  });
}

/** The limit that applies, as people say it: `5/second`; `none` when none does. */
export function limitOf(
  domain: DomainRules,
  ...pairs: readonly (readonly [string, string])[]
): string {
  const limit = matchOf(domain, ...pairs)?.limit;
  if (limit === undefined) return "none";
  return limit.unlimited ? "unlimited" : `${limit.requestsPerUnit}/${limit.unit.toLowerCase()}`;
}

/** The message with which a set of files is refused, as the reference has it. */
export function refusal(files: Readonly<Record<string, string>>, mergeDomains = false): string {
  const list = Object.entries(files).map(([name, text]) => ({ name, text }));
  try {
    loadRules(list, { mergeDomains });
  } catch (error) {
    return (error as Error).message;
  }
  return "accepted";
}

/** Every mistake of a file as `line:column text`. */
export function mistakes(text: string): string[] {
  return checkRules([{ name: "config.yaml", text }], { mergeDomains: false }).map(
    (problem) => `${problem.line}:${problem.column} ${problem.text}`,
  );
}
