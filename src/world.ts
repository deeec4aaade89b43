import type { Clock } from "./clock.ts";
import type { Log } from "./observe/log.ts";
import type { Tracing } from "./tracing/tracing.ts";

/** What the program is given from outside, and tests may replace. */
export interface World {
  readonly log: Log;
  readonly clock: Clock;
  /** At least 0 and below 1. */
  readonly random: () => number;
  /** `undefined`: calls are not traced. */
  readonly tracing?: Tracing | undefined;
}
