import { createMemoryStore } from "./counters/memory.ts";
import { observed } from "./counters/observed.ts";
import type { CounterStore } from "./counters/store.ts";
import { type KnownOver, noneKnownOver } from "./decision/known-over.ts";
import type { Health } from "./health.ts";
import type { Metrics } from "./observe/metrics.ts";
import { watchMemoryStore } from "./observe/watch.ts";
import type { Settings } from "./settings.ts";
import type { World } from "./world.ts";

/** Where this instance counts. */
export interface Counters {
  readonly store: CounterStore;
  readonly knownOver: KnownOver;
  /** For people: what it is and why. */
  readonly description: string;
}

export interface CounterParts extends World {
  readonly health: Health;
  readonly metrics: Metrics;
}

/** Opens the store that the settings name. It need not be reachable yet: `health` is told once it is. */
export function openCounters(settings: Settings, parts: CounterParts): Counters {
  const { clock, health, metrics } = parts;
  const { backend, reason, memoryKeysMax } = settings.store;
  const store = createMemoryStore({ clock, keysMax: memoryKeysMax });
  watchMemoryStore(metrics, store);
  health.set("store", true);
  return {
    store: observed(store, (seconds, increments) => metrics.observeStore(seconds, increments)),
    knownOver: noneKnownOver,
    description: `in ${backend}, of this instance alone (${reason})`,
  };
}
