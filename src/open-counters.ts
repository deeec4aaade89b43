import { type Clock, systemTimers } from "./clock.ts";
import { createMemcacheStore } from "./counters/memcache/store.ts";
import { createMemoryStore } from "./counters/memory.ts";
import { createOverLimitCache } from "./counters/over-limit-cache.ts";
import { createRedisStore, type RedisStore } from "./counters/redis-store.ts";
import { createSplitStore } from "./counters/split.ts";
import type { CounterStore } from "./counters/store.ts";
import { StoreClock } from "./counters/store-clock.ts";
import { type KnownOver, noneKnownOver } from "./decision/known-over.ts";
import type { Health } from "./health.ts";
import { invariant } from "./invariant.ts";
import type { Metrics } from "./observe/metrics.ts";
import {
  type RedisPool,
  watchLocalCache,
  watchMemcache,
  watchMemoryStore,
  watchRedisCommands,
  watchRedisConnections,
  watchStoreClock,
} from "./observe/watch.ts";
import type { MemcachePlan, RedisPlan, RedisTlsSettings, Settings } from "./settings.ts";
import type { TlsClientOptions } from "./tls/client.ts";
import type { TlsSource } from "./tls/source.ts";
import type { TlsUse } from "./tls/tls-files.ts";
import type { World } from "./world.ts";

/** Where this instance counts. */
export interface Counters {
  readonly store: CounterStore;
  readonly knownOver: KnownOver;
  /** By which windows begin and end. */
  readonly clock: Clock;
  /** For people: what it is and why. */
  readonly description: string;
  /** Rejects when the store was never reached within the time that the operator allows for it (`REDIS_STARTUP_MAX_ELAPSED_TIME`). */
  readonly reached: Promise<void>;
  /** Ends the store; what is under way is lost. */
  close(): Promise<void>;
}

export interface CounterParts extends World {
  readonly health: Health;
  readonly metrics: Metrics;
  /** Of each use that the settings have. */
  readonly tls: ReadonlyMap<TlsUse, TlsSource>;
}

/** Opens the store that the settings name. It need not be reachable yet: health turns good once it is. */
export function openCounters(settings: Settings, parts: CounterParts): Counters {
  const { metrics } = parts;
  const { store, clock, description, reached } = openStore(settings, parts);
  return {
    store,
    knownOver: openLocalCache(settings.store.localCacheBytes, metrics),
    clock,
    description: `${description} (${settings.store.reason})`,
    reached,
    async close() {
      if (clock instanceof StoreClock) clock.close();
      await store.close();
    },
  };
}

function openStore(settings: Settings, parts: CounterParts): Opened {
  const { redis, memcache } = settings.store;
  if (redis !== undefined) return openRedis(settings, redis, parts);
  if (memcache !== undefined) return openMemcache(settings, memcache, parts);
  return openMemory(settings, parts);
}

function openLocalCache(bytes: number, metrics: Metrics): KnownOver {
  if (bytes === 0) return noneKnownOver;
  const cache = createOverLimitCache(bytes);
  watchLocalCache(metrics, () => {
    const { stats } = cache;
    return {
      entries: stats.entryCount,
      hits: stats.hitCount,
      misses: stats.missCount,
      expired: stats.expiredCount,
      evicted: stats.evacuateCount,
      overwritten: stats.overwriteCount,
    };
  });
  return cache;
}

type Opened = Pick<Counters, "store" | "clock" | "description" | "reached">;

function openMemory({ store }: Settings, { clock, health, metrics }: CounterParts): Opened {
  const memory = createMemoryStore({ clock, keysMax: store.memoryKeysMax });
  watchMemoryStore(metrics, memory);
  health.set("store", true);
  return {
    store: memory,
    clock,
    description: "in memory, for this instance alone",
    reached: Promise.resolve(),
  };
}

function openRedis(settings: Settings, redis: RedisPlan, parts: CounterParts): Opened {
  const { log, random, metrics } = parts;
  const main = createRedisStore(
    { ...redis, tls: withFiles(redis.tls, "redis", parts) },
    { log, random },
  );
  watchConnections(metrics, "redis_pool", main);
  const description = `in Redis, ${redis.topology}`;
  const clock = openClock(settings, main, parts);
  if (settings.store.perSecond === undefined) {
    return { store: main, clock, description, reached: followHealth([main], settings, parts) };
  }
  const perSecond = createRedisStore(
    { ...settings.store.perSecond, tls: withFiles(settings.store.perSecond.tls, "redis", parts) },
    { log, random },
  );
  watchConnections(metrics, "redis_per_second_pool", perSecond);
  return {
    store: createSplitStore(main, perSecond),
    clock,
    description: `${description}, those of a second in another one`,
    reached: followHealth([main, perSecond], settings, parts),
  };
}

function openMemcache(settings: Settings, plan: MemcachePlan, parts: CounterParts): Opened {
  const { log, clock, random, metrics } = parts;
  const store = createMemcacheStore(
    { ...plan, tls: withFiles(plan.tls, "memcache", parts) },
    { log, clock, random },
  );
  watchMemcache(metrics, store);
  const { servers } = plan;
  return {
    store,
    clock,
    description: `in Memcached, ${"record" in servers ? servers.record : servers.length === 1 ? "one server" : `${servers.length} servers`}`,
    reached: followHealth([store], settings, parts),
  };
}

/** What is in force of the files that the settings name whenever there is TLS. */
function withFiles(
  plan: RedisTlsSettings | undefined,
  use: TlsUse,
  { tls }: CounterParts,
): TlsClientOptions | undefined {
  if (plan === undefined) return undefined;
  const source = tls.get(use);
  invariant(source !== undefined, "the settings have files where there is TLS");
  return { ...plan, source };
}

/** The machine's clock, or, where the operator wants all instances to go by one, that clock corrected to Redis's. */
function openClock({ store }: Settings, redis: RedisStore, parts: CounterParts): Clock {
  if (store.clockOffsetMaxMs === 0) return parts.clock;
  const clock = new StoreClock({
    clock: parts.clock,
    timers: systemTimers,
    askMs: () => redis.askTimeMs(),
    offsetMaxMs: store.clockOffsetMaxMs,
    log: parts.log,
  });
  redis.onConnection((isConnected) => {
    if (isConnected) void clock.measure();
  });
  watchStoreClock(parts.metrics, clock);
  return clock;
}

function watchConnections(metrics: Metrics, pool: RedisPool, store: RedisStore): void {
  const { connections } = store;
  watchRedisConnections(metrics, pool, () => ({
    active: connections.active,
    opened: connections.total,
    closed: connections.closed,
  }));
  watchRedisCommands(metrics, pool, () => ({
    refused: store.refusedCommands,
    abandonedExpiries: store.abandonedExpiries,
  }));
}

/** A store over the network. */
type Reachable = Pick<RedisStore, "isConnected" | "firstConnection" | "onConnection">;

/**
 * Healthy once every store was reached. A lost connection makes no difference afterwards unless the operator wants it to: while
 * the store is away all instances would leave Envoy's sight at once, and nothing would be gained.
 */
async function followHealth(
  stores: readonly Reachable[],
  { redisHealthCheckActiveConnection }: Settings,
  { health }: CounterParts,
): Promise<void> {
  if (redisHealthCheckActiveConnection) {
    const update = () =>
      health.set(
        "store",
        stores.every(({ isConnected }) => isConnected),
      );
    for (const store of stores) store.onConnection(update);
  }
  await Promise.all(stores.map(({ firstConnection }) => firstConnection));
  health.set("store", true);
}
