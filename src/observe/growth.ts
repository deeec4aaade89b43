import type { LimitStats } from "../limits/limit.ts";
import { type Counted, type Figure, limitFigures, serviceFigures } from "./figures.ts";
import { fullKey, limitCounters } from "./limit-families.ts";
import type { LimitRow } from "./limit-table.ts";

/**
 * By how much counters have grown since they were last told. What is yielded counts as told; a counter that has not grown is not
 * yielded. Counters that nobody could be told of go on growing, and nothing else does: being away costs a receiver no count.
 */
export class Growth {
  readonly #told = new Map<string, number>();
  readonly #toldOfLimits = new WeakMap<LimitStats, LimitStats>();

  *ofService(counted: Counted): Iterable<Figure> {
    for (const { name, kind, value } of serviceFigures(counted)) {
      if (kind !== "counter") continue;
      const told = this.#told.get(name) ?? 0;
      if (value === told) continue;
      this.#told.set(name, value);
      // A count that has fallen began anew.
      yield { name, kind, value: value > told ? value - told : value };
    }
  }

  *ofLimit({ name, stats }: LimitRow): Iterable<Figure> {
    let told = this.#toldOfLimits.get(stats);
    if (told === undefined) {
      told = { ...stats };
      for (const { stat } of limitCounters) told[stat] = 0;
      this.#toldOfLimits.set(stats, told);
    }
    for (const { stat, name: counter } of limitCounters) {
      const value = stats[stat] - told[stat];
      if (value === 0) continue;
      told[stat] += value;
      yield { name: `${limitFigures}${fullKey(name)}.${counter}`, kind: "counter", value };
    }
  }
}
