import type { Increment } from "../decision/increment.ts";
import type { VelocityGateError } from "../errors.ts";
import type { Call } from "./call.ts";
import type { Expiries } from "./expiries.ts";
import { type RedisCommand, type RedisWords, wireText } from "./redis-command.ts";
import { refused, unavailable } from "./redis-errors.ts";

/** An increment's place: in which call, where there, and how much it adds. */
interface Place {
  readonly call: Call;
  readonly at: number;
  readonly hits: number;
}

/**
 * Gives hits back, which takes a script because it must neither create a counter nor bring one below 0. It is sent as text each
 * time: a server keeps it compiled under its digest, and none can have forgotten it.
 *
 * KEYS[1]: the counter. ARGV[1]: hits, negative.
 */
const giveBackScript = `if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local total = redis.call('INCRBY', KEYS[1], ARGV[1])
if total >= 0 then return total end
redis.call('INCRBY', KEYS[1], string.format('%.0f', -total))
return 0`;

/**
 * The increments of one key that travel together: INCRBY of their sum, GET when that is 0, or the script for hits given back. The
 * total that comes back tells each increment's own total, since nobody comes between them.
 */
export class Addition implements RedisCommand {
  readonly key: string;
  redirections = 0;
  isAsking = false;
  readonly #ttlSeconds: number;
  readonly #expiries: Expiries;
  readonly #places: Place[];
  #hits: number;

  constructor({ key, hits, ttlSeconds }: Increment, call: Call, at: number, expiries: Expiries) {
    this.key = key;
    this.#hits = hits;
    this.#ttlSeconds = ttlSeconds;
    this.#places = [{ call, at, hits }];
    this.#expiries = expiries;
  }

  words(): RedisWords {
    const key = wireText(this.key);
    if (this.#hits > 0) return ["incrby", key, this.#hits];
    return this.#hits === 0 ? ["get", key] : ["eval", giveBackScript, 1, key, this.#hits];
  }

  /** Hits given back go alone: the count may reach 0 on the way, and a sum would not tell. */
  absorb(later: RedisCommand): boolean {
    if (!(later instanceof Addition) || this.#hits < 0 || later.#hits < 0) return false;
    const sum = this.#hits + later.#hits;
    if (sum > Number.MAX_SAFE_INTEGER) return false;
    this.#hits = sum;
    for (const place of later.#places) this.#places.push(place);
    return true;
  }

  answer(reply: unknown): void {
    const total = reply === null ? 0 : Number(reply);
    if (!Number.isInteger(total)) {
      this.giveUp(unavailable("a counter in Redis holds something that is not a number"));
      return;
    }
    if (this.#hits > 0 && total === this.#hits) this.#expiries.owe(this.key, this.#ttlSeconds);
    let running = this.#hits < 0 ? total : total - this.#hits;
    for (const { call, at, hits } of this.#places) {
      running += Math.max(0, hits);
      call.settle(at, Math.max(0, Math.min(running, Number.MAX_SAFE_INTEGER)));
    }
  }

  /** A counter that 64 bits cannot hold any more is as much as there can be. */
  refuse(text: string): void {
    if (text.includes("would overflow")) this.#settleAll(Number.MAX_SAFE_INTEGER);
    else this.giveUp(refused(text));
  }

  giveUp(error: VelocityGateError): void {
    for (const { call } of this.#places) call.fail(error);
  }

  /** The counter may have been created, and then nobody has said yet when it expires. */
  lose(error: VelocityGateError, mayHaveRun: boolean): void {
    if (mayHaveRun && this.#hits > 0) this.#expiries.owe(this.key, this.#ttlSeconds);
    this.giveUp(error);
  }

  #settleAll(total: number): void {
    for (const { call, at } of this.#places) call.settle(at, total);
  }
}
