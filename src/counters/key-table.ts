import { invariant } from "../invariant.ts";

/** The keys are spread over so many maps that growing one of them, which V8 does in one go, stays below a millisecond. */
const shards = 64;

/** How much of a key's end tells its shard. */
const hashedChars = 64;

/** Multiples of it, taken modulo 1, leave no great gaps however many there are. */
const goldenSection = (Math.sqrt(5) - 1) / 2;

/**
 * Gives each key a slot, a small whole number under which the owner keeps what it knows of the key in typed arrays. Slots are
 * handed out from 0 on and used again once they are free.
 */
export class KeyTable {
  /** A slot is an int32, and a Map takes at most 2^24 entries, should all keys fall into one of them. */
  static readonly keysMax: number = 2 ** 24;

  readonly #slots: readonly Map<string, number>[] = Array.from({ length: shards }, () => new Map());
  readonly #keys: (string | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #keysMax: number;
  #size = 0;
  #hand = 0;
  #sample = 0;
  #step = 1;
  #stepFor = 0;

  constructor(keysMax: number) {
    invariant(
      Number.isInteger(keysMax) && keysMax >= 1 && keysMax <= KeyTable.keysMax,
      `a table holds 1 to ${KeyTable.keysMax} keys, not ${keysMax}`,
    );
    this.#keysMax = keysMax;
  }

  get size(): number {
    return this.#size;
  }

  get isFull(): boolean {
    return this.#size === this.#keysMax;
  }

  /** The slot of `key`; -1 when it has none. */
  find(key: string): number {
    return this.#shardOf(key).get(key) ?? -1;
  }

  /** Gives a slot to a key that has none. */
  add(key: string): number {
    invariant(!this.isFull, "a full table takes no key");
    const slot = this.#free.pop() ?? this.#keys.length;
    this.#keys[slot] = key;
    this.#shardOf(key).set(key, slot);
    this.#size += 1;
    return slot;
  }

  /**
   * Goes round the slots, one with each call. Answers the slot that it has come to, or -1 when that one is free. An owner who
   * looks at a few slots with everything it does gets by without timers.
   */
  nextInTurn(): number {
    this.#hand = this.#hand + 1 < this.#keys.length ? this.#hand + 1 : 0;
    return this.#keys[this.#hand] === undefined ? -1 : this.#hand;
  }

  /** Frees a slot that is taken, and answers its key. */
  remove(slot: number): string {
    const key = this.#keys[slot];
    invariant(key !== undefined, "only a slot that is taken can be freed");
    this.#shardOf(key).delete(key);
    this.#keys[slot] = undefined;
    this.#free.push(slot);
    this.#size -= 1;
    return key;
  }

  /**
   * Goes round the slots in great steps, so that a few of them are spread evenly over the table: keys that came together lie
   * together. Answers the slot that it has come to, or -1 when that one is free.
   */
  nextSample(): number {
    const slots = this.#keys.length;
    if (this.#stepFor !== slots) {
      this.#stepFor = slots;
      this.#step = spreadingStep(slots);
    }
    this.#sample = (this.#sample + this.#step) % slots;
    return this.#keys[this.#sample] === undefined ? -1 : this.#sample;
  }

  clear(): void {
    for (const shard of this.#slots) shard.clear();
    this.#keys.length = 0;
    this.#free.length = 0;
    this.#size = 0;
  }

  #shardOf(key: string): Map<string, number> {
    let hash = key.length;
    for (let at = Math.max(0, key.length - hashedChars); at < key.length; at++) {
      hash = Math.imul(hash ^ key.charCodeAt(at), 0x0100_0193);
    }
    return this.#slots[(hash >>> 16) % shards] as Map<string, number>;
  }
}

/** The whole number next to that part of `slots` with which every slot is visited before one is visited again. */
function spreadingStep(slots: number): number {
  let step = Math.max(1, Math.floor(slots * goldenSection));
  while (greatestCommonDivisor(step, slots) > 1) step += 1;
  return step;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
