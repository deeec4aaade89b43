import type { Increment } from "../decision/increment.ts";

/**
 * Where counts live: the seam between the decision and memory, Redis or whatever comes next. `test/contract/` holds every
 * implementation to the same behaviours.
 */
export interface CounterStore {
  /**
   * Adds every increment to its counter and answers the totals, one for each increment and in the same order. Increments of equal
   * keys are applied one after another, so each has its own place in the total; a total is exact however many callers and
   * instances add at once. Nothing is atomic across keys.
   *
   * An increment is never sent a second time: after an error it may or may not have been counted.
   *
   * @throws VelocityGateError `STORE_UNAVAILABLE` or `STORE_TIMEOUT`; its message names no counter key.
   */
  incrementAll(increments: readonly Increment[]): Promise<readonly number[]>;

  /** Stops taking increments and frees what the store holds. Idempotent. */
  close(): Promise<void>;
}
