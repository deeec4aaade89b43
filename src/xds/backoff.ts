import type { BackoffSettings } from "./xds-settings.ts";

/**
 * How long to wait before the next attempt: longer after each one in a row up to a greatest pause, and in part at random, so that
 * the instances of a fleet do not all come back at once.
 */
export class Backoff {
  readonly #settings: BackoffSettings;
  readonly #random: () => number;
  #attempts = 0;

  /** @param random at least 0 and below 1 */
  constructor(settings: BackoffSettings, random: () => number) {
    this.#settings = settings;
    this.#random = random;
  }

  /** Milliseconds; never more than the greatest pause. */
  next(): number {
    const { initialMs, maxMs, growth, randomShare } = this.#settings;
    const wholeMs = Math.min(initialMs * growth ** this.#attempts, maxMs);
    // Bounded, so that the power stays a number.
    this.#attempts = Math.min(this.#attempts + 1, 30);
    return wholeMs * (1 - randomShare * this.#random());
  }

  /** The next pause is the first again. */
  reset(): void {
    this.#attempts = 0;
  }
}
