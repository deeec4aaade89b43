import type { Increment } from "../../decision/increment.ts";
import type { VelocityGateError } from "../../errors.ts";
import type { Call } from "../call.ts";
import type { Command } from "../command.ts";
import type { WriteArgument } from "../encodable.ts";
import { ErrorReply, type Reply } from "../reply.ts";
import { notANumber, refused, timedOut, unavailable } from "../store-errors.ts";
import { type CommandCounts, countAdd, countGet, countIncrement } from "./command-counts.ts";
import { memcacheExpiry } from "./expiry.ts";
import { memcacheKey } from "./key.ts";

/** How often a counter may vanish between two commands before something is wrong with the server. */
const attemptsMax = 5;

/** Where an addition comes from. */
export interface AdditionOwner {
  readonly commands: CommandCounts;
  /** Unix time in milliseconds. */
  nowMs(): number;
  /** How long an increment may take in all. */
  readonly timeoutMs: number;
  send(command: Command): void;
  /** Once for each: the next one of the same key may go. */
  done(addition: MemcacheAddition): void;
  /** Called instead: nobody waits any longer, though an answer may still come. */
  givenUp(addition: MemcacheAddition, error: VelocityGateError): void;
  /** The counter is so full that Memcached would soon start again from 0. */
  isFull(key: string, hits: number): void;
}

/** From here on a counter counts as full. Memcached counts modulo 2^64. */
const totalMax = 2 ** 63;

interface Share {
  readonly increment: Increment;
  readonly call: Call;
  /** Whose total this is among those of the call. */
  readonly at: number;
}

/**
 * One increment on its way to Memcached, and those of the same key that travel along. `incr` of their sum; when nothing is there, `add`,
 * which stores it with its expiry only if there is still nothing; when there is something after all, `incr` again. Each is one step in
 * the server, and exactly one of them counts: however many instances create a counter at once, no hit is lost and none counts twice.
 *
 * `get` looks, and `decr` gives hits back: it stops at 0 and creates nothing.
 */
export class MemcacheAddition implements Command {
  redirections = 0;
  isAsking = false;
  readonly key: string;
  readonly #owner: AdditionOwner;
  #shares: Share[];
  readonly #endsAtMs: number;
  #sum: number;
  #isCreating: boolean = false;
  #attempts = 0;
  #isDone: boolean = false;

  constructor(increment: Increment, call: Call, at: number, owner: AdditionOwner) {
    this.key = memcacheKey(increment.key);
    this.#owner = owner;
    this.#shares = [{ increment, call, at }];
    this.#endsAtMs = performance.now() + owner.timeoutMs;
    this.#sum = increment.hits;
  }

