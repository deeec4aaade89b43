import type { CounterStore } from "./store.ts";

/** The same store, telling how long each batch took, in seconds, and how many increments it had. Failed batches count too. */
export function observed(
  store: CounterStore,
  observe: (seconds: number, increments: number) => void,
): CounterStore {
  return {
    incrementAll(increments) {
      const startedMs = performance.now();
      const tell = () => observe((performance.now() - startedMs) / 1000, increments.length);
      const totals = store.incrementAll(increments);
      totals.then(tell, tell);
      return totals;
    },
    close: () => store.close(),
  };
}
