import type { Clock } from "../clock.ts";
import { admit } from "../decision/admission.ts";
import type { Admission, Increment } from "../decision/increment.ts";
import { StoreError } from "../errors.ts";
import { invariant } from "../invariant.ts";
import { KeyTable } from "./key-table.ts";
import type { CounterStore } from "./store.ts";

export interface MemoryStoreSettings {
  readonly clock: Clock;
  /** How many counters are kept at most, 1 to `KeyTable.keysMax`. */
  readonly keysMax: number;
}

/** Counters in this process: exact for one instance, gone when it ends. */
export interface MemoryStore extends CounterStore {
  /** Counters held now, expired ones that were not met yet included. */
  readonly size: number;
  /** Living counters that had to make room for new ones, since the start. */
  readonly evictions: number;
}

/** How many counters are looked at in passing for each increment, to free those that have expired. */
const sweptPerIncrement = 4;

/** Among how many counters the one to be evicted is chosen. */
const evictionCandidates = 16;

/** Expiry is kept as an uint32 of Unix seconds. */
const expiryMax = 0xffff_ffff;

/**
 * A bounded table of counters. It has no timers: each increment looks at a few counters in turn and frees those that have
 * expired.
 *
 * When the table is full, sixteen counters from all over it are looked at, and an expired one makes room, or else the one with the
 * fewest hits. Losing a counter lets through at most the hits that it held; a flood of new keys, which have one hit each, therefore
 * displaces itself and not the counters that are about to reach their limits.
 *
 * A counter with a key of 40 ASCII characters takes 109 to 132 bytes, most just after its maps have grown, and each further
 * character one more (measured with 100,000 to 1,100,000 counters: `bench/memory-store.ts`).
 */
export function createMemoryStore({ clock, keysMax }: MemoryStoreSettings): MemoryStore {
  return new Counters(clock, keysMax);
}

class Counters implements MemoryStore {
  readonly #clock: Clock;
  readonly #keys: KeyTable;
  readonly #counts: Float64Array;
  readonly #expiries: Uint32Array;
  #evictions = 0;
  #isClosed: boolean = false;

  constructor(clock: Clock, keysMax: number) {
    this.#clock = clock;
    this.#keys = new KeyTable(keysMax);
    // The system commits these pages only once they are written to: an empty store costs next to nothing.
    this.#counts = new Float64Array(keysMax);
    this.#expiries = new Uint32Array(keysMax);
  }

  get size(): number {
    return this.#keys.size;
  }

  get evictions(): number {
    return this.#evictions;
  }

  async incrementAll(increments: readonly Increment[]): Promise<readonly number[]> {
    const nowSeconds = this.#begin(increments.length);
    return increments.map((increment) => this.#add(increment, nowSeconds));
  }

  async admitAll(admissions: readonly Admission[]): Promise<readonly number[]> {
    const nowSeconds = this.#begin(admissions.length);
    const { totals, isAdded } = admit(admissions, (key) => this.#look(key, nowSeconds));
    admissions.forEach((admission, i) => {
      if (isAdded(i)) this.#add(admission, nowSeconds);
    });
    return totals;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#keys.clear();
  }

  #begin(increments: number): number {
    if (this.#isClosed) throw new StoreError("unavailable", "the store is closed");
    const nowSeconds = Math.floor(this.#clock.nowMs() / 1000);
    this.#sweep(nowSeconds, increments * sweptPerIncrement);
    return nowSeconds;
  }

  #look(key: string, nowSeconds: number): number {
    const slot = this.#keys.find(key);
    return slot >= 0 && !this.#isExpired(slot, nowSeconds) ? this.#countOf(slot) : 0;
  }

  #add({ key, hits, ttlSeconds }: Increment, nowSeconds: number): number {
    let slot = this.#keys.find(key);
    const exists = slot >= 0 && !this.#isExpired(slot, nowSeconds);
    if (!exists) {
      if (hits <= 0) return 0;
      if (slot < 0) slot = this.#place(key, nowSeconds);
      this.#counts[slot] = 0;
      // One second more than asked, since the present one has partly passed.
      this.#expiries[slot] = Math.min(nowSeconds + ttlSeconds + 1, expiryMax);
    }
    const total = Math.max(0, Math.min(this.#countOf(slot) + hits, Number.MAX_SAFE_INTEGER));
    this.#counts[slot] = total;
    return total;
  }

  #place(key: string, nowSeconds: number): number {
    if (this.#keys.isFull) this.#evict(nowSeconds);
    return this.#keys.add(key);
  }

  #sweep(nowSeconds: number, slots: number): void {
    for (let i = 0; i < slots; i++) {
      const slot = this.#keys.nextInTurn();
      if (slot >= 0 && this.#isExpired(slot, nowSeconds)) this.#keys.remove(slot);
    }
  }

  #evict(nowSeconds: number): void {
    let least = -1;
    for (let i = 0; i < evictionCandidates; i++) {
      const slot = this.#keys.nextSample();
      if (this.#isExpired(slot, nowSeconds)) {
        this.#keys.remove(slot);
        return;
      }
      if (least < 0 || this.#countOf(slot) < this.#countOf(least)) least = slot;
    }
    this.#keys.remove(least);
    this.#evictions += 1;
  }

  #isExpired(slot: number, nowSeconds: number): boolean {
    return (this.#expiries[slot] ?? 0) <= nowSeconds;
  }

  #countOf(slot: number): number {
    const count = this.#counts[slot];
    invariant(count !== undefined, "a slot lies within the table");
    return count;
  }
}
