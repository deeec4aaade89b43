import { type Clock, systemTimers } from "./clock.ts";
import { createMemoryStore } from "./counters/memory.ts";
import { observed } from "./counters/observed.ts";
import { createOverLimitCache } from "./counters/over-limit-cache.ts";
import type { RedisSettings } from "./counters/redis-settings.ts";
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
  watchMemoryStore,
  watchRedisCommands,
  watchRedisConnections,
  watchStoreClock,
} from "./observe/watch.ts";
import type { RedisPlan, Settings } from "./settings.ts";
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
  const { store, clock, description, reached } =
    settings.store.redis === undefined
      ? openMemory(settings, parts)
      : openRedis(settings, settings.store.redis, parts);
  return {
    store: observed(store, (seconds, increments) => metrics.observeStore(seconds, increments)),
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
  const main = createRedisStore(withFiles(redis, parts), { log, random });
  watchConnections(metrics, "redis_pool", main);
  const description = `in Redis, ${redis.topology}`;
  const clock = openClock(settings, main, parts);
  if (settings.store.perSecond === undefined) {
    return { store: main, clock, description, reached: followHealth([main], settings, parts) };
  }
  const perSecond = createRedisStore(withFiles(settings.store.perSecond, parts), { log, random });
  watchConnections(metrics, "redis_per_second_pool", perSecond);
  return {
    store: createSplitStore(main, perSecond),
    clock,
    description: `${description}, those of a second in another one`,
    reached: followHealth([main, perSecond], settings, parts),
  };
}

function withFiles(plan: RedisPlan, { tls }: CounterParts): RedisSettings {
  if (plan.tls === undefined) return { ...plan, tls: undefined };
  const source = tls.get("redis");
  invariant(source !== undefined, "the settings have files for Redis when it is reached by TLS");
  return { ...plan, tls: { ...plan.tls, source } };
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

/**
 * Healthy once every Redis was reached. A lost connection makes no difference afterwards unless the operator wants it to: while
 * Redis is away all instances would leave Envoy's sight at once, and nothing would be gained.
 */
async function followHealth(
  stores: readonly RedisStore[],
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
