/**
 * What is answered while the store cannot be asked, limit by limit, by its failure policy. Checks that need no asking (without a limit,
 * unlimited, known to be over) are judged as ever, and shadow and quota modes keep their meaning.
 */
import type { FailurePolicy } from "../limits/limit.ts";
import type { LimitedCheck } from "./algorithm.ts";
import type { Check, Decision, DescriptorStatus } from "./check.ts";
import type { Increment } from "./increment.ts";
import { allowed, denied, isLimited, type Plan } from "./plan.ts";

/** The policy of a limit that has none of its own, and what `local` divides by. */
export interface Insurance {
  readonly policy: FailurePolicy;
  /** How many processes share each limit, at least 1. */
  readonly instances: number;
}

/** A request that is to be decided on without the store. */
export interface InsuredPlan extends Plan {
  /** One for each of the request; those of `local` with this instance's share as their limit. Increments are for its own memory. */
  readonly checks: readonly Check[];
}

/** The policies that a request comes under: one for each check that the store should have been asked about, in their order. */
export function policiesOf(
  checks: readonly Check[],
  { places }: Plan,
  { policy }: Pick<Insurance, "policy">,
): readonly FailurePolicy[] {
  const policies: FailurePolicy[] = [];
  checks.forEach(({ match }, i) => {
    if (isAsked(places[i])) policies.push(match?.limit.failurePolicy ?? policy);
  });
  return policies;
}

/** Replaces the store by the policies, none of which may be `error`. */
export function planWithoutStore(
  checks: readonly Check[],
  { increments, places }: Plan,
  insurance: Insurance,
): InsuredPlan {
  const kept: Increment[] = [];
  const insured: Check[] = [];
  const newPlaces = checks.map((check, i) => {
    const at = places[i] as number;
    const policy = check.match?.limit.failurePolicy ?? insurance.policy;
    const isLocal = isAsked(at) && policy === "local" && isLimited(check);
    insured.push(isLocal ? withShare(check, insurance.instances) : check);
    if (!isAsked(at)) return at;
    if (!isLocal) return policy === "allow" ? allowed : denied;
    const place = kept.length;
    kept.push(
      ...increments.slice(
        at,
        places.find((next, j) => j > i && isAsked(next)),
      ),
    );
    return place;
  });
  return { checks: insured, increments: kept, places: newPlaces };
}

/** The decision about the request itself: no share is told as a limit. */
export function asRequested(checks: readonly Check[], decision: Decision): Decision {
  const statuses = decision.statuses.map((status, i): DescriptorStatus => {
    const limit = checks[i]?.match?.limit;
    return status.limit === undefined ? status : { ...status, limit };
  });
  return { ...decision, checks, statuses };
}

/**
 * An equal part of a limit, rounded up: of a limit that admits something each instance admits something, and all of them together at
 * most one less than there are instances too many.
 */
export function shareOf(requestsPerUnit: number, instances: number): number {
  return Math.ceil(requestsPerUnit / instances);
}

function withShare(check: LimitedCheck, instances: number): LimitedCheck {
  const { match } = check;
  const requestsPerUnit = shareOf(match.limit.requestsPerUnit, instances);
  return { ...check, match: { ...match, limit: { ...match.limit, requestsPerUnit } } };
}

/** Whether this place is one among the increments. */
function isAsked(place: number | undefined): boolean {
  return place !== undefined && place >= 0;
}
