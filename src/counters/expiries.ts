import type { Increment } from "../decision/increment.ts";
import type { VelocityGateError } from "../errors.ts";
import type { Command } from "./command.ts";
import type { WriteArgument } from "./encodable.ts";
import { leadOf, numberTail } from "./resp/request.ts";

/** How many expiries may wait for another attempt at a time. */
const waitingMax = 10_000;

/** How often one is tried. The pause doubles up to half a minute, so that this lasts for some three minutes. */
const attemptsMax = 10;
const pauseMinMs = 500;
const pauseMaxMs = 30_000;

/**
 * Sees to it that counters expire. Only the increment that creates a counter needs to say when it expires, which saves a command
 * for each of the others; in return that EXPIRE must not get lost. It may be sent any number of times, so it is tried again when it
 * fails, and also when it is unknown whether an increment created its counter.
 */
export class Expiries {
  readonly #send: (command: Command) => void;
  readonly #waiting = new Map<string, Expiry>();
  #timer: NodeJS.Timeout | undefined;
  #abandoned = 0;
  #isClosed: boolean = false;

  constructor(send: (command: Command) => void) {
    this.#send = send;
  }

  /** Counters that may live on without an expiry, since the start. */
  get abandoned(): number {
    return this.#abandoned;
  }

  /** @param counter what has just been made, or may have been */
  owe({ key, ttlSeconds }: Pick<Increment, "key" | "ttlSeconds">): void {
    this.#send(new Expiry(key, ttlSeconds, this.#retryLater));
  }

  close(): void {
    this.#isClosed = true;
    this.#abandoned += this.#waiting.size;
    clearTimeout(this.#timer);
    this.#waiting.clear();
  }

  readonly #retryLater = (expiry: Expiry): void => {
    const isHopeless = expiry.attempts >= attemptsMax || this.#isClosed;
    if (isHopeless || this.#waiting.size >= waitingMax) {
      this.#abandoned += 1;
      return;
    }
    this.#waiting.set(expiry.key, expiry);
    const pauseMs = Math.min(pauseMinMs * 2 ** (expiry.attempts - 1), pauseMaxMs);
    this.#timer ??= setTimeout(() => this.retry(), pauseMs).unref();
  };

  /** Also when Redis can be reached again: a good moment for those that wait. */
  retry(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const due = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const expiry of due) {
      expiry.attempts += 1;
      expiry.redirections = 0;
      expiry.isAsking = false;
      this.#send(expiry);
    }
  }
}

const expire = leadOf("*3\r\n$6\r\nEXPIRE\r\n");

/** EXPIRE of one counter. */
class Expiry implements Command {
  readonly key: string;
  redirections = 0;
  isAsking = false;
  attempts = 1;
  readonly #ttlSeconds: number;
  readonly #retryLater: (expiry: Expiry) => void;

  constructor(key: string, ttlSeconds: number, retryLater: (expiry: Expiry) => void) {
    this.key = key;
    this.#ttlSeconds = ttlSeconds;
    this.#retryLater = retryLater;
  }

  encode(bulk: WriteArgument): string {
    return bulk(this.key, expire, numberTail(this.#ttlSeconds));
  }

  answer(): void {
    // 1: it will expire. 0: the counter is gone, which is as good.
  }

  refuse(_text: string): void {
    this.#retryLater(this);
  }

  giveUp(_error: VelocityGateError): void {
    // Nobody waits for it, and its answer may still come.
  }

  lose(_error: VelocityGateError, _mayHaveRun: boolean): void {
    this.#retryLater(this);
  }
}
