import type { Latencies } from "./spec.ts";

/** Keeps every value: there are at most some millions in a run, and quantiles are then exact. */
export class LatencyRecord {
  #values = new Float64Array(65_536);
  #count = 0;
  #late = 0;
  readonly #lateFromMs: number;

  constructor(lateFromMs: number) {
    this.#lateFromMs = lateFromMs;
  }

  add(ms: number): void {
    if (this.#count === this.#values.length) {
      const larger = new Float64Array(2 * this.#count);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#count++] = ms;
    if (ms > this.#lateFromMs) this.#late += 1;
  }

  get lateShare(): number {
    return this.#count === 0 ? 0 : this.#late / this.#count;
  }

  quantiles(): Latencies {
    const sorted = this.#values.subarray(0, this.#count).sort();
    const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
    return { p50: at(0.5), p99: at(0.99), p999: at(0.999) };
  }
}