  encode(write: WriteArgument): string {
    const key = write(this.key);
    if (this.#sum === 0) return `get ${key}\r\n`;
    if (this.#sum < 0) return `decr ${key} ${-this.#sum}\r\n`;
    if (!this.#isCreating) return `incr ${key} ${this.#sum}\r\n`;
    const data = String(this.#sum);
    return `add ${key} 0 ${this.#expiry()} ${data.length}\r\n${data}\r\n`;
  }

  /** Before it is sent. Hits given back go alone: the count may reach 0 on the way, and a sum would not tell. */
  absorb(later: Command): boolean {
    if (!(later instanceof MemcacheAddition) || this.#sum < 0 || later.#sum < 0) return false;
    const sum = this.#sum + later.#sum;
    if (this.#attempts > 0 || sum > Number.MAX_SAFE_INTEGER) return false;
    this.#sum = sum;
    this.#shares.push(...later.#shares);
    return true;
  }

  /** Sends it, unless its time is over while it waited: then it fails, without a word to its owner, and the answer is `false`. */
  begin(): boolean {
    if (performance.now() >= this.#endsAtMs) {
      this.drop(timedOut("Memcached", this.#owner.timeoutMs));
      return false;
    }
    if (!this.#keepAwaited()) {
      this.#isDone = true;
      return false;
    }
    this.#attempts = 1;
    this.#owner.send(this);
    return true;
  }

  awaited(): this | undefined {
    if (this.#keepAwaited()) return this;
    this.#end();
    return undefined;
  }

  answer(reply: Reply): void {
    this.#count(reply);
    if (this.#sum > 0 && this.#isCreating) {
      if (reply === "STORED") this.#settle(this.#sum);
      else this.#tryAgain(false);
    } else if (this.#sum > 0 && reply === undefined) {
      this.#tryAgain(true);
    } else {
      const total = countOf(reply);
      if (total === undefined) {
        this.#fail(notANumber("Memcached"));
      } else {
        this.#settle(total);
        if (this.#sum > 0 && total >= totalMax) this.#owner.isFull(this.key, this.#sum);
      }
    }
  }

  refuse(text: string): void {
    this.#count(new ErrorReply(text));
    this.#fail(refused("Memcached", text));
  }

  giveUp(error: VelocityGateError): void {
    this.#failCalls(error);
    if (!this.#isDone) this.#owner.givenUp(this, error);
    this.#isDone = true;
  }

  lose(error: VelocityGateError): void {
    this.#fail(error);
  }

  /** Fails those who wait for it: it is never sent. */
  drop(error: VelocityGateError): void {
    this.#isDone = true;
    this.#failCalls(error);
  }

  /** Nothing has been counted yet. Once nobody waits any longer, nothing is. */
  #tryAgain(isCreating: boolean): void {
    if (this.#isDone) return;
    this.#isCreating = isCreating;
    this.#attempts += 1;
    if (!this.#keepAwaited()) {
      this.#end();
    } else if (performance.now() >= this.#endsAtMs) {
      this.#fail(timedOut("Memcached", this.#owner.timeoutMs));
    } else if (this.#attempts > attemptsMax) {
      this.#fail(unavailable("a counter in Memcached keeps vanishing"));
    } else {
      this.#owner.send(this);
    }
  }

  /** Leaves out what nobody waits for any longer; whether anything is left. */
  #keepAwaited(): boolean {
    if (this.#shares.some(({ call }) => call.isDone)) {
      this.#shares = this.#shares.filter(({ call }) => !call.isDone);
      this.#sum = this.#shares.reduce((sum, { increment }) => sum + increment.hits, 0);
    }
    return this.#shares.length > 0;
  }

  /** @param total what the counter has after all of them */
  #settle(total: number): void {
    let running = this.#sum < 0 ? total : total - this.#sum;
    for (const { increment, call, at } of this.#shares) {
      running += Math.max(0, increment.hits);
      call.settle(at, Math.min(running, Number.MAX_SAFE_INTEGER));
    }
    this.#end();
  }

  #count(reply: Reply): void {
    const { commands } = this.#owner;
    if (this.#sum === 0) countGet(commands, reply);
    else if (this.#sum > 0 && this.#isCreating) countAdd(commands, reply);
    else countIncrement(commands, reply);
  }

  #fail(error: VelocityGateError): void {
    this.#failCalls(error);
    this.#end();
  }

  #failCalls(error: VelocityGateError): void {
    for (const { call } of this.#shares) call.fail(error);
  }

  #end(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#owner.done(this);
  }

  /** The first one that adds something says how long the counter lives. */
  #expiry(): number {
    const first = this.#shares.find(({ increment }) => increment.hits > 0);
    return memcacheExpiry(first?.increment.ttlSeconds ?? 0, this.#owner.nowMs());
  }
}

/** What a reply says a counter has; `undefined`: nothing of the kind. After `decr` there may be spaces behind the number. */
function countOf(reply: Reply): number | undefined {
  if (reply === undefined) return 0;
  if (typeof reply === "number") return reply;
  return typeof reply === "string" && /^\d{1,20} *$/.test(reply) ? Number(reply) : undefined;
}
