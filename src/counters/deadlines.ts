import type { StoreError } from "../errors.ts";
import { tooLate } from "./store-errors.ts";

/** What has to be over at some time. */
export interface Due {
  readonly isDone: boolean;
  /** Called once its time has come, unless it is done by then. */
  due(error: StoreError): void;
}

/**
 * Tells those who wait that their time is over, with one timer for all of them: it runs for whoever waits at the time, so that where
 * answers come in time it runs once in the time that calls have, however many there are.
 *
 * A millisecond is one bucket. Those that are done stay in theirs until the timer comes by.
 */
export class Deadlines {
  readonly #server: string;
  /** By the whole millisecond, of `performance.now`, after which they are due. */
  readonly #buckets = new Map<number, Due[]>();
  #timer: NodeJS.Timeout | undefined;
  /** When it runs. */
  #timerMs: number = Number.POSITIVE_INFINITY;

  /** @param server what is waited for, for people */
  constructor(server: string) {
    this.#server = server;
  }

  /** @param deadlineMs of `performance.now`; infinity: it has all the time in the world */
  add(due: Due, deadlineMs: number): void {
    if (deadlineMs === Number.POSITIVE_INFINITY) return;
    const bucketMs = Math.ceil(deadlineMs);
    const bucket = this.#buckets.get(bucketMs);
    if (bucket === undefined) this.#buckets.set(bucketMs, [due]);
    else bucket.push(due);
    if (bucketMs < this.#timerMs) this.#runAt(bucketMs);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#buckets.clear();
  }

  #runAt(atMs: number): void {
    clearTimeout(this.#timer);
    this.#timerMs = atMs;
    const inMs = Math.ceil(atMs - performance.now());
    this.#timer = setTimeout(() => setImmediate(this.#run), inMs).unref();
  }

  /** After this turn's input has been read: what is late because this process was busy is not late. */
  readonly #run = (): void => {
    this.#timerMs = Number.POSITIVE_INFINITY;
    const nowMs = performance.now();
    let error: StoreError | undefined;
    let nextMs = Number.POSITIVE_INFINITY;
    for (const [atMs, bucket] of this.#buckets) {
      const waiting = bucket.findIndex(({ isDone }) => !isDone);
      if (waiting >= 0 && atMs > nowMs) {
        nextMs = Math.min(nextMs, atMs);
        continue;
      }
      this.#buckets.delete(atMs);
      if (waiting < 0) continue;
      error ??= tooLate(this.#server);
      for (const due of bucket) if (!due.isDone) due.due(error);
    }
    if (nextMs < this.#timerMs) this.#runAt(nextMs);
  };
}
