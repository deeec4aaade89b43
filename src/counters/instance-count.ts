import type { Clock, Timers } from "../clock.ts";
import type { Increment } from "../decision/increment.ts";
import { StoreError } from "../errors.ts";
import type { CounterStore } from "./store.ts";

/** Each instance shows itself once in each window. */
const windowSeconds = 10;

/** In which part of a window, at random, so that not all come at once. */
const spreadMs = 8_000;

/** After an attempt that has certainly not counted. */
const retryMs = 1_000;

/** How many readings are looked at: after so many windows an instance that has left is forgotten. */
const readingsMax = 3;

const ttlSeconds = 4 * windowSeconds;

export interface InstanceCountParts {
  readonly store: CounterStore;
  readonly clock: Clock;
  readonly timers: Timers;
  /** At least 0 and below 1. */
  readonly random: () => number;
  /** `CACHE_KEY_PREFIX` */
  readonly keyPrefix: string;
  /** Whether anybody wants to know; asked again and again. */
  readonly isWanted: () => boolean;
}

/**
 * How many instances count in one store, by the store itself: in each window of ten seconds each of them adds 1 to a counter of that
 * window, and looks at what the windows before came to.
 *
 * Of the latest readings the greatest counts. So a window in which the store was away does not make the others seem few, and an
 * instance that begins anew counts twice for half a minute: who divides by the count errs on the side of less.
 */
export class InstanceCount {
  readonly #parts: InstanceCountParts;
  #readings: readonly number[] = [];
  #isClosed: boolean = false;
  #cancel: () => void;

  constructor(parts: InstanceCountParts) {
    this.#parts = parts;
    this.#cancel = parts.timers.after(0, () => void this.#beat());
  }

  /** At least 1, the one that asks. While the store is away, what it was before. */
  get count(): number {
    return Math.max(1, ...this.#readings);
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel();
  }

  async #beat(): Promise<void> {
    const { clock, timers, random, isWanted } = this.#parts;
    const nowMs = clock.nowMs();
    const mayHaveCounted = !isWanted() || (await this.#read(Math.floor(nowMs / 1000)));
    if (this.#isClosed) return;
    const windowMs = windowSeconds * 1000;
    const nextWindowMs = windowMs - (clock.nowMs() % windowMs) + random() * spreadMs;
    this.#cancel = timers.after(mayHaveCounted ? nextWindowMs : retryMs, () => void this.#beat());
  }

  /** Whether this instance shows, or may show, in the present window. */
  async #read(nowSeconds: number): Promise<boolean> {
    const start = nowSeconds - (nowSeconds % windowSeconds);
    try {
      const totals = await this.#parts.store.incrementAll([
        this.#increment(start, 1),
        this.#increment(start - windowSeconds, 0),
        this.#increment(start - 2 * windowSeconds, 0),
      ]);
      this.#readings = [...this.#readings, Math.max(...totals)].slice(-readingsMax);
      return true;
    } catch (error) {
      return error instanceof StoreError && error.reason === "timeout";
    }
  }

  #increment(startSeconds: number, hits: number): Increment {
    const key = `${this.#parts.keyPrefix}velocitygate-instances_${startSeconds}`;
    return { key, hits, ttlSeconds, perSecond: false };
  }
}
