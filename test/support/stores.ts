import { systemClock } from "../../src/clock.ts";
import type { MemcacheSettings } from "../../src/counters/memcache/settings.ts";
import {
  createMemcacheStore,
  type MemcacheStore,
  type MemcacheStoreParts,
} from "../../src/counters/memcache/store.ts";
import { createMemoryStore } from "../../src/counters/memory.ts";
import type { RedisSettings } from "../../src/counters/redis-settings.ts";
import { createRedisStore, type RedisStore } from "../../src/counters/redis-store.ts";
import type { CounterStore } from "../../src/counters/store.ts";
import type { Log } from "../../src/observe/log.ts";
import { keptLog } from "./kept-log.ts";
import { sharedRedis, sharedSettings, uniquePrefix } from "./shared-redis.ts";

/** A store that has its first connection. */
export async function connectedStore(
  settings: RedisSettings,
  log: Log = keptLog(),
): Promise<RedisStore> {
  const store = createRedisStore(settings, { log });
  await store.firstConnection;
  return store;
}

/** A place where counters live. */
export interface StoreKind {
  readonly name: string;
  /** Two stores of the same counters, as two instances of a fleet have them. Memory is alone in its process: there they are one. */
  openTwo(): Promise<readonly [CounterStore, CounterStore]>;
}

export const memoryKind: StoreKind = {
  name: "memory",
  openTwo: async () => {
    const store = createMemoryStore({ clock: systemClock, keysMax: 100_000 });
    return [store, store];
  },
};

export function redisKind(topology: RedisSettings["topology"]): StoreKind {
  const open = () => connectedStore(sharedSettings(topology));
  return { name: `Redis ${topology}`, openTwo: () => Promise.all([open(), open()]) };
}

/** Settings with short times. */
export function memcacheSettings(
  changes: Partial<MemcacheSettings> & Pick<MemcacheSettings, "servers">,
): MemcacheSettings {
  return { tls: undefined, connectTimeoutMs: 1_000, commandTimeoutMs: 2_000, ...changes };
}

/** A store that has its first connection. */
export async function connectedMemcache(
  settings: Partial<MemcacheSettings> & Pick<MemcacheSettings, "servers">,
  parts: Partial<MemcacheStoreParts> = {},
): Promise<MemcacheStore> {
  const store = createMemcacheStore(memcacheSettings(settings), {
    log: keptLog(),
    clock: systemClock,
    ...parts,
  });
  await store.firstConnection;
  return store;
}

export function memcacheKind(servers: 1 | 2): StoreKind {
  const open = () => connectedMemcache({ servers: sharedRedis().memcached.slice(0, servers) });
  return { name: `Memcached, ${servers} of them`, openTwo: () => Promise.all([open(), open()]) };
}

/** Keys that nobody else uses: `key("a")` is the same each time it is asked of one test. */
export function ownKeys(): (name: string) => string {
  const prefix = uniquePrefix();
  return (name) => `${prefix}${name}`;
}

/** The same store as something that `cleanupAfterEach` can stop. */
export function stopping<T extends CounterStore>(store: T): T & { stop(): Promise<void> } {
  return Object.assign(store, { stop: () => store.close() });
}
