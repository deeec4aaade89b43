import { type IntervalHistogram, monitorEventLoopDelay, performance } from "node:perf_hooks";

/** How late timers ran and how busy the loop was, over the last whole period. */
export interface EventLoopFigures {
  readonly delayP50Seconds: number;
  readonly delayP99Seconds: number;
  readonly delayMaxSeconds: number;
  /** 0 to 1 */
  readonly utilization: number;
}

const resolutionMs = 10;

/** Scrapes closer to one another than this read the same figures, so that two scrapers do not halve each other's periods. */
const periodMs = 10_000;

/** Watches the event loop: what it cannot do in time, no client gets in time. */
export class EventLoopMonitor {
  readonly #delays: IntervalHistogram = monitorEventLoopDelay({ resolution: resolutionMs });
  readonly #nowMs: () => number;
  #began = performance.eventLoopUtilization();
  #beganMs: number;
  #last: EventLoopFigures | undefined;

  /** @param nowMs a clock that never goes back */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
    this.#beganMs = nowMs();
    this.#delays.enable();
  }

  read(): EventLoopFigures {
    const isOver = this.#nowMs() - this.#beganMs >= periodMs;
    if (this.#last !== undefined && !isOver) return this.#last;
    const figures = this.#measure();
    if (!isOver) return figures;
    this.#last = figures;
    this.#delays.reset();
    this.#began = performance.eventLoopUtilization();
    this.#beganMs = this.#nowMs();
    return figures;
  }

  close(): void {
    this.#delays.disable();
  }

  #measure(): EventLoopFigures {
    return {
      delayP50Seconds: delaySeconds(this.#delays.percentile(50)),
      delayP99Seconds: delaySeconds(this.#delays.percentile(99)),
      delayMaxSeconds: delaySeconds(this.#delays.max),
      utilization: performance.eventLoopUtilization(this.#began).utilization,
    };
  }
}

/** The monitor tells the time between two of its timers, of which one resolution is as it should be. */
function delaySeconds(intervalNs: number): number {
  return Math.max(0, intervalNs / 1e9 - resolutionMs / 1e3);
}
