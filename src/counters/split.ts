import type { Admission, Increment } from "../decision/increment.ts";
import { admitInPlaces } from "./admit-in-places.ts";
import type { CounterStore } from "./store.ts";

/** Keeps the counters of a second in a store of their own (`REDIS_PERSECOND`): they are many, and gone in a moment. */
export function createSplitStore(main: CounterStore, perSecond: CounterStore): CounterStore {
  return { incrementAll, admitAll, close };

  async function incrementAll(
    increments: readonly Increment[],
    deadlineMs?: number,
  ): Promise<readonly number[]> {
    const seconds = increments.filter((increment) => increment.perSecond);
    if (seconds.length === 0) return main.incrementAll(increments, deadlineMs);
    if (seconds.length === increments.length) return perSecond.incrementAll(increments, deadlineMs);
    const others = increments.filter((increment) => !increment.perSecond);
    const [ofSeconds, ofOthers] = await Promise.all([
      perSecond.incrementAll(seconds, deadlineMs),
      main.incrementAll(others, deadlineMs),
    ]);
    let second = 0;
    let other = 0;
    return increments.map((increment) =>
      Number(increment.perSecond ? ofSeconds[second++] : ofOthers[other++]),
    );
  }

  function admitAll(
    admissions: readonly Admission[],
    deadlineMs: number = Number.POSITIVE_INFINITY,
  ): Promise<readonly number[]> {
    return admitInPlaces(admissions, deadlineMs, {
      placeOf: (admission) => (admission.perSecond ? perSecond : main),
      admitAt: (store, group) => store.admitAll(group, deadlineMs),
      incrementAll,
    });
  }

  async function close(): Promise<void> {
    await Promise.all([main.close(), perSecond.close()]);
  }
}
