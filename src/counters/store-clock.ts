import type { Clock, Timers } from "../clock.ts";
import type { Log } from "../observe/log.ts";

/** How often the store is asked for its time. */
const everyMs = 10_000;

/** An answer that took longer says too little: the store's time may have been read at its beginning or at its end. */
const answerMaxMs = 200;

export interface StoreClockParts {
  /** The machine's. */
  readonly clock: Clock;
  readonly timers: Timers;
  /** Asks the store for its time, in Unix milliseconds; rejects while it cannot be reached. */
  readonly askMs: () => Promise<number>;
  /** How far the machine's clock may be off before the store's is gone by; above 0. */
  readonly offsetMaxMs: number;
  readonly log: Log;
}

/**
 * The machine's clock, corrected to the store's when it is off by too much. Windows begin and end by the clock of each instance, so
 * instances whose clocks differ count in different windows for as long as they do; the store has one clock for all of them.
 */
export class StoreClock implements Clock {
  readonly #parts: StoreClockParts;
  #offsetMs: number | undefined;
  #correctionMs = 0;
  #isMeasuring: boolean = false;
  #isClosed: boolean = false;
  #cancel: () => void = () => undefined;

  constructor(parts: StoreClockParts) {
    this.#parts = parts;
    void this.measure();
  }

  nowMs(): number {
    return this.#parts.clock.nowMs() + this.#correctionMs;
  }

  /** How far the store's clock is ahead of the machine's; `undefined` until it has told its time. */
  get offsetMs(): number | undefined {
    return this.#offsetMs;
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel();
  }

  /** Asks now, and every ten seconds from now on: it may be another server that answers. Never rejects. */
  async measure(): Promise<void> {
    if (this.#isMeasuring || this.#isClosed) return;
    this.#isMeasuring = true;
    this.#cancel();
    await this.#measureOnce();
    this.#isMeasuring = false;
    if (!this.#isClosed) {
      this.#cancel = this.#parts.timers.after(everyMs, () => void this.measure());
    }
  }

  async #measureOnce(): Promise<void> {
    const { clock, timers, askMs } = this.#parts;
    const startMs = timers.nowMs();
    const machineMs = clock.nowMs();
    const storeMs = await askMs().catch(() => undefined);
    const tookMs = timers.nowMs() - startMs;
    if (storeMs !== undefined && tookMs <= answerMaxMs) {
      this.#take(storeMs - machineMs - tookMs / 2, tookMs / 2);
    }
  }

  /** Between the bound and what the measurement may be wrong by, all stays as it is: it must not go to and fro. */
  #take(offsetMs: number, errorMs: number): void {
    const { offsetMaxMs, log } = this.#parts;
    const distanceMs = Math.abs(offsetMs);
    const wasCorrected = this.#correctionMs !== 0;
    this.#offsetMs = offsetMs;
    if (distanceMs - errorMs > offsetMaxMs) this.#correctionMs = offsetMs;
    else if (distanceMs + errorMs <= offsetMaxMs) this.#correctionMs = 0;
    const isCorrected = this.#correctionMs !== 0;
    if (isCorrected === wasCorrected) return;
    const fields = { seconds: Math.round(offsetMs) / 1000 };
    if (isCorrected) log.warn("this machine's clock is off: windows go by the store's", fields);
    else log.info("the clocks of this machine and of the store agree again", fields);
  }
}
