import type { Log } from "../observe/log.ts";
import type { RedisStartup } from "./redis-settings.ts";
import { unavailable } from "./store-errors.ts";

/** How long an outage goes on before the log says again that it does, and why. */
const reminderMs = 30_000;

/** Pauses between attempts once it has been reached: it was there a moment ago and most likely comes back soon. */
const reconnectInitialMs = 50;
const reconnectMaxMs = 1_000;

/** A connection that did not last that long does not count as a recovery: the pauses go on growing. */
const stableAfterMs = 2_000;

/** Connections to servers, for metrics. */
export interface ConnectionCounts {
  /** Open now. */
  active: number;
  /** Opened since the start. */
  total: number;
  /** Of those, closed since the start. */
  closed: number;
}

/** What is connected to, for the log. */
export interface ConnectedTo {
  readonly kind: "Redis" | "Memcached";
  /** «cluster 10.0.0.1:6379, 10.0.0.2:6379» */
  readonly name: string;
}

/** Whether it can be reached: told to listeners and the log when it changes, and how long to wait before the next attempt. */
export class Connectivity {
  readonly counts: ConnectionCounts = { active: 0, total: 0, closed: 0 };
  /** Settles at the first connection; fails when that takes longer than the operator allows. */
  readonly firstConnection: Promise<void>;
  readonly #log: Log;
  readonly #subject: ConnectedTo;
  readonly #startup: RedisStartup;
  readonly #random: () => number;
  readonly #listeners = new Set<(isConnected: boolean) => void>();
  readonly #nowMs: () => number;
  readonly #startedAtMs: number;
  #settleFirst: { resolve: () => void; reject: (error: Error) => void } | undefined;
  #isConnected: boolean = false;
  #connectedAtMs = 0;
  #attempts = 0;
  #saidAtMs = Number.NEGATIVE_INFINITY;

  /**
   * @param random at least 0 and below 1
   * @param nowMs a clock that never goes back
   */
  constructor(
    log: Log,
    subject: ConnectedTo,
    startup: RedisStartup,
    random: () => number,
    nowMs: () => number = () => performance.now(),
  ) {
    this.#log = log;
    this.#subject = subject;
    this.#startup = startup;
    this.#random = random;
    this.#nowMs = nowMs;
    this.#startedAtMs = nowMs();
    this.firstConnection = new Promise<void>((resolve, reject) => {
      this.#settleFirst = { resolve, reject };
    });
    // Nobody has to listen.
    this.firstConnection.catch(() => undefined);
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** Calls `listener` at every change; the returned function stops that. */
  onChange(listener: (isConnected: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  connected(): void {
    if (this.#isConnected) return;
    this.#connectedAtMs = this.#nowMs();
    this.#saidAtMs = Number.NEGATIVE_INFINITY;
    const { kind, name } = this.#subject;
    this.#log.info(`${kind} is connected`, { [kind.toLowerCase()]: name });
    this.#settleFirst?.resolve();
    this.#settleFirst = undefined;
    this.#change(true);
  }

  /** It cannot be reached, for that reason. Answers how many milliseconds to wait before the next attempt. */
  disconnected(reason: string): number {
    const nowMs = this.#nowMs();
    if (this.#isConnected && nowMs - this.#connectedAtMs >= stableAfterMs) this.#attempts = 0;
    const pauseMs = this.#nextPauseMs();
    if (this.#isConnected || nowMs - this.#saidAtMs >= reminderMs) {
      this.#saidAtMs = nowMs;
      const { kind, name } = this.#subject;
      const fields = { [kind.toLowerCase()]: name, reason };
      this.#log.warn(`${kind} cannot be reached; trying again`, fields);
    }
    this.#giveUpStart(reason, nowMs + pauseMs - this.#startedAtMs);
    if (this.#isConnected) this.#change(false);
    return pauseMs;
  }

  /** The store is closed: what happens to its connections is no news. */
  end(): void {
    this.#giveUpStart("the store was closed", Number.POSITIVE_INFINITY);
    this.#listeners.clear();
    this.#isConnected = false;
  }

  /** Doubles up to the greatest pause; half of it is random, so that instances do not all come back at once. */
  #nextPauseMs(): number {
    const isFirst = this.#settleFirst !== undefined;
    const initialMs = isFirst ? this.#startup.initialMs : reconnectInitialMs;
    const maxMs = isFirst ? this.#startup.maxMs : reconnectMaxMs;
    const pauseMs = Math.min(initialMs * 2 ** Math.min(this.#attempts, 30), maxMs);
    this.#attempts += 1;
    return pauseMs * (0.5 + 0.5 * this.#random());
  }

  #giveUpStart(reason: string, elapsedMs: number): void {
    const { maxElapsedMs } = this.#startup;
    if (this.#settleFirst === undefined || elapsedMs <= maxElapsedMs) return;
    if (maxElapsedMs === 0 && elapsedMs !== Number.POSITIVE_INFINITY) return;
    this.#settleFirst.reject(unavailable(`${this.#subject.kind} could not be reached: ${reason}`));
    this.#settleFirst = undefined;
  }

  #change(isConnected: boolean): void {
    this.#isConnected = isConnected;
    for (const listener of this.#listeners) listener(isConnected);
  }
}
