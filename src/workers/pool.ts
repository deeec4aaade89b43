import type { Timers } from "../clock.ts";
import { VelocityGateError } from "../errors.ts";
import type { RuleDocuments } from "../limits/rule-set.ts";
import type { Log } from "../observe/log.ts";
import type { TlsTexts, TlsUse } from "../tls/tls-files.ts";
import type { Ended, FromWorker, ToWorker } from "./messages.ts";
import { RestartPause } from "./restart-pause.ts";
import { type Child, WorkerProcess } from "./worker-process.ts";

export interface PoolOptions {
  /** How many workers there are to be. */
  readonly count: number;
  /** @param number counts from 1; a worker that is started again has that of its predecessor */
  readonly fork: (number: number) => Child;
  readonly timers: Timers;
  readonly log: Log;
}

/** The place of one worker, whoever has it. */
interface Place {
  readonly number: number;
  readonly pause: RestartPause;
  worker: WorkerProcess | undefined;
}

const pulseMs = 5_000;

/** A worker that said nothing to so many questions for its pulse is stuck, and its connections with it. */
const silentPulsesMax = 6;

/** Keeps so many workers alive, whatever becomes of each, and tells all of them the same. */
export class WorkerPool {
  /** Rejects when a worker gave up on the counters before any had reached them. */
  readonly working: Promise<void>;
  /** Workers that ended without being told to. */
  crashes = 0;
  readonly #options: PoolOptions;
  readonly #places: readonly Place[];
  readonly #firstReached = deferred<void>();
  readonly #firstTry = deferred<string | undefined>();
  readonly #tls = new Map<TlsUse, ToWorker>();
  #documents: RuleDocuments | undefined;
  #isRetired: boolean = false;
  #isStopping: boolean = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#places = Array.from({ length: options.count }, (_, index) => ({
      number: index + 1,
      pause: new RestartPause(),
      worker: undefined,
    }));
    this.working = this.#firstReached.promise;
    // Whoever waits for it is told; nobody has to.
    this.working.catch(() => undefined);
  }

  /**
   * Forks all. Resolves once a worker has started, with where it counts; or with `undefined` when one ended before any did: it is
   * started again like any other.
   */
  start(): Promise<string | undefined> {
    for (const place of this.#places) this.#fork(place);
    this.#takePulses();
    return this.#firstTry.promise;
  }

  /** Those that are alive. */
  get workers(): readonly WorkerProcess[] {
    return this.#places.flatMap(({ worker }) => worker ?? []);
  }

  /** For each place, the parts of its worker that do not hold. */
  get failing(): readonly (readonly string[])[] {
    return this.#places.map(({ worker }) => worker?.failing ?? ["workers"]);
  }

  /** Puts the rules of these in force in every worker, now and in those that come later. */
  giveRules(documents: RuleDocuments): void {
    this.#documents = documents;
    for (const worker of this.workers) {
      if (worker.hasStarted) worker.tell({ type: "rules", documents });
    }
  }

  /** Puts this in force for that use of TLS in every worker, now and in those that come later. */
  giveTls(use: TlsUse, { cert, key, ca }: TlsTexts): void {
    const message = { type: "tls", use, texts: { cert, key, ca } } as const;
    this.#tls.set(use, message);
    for (const worker of this.workers) worker.tell(message);
  }

  /** Has every worker turn unhealthy and go on, and those that come later start so. */
  retire(): void {
    this.#isRetired = true;
    for (const worker of this.workers) if (worker.hasStarted) worker.tell({ type: "retire" });
  }

  /**
   * Lets every worker end in order, and waits for all.
   *
   * @throws Error (rejects) when one of them did not
   */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const ends = this.workers.map((worker) => {
      if (worker.hasStarted) worker.tell({ type: "drain" });
      else worker.kill();
      return worker.hasStarted ? worker.ended : worker.ended.then(() => ({ code: 0 }));
    });
    const bad = (await Promise.all(ends)).filter(({ code }) => code !== 0);
    if (bad.length > 0) throw new Error(`${bad.length} of the workers did not end in order`);
  }

  /** Ends all at once. */
  kill(): void {
    this.#isStopping = true;
    for (const worker of this.workers) worker.kill();
  }

  #fork(place: Place): void {
    if (this.#isStopping) return;
    const { fork, timers, log } = this.#options;
    const worker = new WorkerProcess(fork(place.number), timers, (message) =>
      this.#receive(place, worker, message),
    );
    place.worker = worker;
    // It cannot start without.
    for (const message of this.#tls.values()) worker.tell(message);
    log.info("a worker was forked", { worker: place.number, pid: worker.pid });
    void worker.ended.then((how) => this.#onEnd(place, worker, how));
  }

  #receive({ number }: Place, worker: WorkerProcess, message: FromWorker): void {
    const { log } = this.#options;
    switch (message.type) {
      case "started":
        log.info("a worker has started", { worker: number, pid: worker.pid });
        if (this.#documents !== undefined) {
          worker.tell({ type: "rules", documents: this.#documents });
        }
        if (this.#isRetired) worker.tell({ type: "retire" });
        this.#firstTry.resolve(message.counters);
        break;
      case "health":
        if (!message.failing.includes("store")) this.#firstReached.resolve();
        break;
      case "unreachable":
        log.error("a worker did not reach the counters", { worker: number, reason: message.text });
        this.#firstReached.reject(new VelocityGateError("STORE_UNAVAILABLE", message.text));
        break;
      case "taken":
      case "closed":
      case "answer":
      case "pulse":
        break;
    }
  }

  #onEnd(place: Place, worker: WorkerProcess, { code, signal }: Ended): void {
    place.worker = undefined;
    if (this.#isStopping) return;
    const { timers, log } = this.#options;
    this.crashes += 1;
    const pauseMs = place.pause.after(worker.livedMs);
    log.error("a worker ended; another takes its place", {
      worker: place.number,
      pid: worker.pid,
      code,
      signal,
      pauseMs,
    });
    timers.after(pauseMs, () => this.#fork(place));
    this.#firstTry.resolve(undefined);
  }

  /** Counts questions rather than time: if the whole machine was held up, nobody is to blame. */
  #takePulses(): void {
    const { timers, log } = this.#options;
    timers.after(pulseMs, () => {
      for (const { number, worker } of this.#places) {
        if (worker === undefined) continue;
        if (worker.silentPulses < silentPulsesMax) {
          worker.takePulse();
          continue;
        }
        log.error("a worker is stuck and is ended", { worker: number, pid: worker.pid });
        worker.kill();
      }
      if (!this.#isStopping) this.#takePulses();
    });
  }
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

function deferred<T>(): Deferred<T> {
  let settle: Omit<Deferred<T>, "promise"> | undefined;
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  // The function given to a promise runs at once.
  return { promise, ...(settle as Omit<Deferred<T>, "promise">) };
}
