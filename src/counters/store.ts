import type { Admission, Increment } from "../decision/increment.ts";

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
   * @param deadlineMs until when the totals are of use, in milliseconds of `performance.now`; infinity, or absent: as long as the
   *   store itself has patience. They may come later, and what was not sent by then never is.
   * @throws StoreError that says why; its message names no counter key.
   */
  incrementAll(increments: readonly Increment[], deadlineMs?: number): Promise<readonly number[]>;

  /**
   * Adds the increments of one request unless it is denied (`decision/admission.ts`), and answers for each the total that its counter
   * has with its hits, whether they were added or not; for hits given back, the total that it has. What exceeds its limit is not added,
   * and when that denies the request, nothing is but what is given back.
   *
   * Counts never exceed their limits this way, however many callers and instances there are. Where the counters of a request lie
   * in several places (a Redis Cluster, `REDIS_PERSECOND`, Memcached) it is not one step: what a request has added before it is denied
   * elsewhere is taken back at once, and may have denied another one in between. That need not be over by the deadline.
   *
   * @param deadlineMs as `incrementAll`
   * @throws StoreError as `incrementAll`
   */
  admitAll(admissions: readonly Admission[], deadlineMs?: number): Promise<readonly number[]>;

  /** Stops taking increments and frees what the store holds. Idempotent. */
  close(): Promise<void>;
}
