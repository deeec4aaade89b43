const pauseMsMin = 100;
const pauseMsMax = 10_000;

/** A worker that lived this long was fit to live: its end is not the next one of a row. */
const fitMs = 30_000;

/**
 * How long to wait before a worker is started again: briefly, since its part of the calls is served by nobody meanwhile, but twice as
 * long after each end in a row, so that one that cannot live does not eat up the machine by being born.
 */
export class RestartPause {
  #pauseMs = pauseMsMin;

  /** @param livedMs how long the one that ended had been there */
  after(livedMs: number): number {
    if (livedMs >= fitMs) this.#pauseMs = pauseMsMin;
    const pauseMs = this.#pauseMs;
    this.#pauseMs = Math.min(pauseMsMax, pauseMs * 2);
    return pauseMs;
  }
}
