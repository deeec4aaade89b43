import { systemTimers } from "./clock.ts";
import type { Closers } from "./closers.ts";
import { InstanceCount } from "./counters/instance-count.ts";
import { createMemoryStore } from "./counters/memory.ts";
import type { RuleHolder } from "./limits/rule-set.ts";
import type { Metrics } from "./observe/metrics.ts";
import { watchFailures, watchInstances } from "./observe/watch-failures.ts";
import type { Counters } from "./open-counters.ts";
import { createDecideWithoutStore, type DecideWithoutStore } from "./rls/without-store.ts";
import type { Settings } from "./settings.ts";

export interface InsuranceParts {
  readonly counters: Pick<Counters, "store" | "clock">;
  readonly rules: RuleHolder;
  readonly metrics: Metrics;
  /** At least 0 and below 1. */
  readonly random: () => number;
}

/** What decides while the store cannot be asked. */
export function openInsurance(
  settings: Settings,
  parts: InsuranceParts,
  closers: Closers,
): DecideWithoutStore {
  const { counters, metrics, random } = parts;
  const { policy } = settings.failures;
  const memory = createMemoryStore({
    clock: counters.clock,
    keysMax: settings.store.memoryKeysMax,
  });
  closers.add(() => memory.close());
  return createDecideWithoutStore({
    policy,
    memory,
    instances: openInstances(settings, parts, closers),
    stats: watchFailures(metrics),
    options: { ...settings.decision, random },
  });
}

/** How many processes share each limit: as the operator says, or as they find out. */
function openInstances(
  { failures, workers, store, decision }: Settings,
  { counters, rules, metrics, random }: InsuranceParts,
  closers: Closers,
): () => number {
  if (store.backend === "memory") return () => 1;
  const { instances } = failures;
  const count =
    instances > 0
      ? { count: instances * workers, close: () => undefined }
      : new InstanceCount({
          store: counters.store,
          clock: counters.clock,
          timers: systemTimers,
          random,
          keyPrefix: decision.keyPrefix,
          isWanted: () => failures.policy === "local" || (rules.current?.localLimitCount ?? 0) > 0,
        });
  closers.add(() => count.close());
  watchInstances(metrics, () => count.count);
  return () => count.count;
}
