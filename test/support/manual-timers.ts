import type { Timers } from "../../src/clock.ts";

/** Time that passes only when a test says so. */
export class ManualTimers implements Timers {
  #nowMs = 0;
  readonly #pending = new Set<{ readonly atMs: number; readonly run: () => void }>();

  nowMs(): number {
    return this.#nowMs;
  }

  after(ms: number, run: () => void): () => void {
    const timer = { atMs: this.#nowMs + ms, run };
    this.#pending.add(timer);
    return () => this.#pending.delete(timer);
  }

  /** How many are still to run. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Lets time pass, and runs what is due in its order. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const [next] = [...this.#pending]
        .filter(({ atMs }) => atMs <= endMs)
        .sort((left, right) => left.atMs - right.atMs);
      if (next === undefined) break;
      this.#pending.delete(next);
      this.#nowMs = next.atMs;
      next.run();
    }
    this.#nowMs = endMs;
  }
}
