import type { KnownOver } from "../decision/known-over.ts";
import { KeyTable } from "./key-table.ts";

/**
 * What an entry takes beside the bytes of its key: a place in a map, a reference, the head of a string and the time, measured and
 * rounded up.
 */
export const entryOverheadBytes = 100;

/** How many entries the one to be evicted is chosen from. */
const evictionCandidates = 16;

/** How many entries each question looks at in passing, to free expired ones. */
const sweepSlots = 2;

/** The time is kept as an uint32 of Unix seconds. */
const secondsMax = 0xffff_ffff;

/** Counts since the start, but for `entryCount` and `bytes`, which hold now. Named as the reference's gauges are. */
export interface OverLimitCacheStats {
  readonly entryCount: number;
  /** Estimated. */
  readonly bytes: number;
  readonly lookupCount: number;
  readonly hitCount: number;
  readonly missCount: number;
  /** Entries freed because their window had ended. */
  readonly expiredCount: number;
  /** Entries that had to make room for others before their window ended. */
  readonly evacuateCount: number;
  /** Entries that were remembered again while they still stood. */
  readonly overwriteCount: number;
}

/** The reference's «local cache» (`LOCAL_CACHE_SIZE_IN_BYTES`): the counters that this instance has seen over their limits. */
export interface OverLimitCache extends KnownOver {
  readonly stats: OverLimitCacheStats;
}

/**
 * Remembers as many counters as fit into `bytesMax`, each taken as `entryOverheadBytes` and its key in UTF-8. When they do not fit,
 * an expired one makes room, or else the one among sixteen whose window ends first: it is the least use.
 *
 * @param bytesMax at least 0; less than an entry takes remembers nothing
 */
export function createOverLimitCache(bytesMax: number): OverLimitCache {
  return new Entries(bytesMax);
}

class Entries implements OverLimitCache {
  readonly #bytesMax: number;
  readonly #keys: KeyTable;
  readonly #untilSeconds: Uint32Array;
  /** The latest time that a question came with. */
  #nowSeconds = 0;
  #bytes = 0;
  #hits = 0;
  #misses = 0;
  #expired = 0;
  #evacuated = 0;
  #overwritten = 0;

  constructor(bytesMax: number) {
    const entriesMax = Math.floor(bytesMax / entryOverheadBytes);
    const slots = Math.max(1, Math.min(entriesMax, KeyTable.keysMax));
    this.#bytesMax = bytesMax;
    this.#keys = new KeyTable(slots);
    this.#untilSeconds = new Uint32Array(slots);
  }

  get stats(): OverLimitCacheStats {
    return {
      entryCount: this.#keys.size,
      bytes: this.#bytes,
      lookupCount: this.#hits + this.#misses,
      hitCount: this.#hits,
      missCount: this.#misses,
      expiredCount: this.#expired,
      evacuateCount: this.#evacuated,
      overwriteCount: this.#overwritten,
    };
  }

  has(key: string, nowSeconds: number): boolean {
    this.#nowSeconds = nowSeconds;
    this.#sweep();
    const slot = this.#keys.find(key);
    const isOver = slot >= 0 && !this.#isExpired(slot);
    if (isOver) this.#hits += 1;
    else this.#misses += 1;
    return isOver;
  }

  remember(key: string, untilSeconds: number): void {
    let slot = this.#keys.find(key);
    if (slot >= 0) {
      if (!this.#isExpired(slot)) this.#overwritten += 1;
    } else {
      const bytes = entryBytes(key);
      if (bytes > this.#bytesMax) return;
      while (this.#keys.isFull || this.#bytes + bytes > this.#bytesMax) this.#evict();
      slot = this.#keys.add(key);
      this.#bytes += bytes;
    }
    this.#untilSeconds[slot] = Math.min(untilSeconds, secondsMax);
  }

  forget(key: string): void {
    const slot = this.#keys.find(key);
    if (slot >= 0) this.#remove(slot);
  }

  #sweep(): void {
    for (let i = 0; i < sweepSlots; i++) {
      const slot = this.#keys.nextInTurn();
      if (slot >= 0 && this.#isExpired(slot)) this.#expire(slot);
    }
  }

  #evict(): void {
    let soonest = -1;
    for (let i = 0; i < evictionCandidates || soonest < 0; i++) {
      const slot = this.#keys.nextSample();
      if (slot < 0) continue;
      if (this.#isExpired(slot)) {
        this.#expire(slot);
        return;
      }
      if (soonest < 0 || this.#until(slot) < this.#until(soonest)) soonest = slot;
    }
    this.#remove(soonest);
    this.#evacuated += 1;
  }

  #expire(slot: number): void {
    this.#remove(slot);
    this.#expired += 1;
  }

  #remove(slot: number): void {
    this.#bytes -= entryBytes(this.#keys.remove(slot));
  }

  #isExpired(slot: number): boolean {
    return this.#until(slot) <= this.#nowSeconds;
  }

  #until(slot: number): number {
    return this.#untilSeconds[slot] ?? 0;
  }
}

function entryBytes(key: string): number {
  return entryOverheadBytes + Buffer.byteLength(key);
}
