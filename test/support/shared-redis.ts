import { randomBytes } from "node:crypto";
import type { RedisAddress, RedisSettings } from "../../src/counters/redis-settings.ts";

/** The Redis and Memcached servers that a whole run of Jest shares. Suites keep apart by `uniquePrefix`. */
export interface SharedRedis {
  readonly single: RedisAddress;
  readonly sentinels: readonly RedisAddress[];
  readonly masterName: string;
  /** The masters; each of them has a replica. */
  readonly cluster: readonly RedisAddress[];
  /** Two Memcached servers. */
  readonly memcached: readonly RedisAddress[];
}

const variable = "VELOCITYGATE_TEST_REDIS";

/** Hands the servers to the workers, which inherit the environment. */
export function publishSharedRedis(shared: SharedRedis): void {
  process.env[variable] = JSON.stringify(shared);
}

export function sharedRedis(): SharedRedis {
  const text = process.env[variable];
  if (text === undefined) {
    throw new Error(
      "no shared Redis: only suites below test/contract, test/integration and test/e2e have it",
    );
  }
  return JSON.parse(text) as SharedRedis;
}

/** A beginning of counter keys that no other suite or run uses. */
export function uniquePrefix(): string {
  return `${randomBytes(6).toString("hex")}:`;
}

/** Settings with short times, for a single server unless `changes` say otherwise. */
export function redisSettings(changes: Partial<RedisSettings>): RedisSettings {
  return {
    topology: "single",
    addresses: [],
    socketPath: undefined,
    masterName: undefined,
    database: 0,
    credentials: undefined,
    sentinelCredentials: undefined,
    tls: undefined,
    connectTimeoutMs: 1_000,
    commandTimeoutMs: 2_000,
    startup: { initialMs: 20, maxMs: 200, maxElapsedMs: 0 },
    ...changes,
  };
}

/** Settings for the shared servers, by topology. */
export function sharedSettings(topology: RedisSettings["topology"]): RedisSettings {
  const shared = sharedRedis();
  switch (topology) {
    case "single":
      return redisSettings({ addresses: [shared.single] });
    case "sentinel":
      return redisSettings({
        topology,
        addresses: shared.sentinels,
        masterName: shared.masterName,
      });
    case "cluster":
      return redisSettings({ topology, addresses: shared.cluster });
  }
}
