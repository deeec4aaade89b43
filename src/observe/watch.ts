import type { Metrics } from "./metrics.ts";

/** What the local cache of counters known to be over their limit has to tell; counts since the start. */
export interface LocalCacheFigures {
  readonly entries: number;
  readonly hits: number;
  readonly misses: number;
  /** Entries whose window ended. */
  readonly expired: number;
  /** Entries that made room for others. */
  readonly evicted: number;
  /** Entries that were remembered again while they still stood. */
  readonly overwritten: number;
}

/** Shows the local cache under the reference's names. */
export function watchLocalCache(metrics: Metrics, read: () => LocalCacheFigures): void {
  const show = (name: string, help: string, figure: (from: LocalCacheFigures) => number): void =>
    metrics.gauge({
      name: `ratelimit_localcache_${name}`,
      help,
      statsName: `ratelimit.localcache.${name}`,
      read: () => figure(read()),
    });
  show("entryCount", "Counters now known to be over their limit.", ({ entries }) => entries);
  show("hitCount", "Look-ups that found their counter.", ({ hits }) => hits);
  show("missCount", "Look-ups that did not.", ({ misses }) => misses);
  show("lookupCount", "Look-ups.", ({ hits, misses }) => hits + misses);
  show("expiredCount", "Entries whose window ended.", ({ expired }) => expired);
  show("evacuateCount", "Entries that made room for others.", ({ evicted }) => evicted);
  show("overwriteCount", "Entries that were remembered again.", ({ overwritten }) => overwritten);
}

/** Shows the store in memory. Evicted counters let hits through: there should be none. */
export function watchMemoryStore(
  metrics: Metrics,
  store: { readonly size: number; readonly evictions: number },
): void {
  metrics.gauge({
    name: "velocitygate_memory_store_counters",
    help: "Counters held in memory.",
    read: () => store.size,
  });
  metrics.counter({
    name: "velocitygate_memory_store_evictions_total",
    help: "Living counters that had to make room for others.",
    read: () => store.evictions,
  });
}

/** Connections to one Redis; counts since the start. */
export interface ConnectionFigures {
  readonly active: number;
  readonly opened: number;
  readonly closed: number;
}

/** What Memcached has to tell: commands under the reference's names, connections under our own. */
export interface MemcacheFigures {
  readonly connections: {
    readonly active: number;
    readonly total: number;
    readonly closed: number;
  };
  readonly refusedCommands: number;
  readonly commands: Readonly<Record<keyof typeof memcacheCommands, number>>;
}

/** By the reference's internal names. */
const memcacheCommands = {
  multigetSuccess: ["multiget", "success", "Questions for a counter that were answered."],
  multigetError: ["multiget", "error", "Questions for a counter that were refused."],
  incrementSuccess: ["increment", "success", "Increments of a counter that was there."],
  incrementMiss: ["increment", "miss", "Increments of a counter that was not there."],
  incrementError: ["increment", "error", "Increments that were refused."],
  addSuccess: ["add", "success", "Counters that were created."],
  addNotStored: ["add", "not_stored", "Counters that another instance created first."],
  addError: ["add", "error", "Counters that could not be created."],
  keysRequested: ["keys_requested", undefined, "Counters that were asked for."],
  keysFound: ["keys_found", undefined, "Counters that were asked for and were there."],
} as const;

export function watchMemcache(metrics: Metrics, store: MemcacheFigures): void {
  for (const key of Object.keys(memcacheCommands) as (keyof typeof memcacheCommands)[]) {
    const [name, code, help] = memcacheCommands[key];
    metrics.counter({
      name: `ratelimit_memcache_${name}${code === undefined ? "" : `_${code}`}`,
      help,
      statsName: `ratelimit.memcache.${name}${code === undefined ? "" : `.__code=${code}`}`,
      read: () => store.commands[key],
    });
  }
  metrics.gauge({
    name: "velocitygate_memcache_connections",
    help: "Open connections to Memcached.",
    read: () => store.connections.active,
  });
  metrics.counter({
    name: "velocitygate_memcache_connections_opened_total",
    help: "Connections to Memcached that were opened.",
    read: () => store.connections.total,
  });
  metrics.counter({
    name: "velocitygate_memcache_connections_closed_total",
    help: "Connections to Memcached that were closed.",
    read: () => store.connections.closed,
  });
  metrics.counter({
    name: "velocitygate_memcache_refused_commands_total",
    help: "Commands that Memcached answered with an error.",
    read: () => store.refusedCommands,
  });
}

/** What went wrong with commands to one Redis, since the start. */
export interface CommandFigures {
  readonly refused: number;
  /** Counters that may live on without an expiry. */
  readonly abandonedExpiries: number;
}

/** Which Redis it is: the one, or that for one-second windows. */
export type RedisPool = "redis_pool" | "redis_per_second_pool";

export function watchRedisCommands(
  metrics: Metrics,
  pool: RedisPool,
  read: () => CommandFigures,
): void {
  const name = `velocitygate_${pool.replace("_pool", "")}_`;
  metrics.counter({
    name: `${name}refused_commands_total`,
    help: "Commands that Redis answered with an error.",
    read: () => read().refused,
  });
  metrics.counter({
    name: `${name}abandoned_expiries_total`,
    help: "Counters that may live on without an expiry, because EXPIRE kept failing.",
    read: () => read().abandonedExpiries,
  });
}

/** Shows the connections to Redis, or to the one of its own for one-second windows, under the reference's names. */
export function watchRedisConnections(
  metrics: Metrics,
  pool: RedisPool,
  read: () => ConnectionFigures,
): void {
  const name = `ratelimit_${pool}_`;
  const statsName = `ratelimit.${pool}.`;
  metrics.gauge({
    name: `${name}cx_active`,
    help: "Open connections to Redis.",
    statsName: `${statsName}cx_active`,
    read: () => read().active,
  });
  metrics.counter({
    name: `${name}cx_total`,
    help: "Connections to Redis that were opened.",
    statsName: `${statsName}cx_total`,
    read: () => read().opened,
  });
  metrics.counter({
    name: `${name}cx_local_close`,
    help: "Connections to Redis that were closed.",
    statsName: `${statsName}cx_local_close`,
    read: () => read().closed,
  });
}

/** Shows the spans: what has ended and was not sent is waiting, or dropped. */
export function watchTracing(
  metrics: Metrics,
  spans: { readonly ended: number; readonly sent: number },
): void {
  metrics.counter({
    name: "velocitygate_trace_spans_ended_total",
    help: "Spans of traced calls that have ended.",
    read: () => spans.ended,
  });
  metrics.counter({
    name: "velocitygate_trace_spans_sent_total",
    help: "Spans of traced calls that the receiver has taken.",
    read: () => spans.sent,
  });
}

/** Shows how far the machine's clock is from the store's, where the store is asked for its time. */
export function watchStoreClock(
  metrics: Metrics,
  clock: { readonly offsetMs: number | undefined },
): void {
  metrics.gauge({
    name: "velocitygate_store_clock_offset_seconds",
    help: "How far the store's clock is ahead of this machine's.",
    read: () => (clock.offsetMs !== undefined ? clock.offsetMs / 1000 : undefined),
  });
}
