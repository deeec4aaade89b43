/** One planned addition to one counter. */
export interface Increment {
  /** The whole key, window included. Text as in `limits/descriptor.ts`: lone surrogates stand for bytes that are not UTF-8. */
  readonly key: string;
  /**
   * What to add. 0 looks and creates nothing. Negative gives hits back: the count never falls below 0 and a counter that does not
   * exist is not created.
   */
  readonly hits: number;
  /** How long the counter lives from its creation on, in seconds. */
  readonly ttlSeconds: number;
  /** A counter of a one-second window, which an operator may keep in a Redis of its own (`REDIS_PERSECOND`). */
  readonly perSecond: boolean;
}

/** An increment of a request that counts only if it is admitted (`admission.ts`). */
export interface Admission extends Increment {
  /** The greatest total that is within the limit: hits that would exceed it are not added. */
  readonly limit: number;
  /** What it means for the request when they would. */
  readonly denies: Denies;
}

/** `alone`: the request is denied. `together`: it is when all others of the kind are exceeded as well. `never`: nothing. */
export type Denies = "alone" | "together" | "never";
