import type { DecisionOptions, LimitedCheck, Question } from "./algorithm.ts";
import { algorithms } from "./algorithms.ts";
import type { Check } from "./check.ts";
import type { Increment } from "./increment.ts";
import type { KnownOver } from "./known-over.ts";

/** Which counters to ask for a request, and which checks need no asking. */
export interface Plan {
  readonly increments: readonly Increment[];
  /** For each check the place of its first increment; when it has none, one of the following. */
  readonly places: readonly number[];
}

export const notCounted = -1;
export const knownOver = -2;
/** What a failure policy says (`without-store.ts`). */
export const allowed = -3;
export const denied = -4;

/** Plans the increments of all checks, in their order. */
export function planIncrements(
  checks: readonly Check[],
  question: Question,
  options: DecisionOptions,
  remembered: KnownOver,
): Plan {
  const increments: Increment[] = [];
  const places = new Array<number>(checks.length);
  for (let i = 0; i < checks.length; i++) {
    const check = checks[i] as Check;
    const at = increments.length;
    if (!isLimited(check)) {
      places[i] = notCounted;
      continue;
    }
    algorithms[check.match.limit.algorithm].plan(check, question, options, increments);
    const isOver = isKnownOver(increments, at, question, options, remembered);
    if (isOver) increments.length = at;
    places[i] = isOver ? knownOver : at;
  }
  return { increments, places };
}

export function isLimited(check: Check): check is LimitedCheck {
  return check.match !== undefined && !check.match.limit.unlimited;
}

function isKnownOver(
  increments: readonly Increment[],
  from: number,
  { nowSeconds }: Question,
  { countsOnlyAdmitted }: DecisionOptions,
  remembered: KnownOver,
): boolean {
  // Hits given back always reach the counter: they may bring it below its limit again. A counter of admitted hits is remembered
  // once it has reached its limit, which is over for any hit but not for a look.
  const hitsMin = countsOnlyAdmitted ? 1 : 0;
  for (let i = from; i < increments.length; i++) {
    const increment = increments[i] as Increment;
    if (increment.hits >= hitsMin && remembered.has(increment.key, nowSeconds)) return true;
  }
  return false;
}
