/** How many keys are told apart; past that, all are forgotten and each may speak again. */
const keysMax = 1000;

interface Spoken {
  untilMs: number;
  suppressed: number;
}

/** Keeps a condition that lasts from filling the log: it is told when it begins, and then once per period with a count. */
export class Repeats {
  readonly #spoken = new Map<string, Spoken>();
  readonly #nowMs: () => number;

  /** @param nowMs a clock that never goes back */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /**
   * Whether `key` may be told now: how often it was kept back since it was last told (0 the first time), or `undefined` when it
   * was told less than `periodMs` ago.
   */
  oncePer(key: string, periodMs: number): number | undefined {
    const nowMs = this.#nowMs();
    const last = this.#spoken.get(key);
    if (last !== undefined && nowMs < last.untilMs) {
      last.suppressed += 1;
      return undefined;
    }
    if (last === undefined && this.#spoken.size >= keysMax) this.#spoken.clear();
    this.#spoken.set(key, { untilMs: nowMs + periodMs, suppressed: 0 });
    return last?.suppressed ?? 0;
  }

  /** The condition is over: how often it was kept back since it was last told. The next time it is told at once. */
  over(key: string): number {
    const suppressed = this.#spoken.get(key)?.suppressed ?? 0;
    this.#spoken.delete(key);
    return suppressed;
  }
}
