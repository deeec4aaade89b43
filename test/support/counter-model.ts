import type { Increment } from "../../src/decision/increment.ts";

/** What a store promises, in the plainest way: counters that live from their first hit on for as long as it says. */
export class CounterModel {
  readonly #counters = new Map<string, { count: number; endsAtSeconds: number }>();

  /** @param graceSeconds how much longer than asked a counter may live */
  increment({ key, hits, ttlSeconds }: Increment, nowSeconds: number, graceSeconds = 0): number {
    const known = this.#counters.get(key);
    const counter = known !== undefined && known.endsAtSeconds > nowSeconds ? known : undefined;
    if (counter === undefined && hits <= 0) return 0;
    const next = counter ?? { count: 0, endsAtSeconds: nowSeconds + ttlSeconds + graceSeconds };
    next.count = Math.max(0, Math.min(next.count + hits, Number.MAX_SAFE_INTEGER));
    this.#counters.set(key, next);
    return next.count;
  }
}
