/**
 * How long the answer to a refused update waits. xDS servers send what was refused again as soon as they hear of the refusal, so
 * that without a pause the two would keep each other busy. The first refusal is told at once: the server, and whoever watches it,
 * learns of the mistake without delay.
 */
export class RefusalPause {
  #inARow = 0;
  #lastMs = Number.NEGATIVE_INFINITY;

  /** An update was refused at this time, of a clock that never goes back. Milliseconds. */
  refused(nowMs: number): number {
    if (nowMs - this.#lastMs > quietMs) this.#inARow = 0;
    this.#inARow += 1;
    this.#lastMs = nowMs;
    if (this.#inARow === 1) return 0;
    return Math.min(secondMs * 2 ** (this.#inARow - 2), maxMs);
  }

  accepted(): void {
    this.#inARow = 0;
  }
}

const secondMs = 1_000;
/** Short, since a server that waits for the answer sends a mended update only then. */
const maxMs = 5_000;
/** What comes later than this is no repetition. */
const quietMs = 30_000;
