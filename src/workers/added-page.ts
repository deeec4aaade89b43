import type { WorkerPool } from "./pool.ts";
import type { WorkerProcess } from "./worker-process.ts";

/** How long a worker may take; one that is late counts with what it told the last time. */
const patienceMs = 2_000;

export interface PageOptions {
  readonly pool: Pick<WorkerPool, "workers">;
  readonly about: "metrics" | "stats" | "gauges";
  /** The pages of several processes as one. */
  readonly add: (pages: readonly string[]) => string | Promise<string>;
  /** Of the page of a process that has ended, what goes on counting. */
  readonly keep: (page: string) => string | Promise<string>;
}

/** A page of figures to which every worker has its part. Counts never fall, also when a worker ends and with it what it had counted. */
export class AddedPage {
  readonly #options: PageOptions;
  /** What each worker told last. */
  readonly #latest = new Map<WorkerProcess, string>();
  #ofEnded = "";
  #reading: Promise<string> | undefined;

  constructor(options: PageOptions) {
    this.#options = options;
  }

  /**
   * Whoever reads while it is being made gets the same.
   *
   * @param own the part of this process
   */
  read(own: () => string | Promise<string>): Promise<string> {
    this.#reading ??= this.#read(own).finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #read(own: () => string | Promise<string>): Promise<string> {
    const { pool, add } = this.#options;
    const [ours] = await Promise.all([own(), ...pool.workers.map((worker) => this.#ask(worker))]);
    await this.#buryEnded();
    return add([ours, this.#ofEnded, ...this.#latest.values()]);
  }

  async #ask(worker: WorkerProcess): Promise<void> {
    try {
      const { body } = await worker.ask({ about: this.#options.about }, patienceMs);
      this.#latest.set(worker, body.toString());
    } catch {
      // It ended, or is late: what it told before still counts.
    }
  }

  async #buryEnded(): Promise<void> {
    const { pool, add, keep } = this.#options;
    const living = new Set(pool.workers);
    for (const [worker, page] of this.#latest) {
      if (living.has(worker)) continue;
      this.#latest.delete(worker);
      this.#ofEnded = await add([this.#ofEnded, await keep(page)]);
    }
  }
}
