/**
 * Whether the service can do its work, as a set of named parts that must all hold. Told to gRPC health, to `/healthcheck` and to
 * the log by whoever listens.
 */
export class Health {
  readonly #failing = new Set<string>();
  readonly #listeners = new Set<(isServing: boolean) => void>();

  /** @param parts the parts that have to report in before the service is healthy */
  constructor(parts: readonly string[]) {
    for (const part of parts) this.#failing.add(part);
  }

  get isServing(): boolean {
    return this.#failing.size === 0;
  }

  /** The parts that do not hold, for people. */
  get failing(): readonly string[] {
    return [...this.#failing];
  }

  set(part: string, holds: boolean): void {
    const before = this.#failing.size;
    if (holds) this.#failing.delete(part);
    else this.#failing.add(part);
    if (before === this.#failing.size) return;
    for (const listener of this.#listeners) listener(this.isServing);
  }

  /** Calls `listener` at every change of a part; the returned function stops that. */
  onChange(listener: (isServing: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
