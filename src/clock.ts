/** The one source of time. Read once per request and passed down, so that a request sees a single instant. */
export interface Clock {
  /** Milliseconds since the Unix epoch, not necessarily whole. */
  nowMs(): number;
}

export const systemClock: Clock = { nowMs: () => Date.now() };
