import { Exposition } from "./exposition.ts";
import { HotHistogram } from "./histogram.ts";

/**
 * Seconds. Those of the reference from 5 ms on; it measures whole milliseconds and has nothing below. 20 ms is how long Envoy
 * waits unless told otherwise.
 */
const durationBounds: readonly number[] = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5,
  10,
];

const batchBounds: readonly number[] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

/** Methods are the program's own, so this is never reached. */
const methodsMax = 20;

/** How long calls of each gRPC method take. */
export class CallDurations {
  readonly #byMethod = new Map<string, HotHistogram>();
  readonly #scale: number;

  /** @param scale what a second counts for: 1000 for `PROMETHEUS_RESPONSE_TIME_AS_MILLISECONDS` */
  constructor(scale: number) {
    this.#scale = scale;
  }

  observe(method: string, seconds: number): void {
    let histogram = this.#byMethod.get(method);
    if (histogram === undefined) {
      if (this.#byMethod.size >= methodsMax) return;
      histogram = new HotHistogram(durationBounds, { grpc_method: method });
      this.#byMethod.set(method, histogram);
    }
    histogram.observe(seconds * this.#scale);
  }

  *counts(): Iterable<readonly [method: string, count: number]> {
    for (const [method, histogram] of this.#byMethod) yield [method, histogram.count];
  }

  /** @param extraLabels of every sample */
  family(extraLabels: string): string {
    const family = new Exposition(extraLabels).family(
      "ratelimit_service_response_time_seconds",
      "histogram",
      "How long calls take, by gRPC method.",
    );
    for (const histogram of this.#byMethod.values()) histogram.write(family);
    return family.toString();
  }
}

/** How long the store takes, and how much it is asked at a time. */
export class StoreHistograms {
  readonly #durations = new HotHistogram(durationBounds);
  readonly #increments = new HotHistogram(batchBounds);

  observe(seconds: number, increments: number): void {
    this.#durations.observe(seconds);
    this.#increments.observe(increments);
  }

  /** @param extraLabels of every sample */
  families(extraLabels: string): string {
    const families = new Exposition(extraLabels);
    this.#durations.write(
      families.family(
        "velocitygate_store_duration_seconds",
        "histogram",
        "How long the counter store takes to answer one batch of increments.",
      ),
    );
    this.#increments.write(
      families.family(
        "velocitygate_store_batch_increments",
        "histogram",
        "How many increments one batch holds.",
      ),
    );
    return families.toString();
  }
}
