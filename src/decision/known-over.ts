import type { DecisionOptions, Question } from "./algorithm.ts";
import type { Decision, DescriptorStatus } from "./check.ts";
import type { Plan } from "./plan.ts";

/** Counters that this instance has seen over their limit, until their window ends: the reference's «local cache». */
export interface KnownOver {
  has(key: string, nowSeconds: number): boolean;
  remember(key: string, untilSeconds: number): void;
  /** Hits were given back: the counter has to be asked again. */
  forget(key: string): void;
}

/** Remembers nothing: the operator gave no room to the local cache. */
export const noneKnownOver: KnownOver = {
  has: () => false,
  remember: () => undefined,
  forget: () => undefined,
};

/** Remembers the counters that a decision found over their limit, and forgets those that hits were given back to. */
export function rememberOver(
  { increments, places }: Plan,
  { checks, statuses }: Decision,
  { nowSeconds }: Question,
  { countsOnlyAdmitted }: Pick<DecisionOptions, "countsOnlyAdmitted">,
  knownOver: KnownOver,
): void {
  for (let i = 0; i < places.length; i++) {
    const increment = increments[places[i] ?? -1];
    const status = statuses[i];
    const check = checks[i];
    if (increment === undefined || status === undefined || check === undefined) continue;
    if (check.descriptor.isNegativeHits) knownOver.forget(increment.key);
    else if (isOver(status) && (!countsOnlyAdmitted || status.overLimitHits === check.hits)) {
      // Where only admitted hits count, a request that was too large leaves room for a smaller one: then not all of its hits were over.
      knownOver.remember(increment.key, nowSeconds + status.resetSeconds);
    }
  }
}

function isOver({ code, isShadowed }: DescriptorStatus): boolean {
  return code === "OVER_LIMIT" || isShadowed;
}
