import type { Increment } from "../decision/increment.ts";
import type { VelocityGateError } from "../errors.ts";
import type { Call } from "./call.ts";
import type { Command } from "./command.ts";
import type { WriteArgument } from "./encodable.ts";
import type { Reply } from "./reply.ts";
import { leadOf, numberTail } from "./resp/request.ts";
import { isOverflow, notANumber, refused } from "./store-errors.ts";

/**
 * Gives hits back, which takes a script because it must neither create a counter nor bring one below 0. It is sent as text each
 * time: a server keeps it compiled under its digest, and none can have forgotten it.
 *
 * KEYS[1]: the counter. ARGV[1]: hits, negative.
 */
const giveBackScript = `if not redis.call('GET', KEYS[1]) then return 0 end
local total = redis.call('INCRBY', KEYS[1], ARGV[1])
if total >= 0 then return total end
redis.call('INCRBY', KEYS[1], string.format('%.0f', -total))
return 0`;

const incrBy = leadOf("*3\r\n$6\r\nINCRBY\r\n");
const get = leadOf("*2\r\n$3\r\nGET\r\n");
const giveBack = leadOf(
  `*5\r\n$4\r\nEVAL\r\n$${giveBackScript.length}\r\n${giveBackScript}\r\n$1\r\n1\r\n`,
);

/**
 * One increment on its way, and with it those of the same key that travel along: they are a chain, in the order in which they came,
 * and its first one goes to Redis for all. INCRBY of their sum, GET when that is 0, or the script for hits given back. The total that
 * comes back tells each increment's own total, since nobody comes between them.
 */
export class Addition implements Command {
  redirections = 0;
  isAsking = false;
  readonly #increment: Increment;
  readonly #call: Call;
  /** Whose total this is among those of the call. */
  readonly #at: number;
  /** The hits of the whole chain, in its first increment. */
  #sum: number;
  #next: Addition | undefined = undefined;
  /** The chain's last increment, in its first one; `undefined`: it is alone. */
  #last: Addition | undefined = undefined;

  constructor(increment: Increment, call: Call, at: number) {
    this.#increment = increment;
    this.#call = call;
    this.#at = at;
    this.#sum = increment.hits;
  }

  get key(): string {
    return this.#increment.key;
  }

  encode(bulk: WriteArgument): string {
    if (this.#sum > 0) return bulk(this.key, incrBy, numberTail(this.#sum));
    if (this.#sum === 0) return bulk(this.key, get);
    return bulk(this.key, giveBack, numberTail(this.#sum));
  }

  /** Hits given back go alone: the count may reach 0 on the way, and a sum would not tell. */
  absorb(later: Command): boolean {
    if (!(later instanceof Addition) || this.#sum < 0 || later.#sum < 0) return false;
    const sum = this.#sum + later.#sum;
    if (sum > Number.MAX_SAFE_INTEGER) return false;
    this.#sum = sum;
    (this.#last ?? this).#precede(later);
    this.#last = later.#last ?? later;
    return true;
  }

  awaited(): Addition | undefined {
    let first: Addition | undefined;
    let each: Addition | undefined = this;
    while (each !== undefined) {
      const next: Addition | undefined = each.#next;
      if (!each.#call.isDone) {
        each.#standAlone();
        if (first === undefined) first = each;
        else first.absorb(each);
      }
      each = next;
    }
    if (first !== undefined) {
      first.redirections = this.redirections;
      first.isAsking = this.isAsking;
    }
    return first;
  }

  #standAlone(): void {
    this.#sum = this.#increment.hits;
    this.#next = undefined;
    this.#last = undefined;
  }

  #precede(later: Addition): void {
    this.#next = later;
  }

  answer(reply: Reply): void {
    const total = reply === undefined ? 0 : Number(reply);
    if (!Number.isInteger(total)) {
      this.giveUp(notANumber("Redis"));
      return;
    }
    if (this.#sum > 0 && total === this.#sum) this.#owe();
    let running = this.#sum < 0 ? total : total - this.#sum;
    for (let each: Addition | undefined = this; each; each = each.#next) {
      running += Math.max(0, each.#increment.hits);
      each.#settle(running);
    }
  }

  /** A counter that 64 bits cannot hold any more is as much as there can be. */
  refuse(text: string): void {
    if (!isOverflow(text)) {
      this.giveUp(refused("Redis", text));
      return;
    }
    for (let each: Addition | undefined = this; each; each = each.#next) {
      each.#settle(Number.MAX_SAFE_INTEGER);
    }
  }

  giveUp(error: VelocityGateError): void {
    for (let each: Addition | undefined = this; each; each = each.#next) each.#call.fail(error);
  }

  /** The counter may have been created, and then nobody has said yet when it expires. */
  lose(error: VelocityGateError, mayHaveRun: boolean): void {
    if (mayHaveRun && this.#sum > 0) this.#owe();
    this.giveUp(error);
  }

  #owe(): void {
    this.#call.expiries.owe(this.#increment);
  }

  #settle(total: number): void {
    this.#call.settle(this.#at, Math.max(0, Math.min(total, Number.MAX_SAFE_INTEGER)));
  }
}
