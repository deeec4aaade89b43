/** The one source of time. Read once per request and passed down, so that a request sees a single instant. */
export interface Clock {
  /** Milliseconds since the Unix epoch, not necessarily whole. */
  nowMs(): number;
}

export const systemClock: Clock = { nowMs: () => Date.now() };

/** Timers that tests can replace. They do not keep the process alive. */
export interface Timers {
  /** Milliseconds that only go forward. */
  nowMs(): number;
  /** Runs once, later; the answer calls it off. */
  after(ms: number, run: () => void): () => void;
}

export const systemTimers: Timers = {
  nowMs: () => performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms).unref();
    return () => clearTimeout(timer);
  },
};
