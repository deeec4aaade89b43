import type { CounterStore } from "./store.ts";

/** The same store, telling how long each batch took, in seconds, and how many increments it had. Failed batches count too. */
export function observed(
  store: CounterStore,
  observe: (seconds: number, increments: number) => void,
): CounterStore {
  return {
    incrementAll: async (increments) => {
      const startedMs = performance.now();
      try {
        return await store.incrementAll(increments);
      } finally {
        observe((performance.now() - startedMs) / 1000, increments.length);
      }
    },
    close: () => store.close(),
  };
}
