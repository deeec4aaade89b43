import type { Admission, Increment } from "../../src/decision/increment.ts";

/** What a store promises, in the plainest way: counters that live from their first hit on for as long as it says. */
export class CounterModel {
  readonly #counters = new Map<string, { count: number; endsAtSeconds: number }>();

  /** @param graceSeconds how much longer than asked a counter may live */
  increment({ key, hits, ttlSeconds }: Increment, nowSeconds: number, graceSeconds = 0): number {
    const known = this.#counters.get(key);
    const counter = known !== undefined && known.endsAtSeconds > nowSeconds ? known : undefined;
    if (counter === undefined && hits <= 0) return 0;
    const { endsAtSeconds } = counter ?? { endsAtSeconds: nowSeconds + ttlSeconds + graceSeconds };
    const sum = (counter?.count ?? 0) + hits;
    const count = Math.max(0, Math.min(sum, Number.MAX_SAFE_INTEGER));
    this.#counters.set(key, { count, endsAtSeconds });
    return count;
  }

  /** All of a request, or nothing but what is given back: it is tried on a copy. */
  admit(admissions: readonly Admission[], nowSeconds: number): readonly number[] {
    const before = new Map(this.#counters);
    const totals = admissions.map((each) => {
      const total = this.increment({ ...each, hits: 0 }, nowSeconds) + each.hits;
      const isAdded = each.hits < 0 || total <= each.limit;
      return isAdded ? this.increment(each, nowSeconds) : total;
    });
    const over = (kind: Admission["denies"]) =>
      admissions.flatMap(({ denies, limit }, i) =>
        denies === kind ? [(totals[i] ?? 0) > limit] : [],
      );
    const together = over("together");
    const isDenied =
      over("alone").includes(true) || (together.length > 0 && !together.includes(false));
    if (!isDenied) return totals;
    this.#counters.clear();
    for (const [key, counter] of before) this.#counters.set(key, counter);
    return admissions.map((each, i) =>
      each.hits < 0 ? this.increment(each, nowSeconds) : (totals[i] ?? 0),
    );
  }
}
