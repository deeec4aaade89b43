import { setImmediate } from "node:timers/promises";
import type { Timers } from "../../clock.ts";
import type { Log } from "../log.ts";
import { Repeats } from "../repeats.ts";
import { Pack } from "./pack.ts";
import type { Transport } from "./transport.ts";

export interface SenderOptions {
  readonly transport: Transport;
  /** What there is to send now, a few lines at a time, so that other work may come in between. */
  readonly lines: () => AsyncIterable<readonly string[]> | Iterable<readonly string[]>;
  readonly intervalMs: number;
  readonly timers: Timers;
  readonly log: Log;
  /** For the log: where it sends to. */
  readonly server: string;
}

/** After a failure the server is left alone for so long, however short the interval is. */
const pauseMs = 3_000;
const warningPeriodMs = 300_000;

/** How long the last flush of all may take. */
const lastFlushMs = 1_000;

/**
 * Sends what was counted, at a steady interval. A server that is away or slow costs nothing but its metrics: nothing is written
 * before there is somebody to write to, one piece is on its way at a time, and a flush that takes longer than the interval takes the
 * place of the next.
 */
export class StatsdSender {
  readonly #options: SenderOptions;
  readonly #repeats: Repeats;
  #flushing: Promise<void> | undefined;
  #cancelTimer: () => void = () => undefined;
  #notBeforeMs = Number.NEGATIVE_INFINITY;
  #isClosed: boolean = false;
  #flushes = 0;
  #failures = 0;

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#repeats = new Repeats(() => options.timers.nowMs());
    this.#schedule();
  }

  /** Times that everything could be sent. */
  get flushes(): number {
    return this.#flushes;
  }

  /** Times that it could not. */
  get failures(): number {
    return this.#failures;
  }

  /** Sends what there is to send, after what is being sent. Never rejects. */
  flush(): Promise<void> {
    this.#flushing ??= this.#flushOnce().finally(() => {
      this.#flushing = undefined;
    });
    return this.#flushing;
  }

  /** Sends once more, if that can be done in a moment. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelTimer();
    const last = (this.#flushing ?? Promise.resolve()).then(() => this.flush());
    let cancel: () => void = () => undefined;
    const enough = new Promise<void>((resolve) => {
      cancel = this.#options.timers.after(lastFlushMs, resolve);
    });
    await Promise.race([last, enough]);
    cancel();
    this.#options.transport.close();
  }

  #schedule(): void {
    const { timers, intervalMs } = this.#options;
    this.#cancelTimer = timers.after(intervalMs, () => {
      if (timers.nowMs() >= this.#notBeforeMs) void this.flush();
      if (!this.#isClosed) this.#schedule();
    });
  }

  async #flushOnce(): Promise<void> {
    const { timers, log, server } = this.#options;
    try {
      await this.#sendAll();
      this.#flushes += 1;
      if (this.#repeats.over(server) > 0) log.warn("metrics are sent again", { server });
    } catch (error) {
      this.#failures += 1;
      this.#notBeforeMs = timers.nowMs() + pauseMs;
      const repeated = this.#repeats.oncePer(server, warningPeriodMs);
      if (repeated === undefined) return;
      log.warn("metrics cannot be sent; counts are kept until they can", {
        server,
        failures: this.#failures,
        error,
      });
    }
  }

  async #sendAll(): Promise<void> {
    const { transport, lines } = this.#options;
    await transport.open();
    const pack = new Pack(transport.pieceBytesMax);
    for await (const some of lines()) {
      for (const line of some) {
        const full = pack.add(line);
        if (full !== undefined) await transport.send(full);
      }
      await setImmediate();
    }
    const rest = pack.take();
    if (rest !== undefined) await transport.send(rest);
  }
}
