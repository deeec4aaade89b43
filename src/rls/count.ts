import type { CounterStore } from "../counters/store.ts";
import { expectedTotals, looksOf, planAdmissions } from "../decision/admission.ts";
import type { DecisionOptions } from "../decision/algorithm.ts";
import type { Check } from "../decision/check.ts";
import type { Plan } from "../decision/plan.ts";

/** Adds the increments of a plan, or those of them that are to be counted, and answers the totals that `decide` judges by. As `CounterStore`, also about `deadlineMs`. */
export function count(
  store: CounterStore,
  checks: readonly Check[],
  plan: Plan,
  options: DecisionOptions,
  deadlineMs?: number,
): Promise<readonly number[]> {
  return options.countsOnlyAdmitted
    ? countAdmitted(store, checks, plan, options, deadlineMs)
    : store.incrementAll(plan.increments, deadlineMs);
}

async function countAdmitted(
  store: CounterStore,
  checks: readonly Check[],
  plan: Plan,
  options: DecisionOptions,
  deadlineMs?: number,
): Promise<readonly number[]> {
  const { admissions, isDenied } = planAdmissions(checks, plan, options);
  if (!isDenied) return store.admitAll(admissions, deadlineMs);
  // Only looked at, since nothing is added any more; hits given back are given back.
  return expectedTotals(admissions, await store.incrementAll(looksOf(admissions), deadlineMs));
}
