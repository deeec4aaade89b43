import type { Entry } from "../limits/descriptor.ts";
import type { LimitStats } from "../limits/limit.ts";
import { renderLabels } from "./exposition.ts";
import { parseStatsKey, type StatsName, sanitize } from "./stats-name.ts";

/** A limit that is known when rules are loaded. */
export interface RegisteredLimit {
  /** As `Match.statsKey` will have it. */
  readonly statsKey: string;
  readonly domain: string;
  /** `key` or `key_value` of every level, not sanitised; `undefined`: cut from the stats key, at its dots. */
  readonly levels?: readonly string[] | undefined;
}

/** One counted limit. */
export interface LimitRow {
  readonly name: StatsName;
  /** Its labels in Prometheus, rendered once: the domain and the first two levels, as the reference has them. */
  readonly labels: string;
  readonly stats: LimitStats;
  /** The registration that last named it; 0 when none did. */
  registration: number;
}

const overflow = "__overflow__";

/**
 * The counts of all limits by their stats key. Stats keys may hold values of descriptors (where a rule asks for it), so their
 * number is bounded: half of the room is for limits that were registered, half for those that come up on demand. Past that, limits
 * share one row.
 */
export class LimitTable {
  readonly #rows = new Map<string, LimitRow>();
  readonly #onOverflow: () => void;
  readonly #sanitizeLevel: (level: string) => string;
  readonly #halfMax: number;
  #registered = 0;
  #registration = 0;
  #overflow: LimitRow | undefined;

  /**
   * @param onOverflow called once, when a limit first finds no room
   * @param sanitizeLevel how a level of a name is written
   */
  constructor(
    limitsMax: number,
    onOverflow: () => void,
    sanitizeLevel: (level: string) => string = sanitize,
  ) {
    this.#sanitizeLevel = sanitizeLevel;
    this.#halfMax = Math.ceil(limitsMax / 2);
    this.#onOverflow = onOverflow;
  }

  /** The counts of a limit. `domain` and `entries` tell its levels apart the first time it comes up. */
  stats(statsKey: string, domain?: string, entries?: readonly Entry[]): LimitStats {
    return (this.#rows.get(statsKey) ?? this.#addOnDemand(statsKey, domain, entries)).stats;
  }

  /** Begins to count limits before their first hit, so that they show up as 0. Repeated at every load. */
  register(limits: Iterable<RegisteredLimit>): void {
    this.#registration += 1;
    const fresh: RegisteredLimit[] = [];
    for (const limit of limits) {
      const row = this.#rows.get(limit.statsKey);
      if (row === undefined) fresh.push(limit);
      else this.#mark(row);
    }
    if (this.#registered + fresh.length > this.#halfMax) this.#forgetUnregistered();
    for (const limit of fresh) {
      if (this.#registered >= this.#halfMax) return;
      if (!this.#rows.has(limit.statsKey))
        this.#mark(this.#add(limit.statsKey, this.#registeredName(limit)));
    }
  }

  /** Every row by its stats key, the shared one included once it is in use. */
  *rows(): Iterable<LimitRow> {
    yield* this.#rows.values();
    if (this.#overflow !== undefined) yield this.#overflow;
  }

  #addOnDemand(
    statsKey: string,
    domain: string | undefined,
    entries: readonly Entry[] | undefined,
  ): LimitRow {
    if (this.#rows.size - this.#registered < this.#halfMax) {
      const name = parseStatsKey(statsKey, domain, entries, this.#sanitizeLevel);
      return this.#add(statsKey, name);
    }
    if (this.#overflow === undefined) {
      this.#overflow = row({ domain: overflow, levels: [overflow] });
      this.#onOverflow();
    }
    return this.#overflow;
  }

  #registeredName({ statsKey, domain, levels }: RegisteredLimit): StatsName {
    if (levels === undefined) return parseStatsKey(statsKey, domain, undefined);
    return { domain: sanitize(domain), levels: levels.map(this.#sanitizeLevel) };
  }

  #add(statsKey: string, name: StatsName): LimitRow {
    const added = row(name);
    this.#rows.set(statsKey, added);
    return added;
  }

  #mark(marked: LimitRow): void {
    if (marked.registration === 0) this.#registered += 1;
    marked.registration = this.#registration;
  }

  /** Limits of earlier loads make room for those of this one. */
  #forgetUnregistered(): void {
    for (const [statsKey, { registration }] of this.#rows) {
      if (registration === 0 || registration === this.#registration) continue;
      this.#rows.delete(statsKey);
      this.#registered -= 1;
    }
  }
}

function row(name: StatsName): LimitRow {
  const { domain, levels } = name;
  const [key1 = "", key2] = levels;
  return {
    name,
    labels: renderLabels(key2 === undefined ? { domain, key1 } : { domain, key1, key2 }),
    stats: {
      totalHits: 0,
      overLimit: 0,
      nearLimit: 0,
      withinLimit: 0,
      shadowMode: 0,
      overLimitWithLocalCache: 0,
      totalNegativeHits: 0,
    },
    registration: 0,
  };
}
