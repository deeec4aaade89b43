import type { CounterStore } from "../counters/store.ts";
import type { DecisionOptions, Question } from "../decision/algorithm.ts";
import type { Check, Decision } from "../decision/check.ts";
import { decide } from "../decision/decide.ts";
import type { Plan } from "../decision/plan.ts";
import { asRequested, planWithoutStore, policiesOf } from "../decision/without-store.ts";
import { StoreError, type StoreFailure } from "../errors.ts";
import type { FailurePolicy } from "../limits/limit.ts";
import { count } from "./count.ts";

/**
 * Decides on a request that the store could not be asked about.
 *
 * @param error why not
 * @throws it (rejects), when a limit of the request has the policy `error`, or when it is not the store's
 */
export type DecideWithoutStore = (
  error: unknown,
  checks: readonly Check[],
  plan: Plan,
  question: Question,
) => Promise<Decision>;

export interface WithoutStoreParts {
  /** Of limits that have none of their own. */
  readonly policy: FailurePolicy;
  /** Where `local` counts. */
  readonly memory: CounterStore;
  /** How many processes share each limit now, at least 1. */
  readonly instances: () => number;
  readonly stats: WithoutStoreStats;
  readonly options: DecisionOptions;
}

/** Where it is counted; `observe/metrics.ts` is the real one. */
export interface WithoutStoreStats {
  /** The store could not be asked about one limit for this reason, and the policy stood in. */
  withoutStore(reason: StoreFailure, policy: FailurePolicy): void;
}

export function createDecideWithoutStore(parts: WithoutStoreParts): DecideWithoutStore {
  const { policy, memory, instances, stats, options } = parts;
  return async (error, checks, plan, question) => {
    if (!(error instanceof StoreError)) throw error;
    const policies = policiesOf(checks, plan, parts);
    const fails = policies.includes("error");
    for (const each of policies) stats.withoutStore(error.reason, fails ? "error" : each);
    if (fails) throw error;

    const insured = planWithoutStore(checks, plan, { policy, instances: instances() });
    const totals =
      insured.increments.length > 0 ? await count(memory, insured.checks, insured, options) : [];
    const decision = decide(insured.checks, insured, totals, question, options);
    return { ...asRequested(checks, decision), withoutStore: error.reason };
  };
}
