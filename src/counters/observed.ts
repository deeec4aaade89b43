import type { CounterStore } from "./store.ts";

/** The same store, telling how long each batch took, in seconds, and how many increments it had. Failed batches count too. */
export function observed(
  store: CounterStore,
  observe: (seconds: number, increments: number) => void,
): CounterStore {
  const tellOf = (startedMs: number, increments: number, totals: Promise<readonly number[]>) => {
    const tell = () => observe((performance.now() - startedMs) / 1000, increments);
    totals.then(tell, tell);
    return totals;
  };
  return {
    incrementAll: (increments) =>
      tellOf(performance.now(), increments.length, store.incrementAll(increments)),
    admitAll: (admissions) =>
      tellOf(performance.now(), admissions.length, store.admitAll(admissions)),
    close: () => store.close(),
  };
}
