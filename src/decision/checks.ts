import type { Descriptor, RateLimitRequest } from "../limits/descriptor.ts";
import type { Match } from "../limits/limit.ts";
import { matchDescriptor } from "../limits/match.ts";
import type { RuleSet } from "../limits/rule-set.ts";
import type { Check } from "./check.ts";
import { hitsOf } from "./hits.ts";

/**
 * Finds what applies to each descriptor of a request: its match, unless another limit of the same request replaces it. In a
 * domain without rules nothing applies, not even a limit that the request brings along.
 */
export function matchRequest(rules: RuleSet, request: RateLimitRequest): readonly Check[] {
  const domain = rules.domains.get(request.domain);
  const toCheck = (descriptor: Descriptor): Check => ({
    descriptor,
    match: domain && matchDescriptor(domain, descriptor),
    hits: hitsOf(descriptor, request.hitsAddend),
  });
  const checks = request.descriptors.map(toCheck);
  const replaced = replacedNames(checks);
  return replaced === undefined
    ? checks
    : checks.map((check) =>
        isReplaced(check.match, replaced) ? { ...check, match: undefined } : check,
      );
}

/** Every name that a match of the request replaces, also those named by limits that are themselves replaced. */
function replacedNames(checks: readonly Check[]): ReadonlySet<string> | undefined {
  const replacing = checks.filter(
    ({ match }) => match !== undefined && match.limit.replaces.length > 0,
  );
  if (replacing.length === 0) return undefined;
  return new Set(replacing.flatMap(({ match }) => match?.limit.replaces ?? []));
}

function isReplaced(match: Match | undefined, names: ReadonlySet<string>): boolean {
  return match !== undefined && !match.limit.unlimited && names.has(match.limit.name);
}
