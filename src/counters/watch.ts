/** Into how many parts the longest silence is divided: it is noticed at most one part late. */
const parts = 4;

/** What is watched. */
export interface Watched {
  /** Whether an answer should come. */
  isDue(): boolean;
  ping(): void;
  giveUp(reason: string): void;
}

/**
 * Notices that the other side has gone without a word. It counts ticks instead of reading clocks: a tick without a sign of life while
 * an answer is due. After a time in which this process itself stood still, that is one tick, and what has come meanwhile is read
 * before the next one.
 */
export class Watch {
  readonly #silenceMaxMs: number;
  readonly #watched: Watched;
  readonly #timer: NodeJS.Timeout;
  readonly #idleTicksMax: number;
  #isQuiet: boolean = true;
  #silentTicks = 0;
  #idleTicks = 0;

  /** @param idleMaxMs how long nothing is due before the other side is asked for a sign of life */
  constructor(silenceMaxMs: number, idleMaxMs: number, watched: Watched) {
    const tickMs = silenceMaxMs / parts;
    this.#silenceMaxMs = silenceMaxMs;
    this.#watched = watched;
    this.#idleTicksMax = Math.ceil(idleMaxMs / tickMs);
    this.#timer = setInterval(() => this.#tick(), tickMs).unref();
  }

  /** The silence is over, because something has come, or begins only now, because nothing was due before. */
  restart(): void {
    this.#isQuiet = false;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const isDue = this.#watched.isDue();
    this.#silentTicks = this.#isQuiet && isDue ? this.#silentTicks + 1 : 0;
    this.#idleTicks = this.#isQuiet && !isDue ? this.#idleTicks + 1 : 0;
    this.#isQuiet = true;
    if (this.#silentTicks >= parts) {
      this.#watched.giveUp(`no answer within ${this.#silenceMaxMs} ms`);
    } else if (this.#idleTicks >= this.#idleTicksMax) {
      this.#watched.ping();
    }
  }
}
