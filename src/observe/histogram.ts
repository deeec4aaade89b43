import { type Exposition, renderLabels } from "./exposition.ts";

/**
 * A histogram that costs one short search and two additions per observation. Bounds are inclusive and ascend; what is above the
 * last one counts too.
 */
export class HotHistogram {
  readonly #bounds: readonly number[];
  readonly #counts: Float64Array;
  readonly #labels: Readonly<Record<string, string>>;
  #sum = 0;

  constructor(bounds: readonly number[], labels: Readonly<Record<string, string>> = {}) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
    this.#labels = labels;
  }

  observe(value: number): void {
    // Most values fall into the first buckets, so a search from there on beats halving.
    let i = 0;
    while (i < this.#bounds.length && value > (this.#bounds[i] as number)) i++;
    this.#counts[i] = (this.#counts[i] as number) + 1;
    this.#sum += value;
  }

  get count(): number {
    return this.#counts.reduce((total, count) => total + count, 0);
  }

  get sum(): number {
    return this.#sum;
  }

  /** Writes its samples into the family that was begun. */
  write(into: Exposition): void {
    let total = 0;
    this.#counts.forEach((count, i) => {
      total += count;
      const le = i < this.#bounds.length ? String(this.#bounds[i]) : "+Inf";
      into.sample(total, renderLabels({ ...this.#labels, le }), "_bucket");
    });
    const labels = renderLabels(this.#labels);
    into.sample(this.#sum, labels, "_sum").sample(total, labels, "_count");
  }
}
