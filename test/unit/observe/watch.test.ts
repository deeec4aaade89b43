import { expect, test } from "@jest/globals";
import { createMetrics } from "../../../src/observe/metrics.ts";
import {
  watchLocalCache,
  watchMemoryStore,
  watchRedisConnections,
} from "../../../src/observe/watch.ts";
import { keptLog } from "../../support/kept-log.ts";
import { parseExposition, sampleValue } from "../../support/parse-exposition.ts";

test("the stores and the local cache show up under the reference's names, or ours", async () => {
  const metrics = createMetrics({ version: "1", log: keptLog() });
  watchLocalCache(metrics, () => ({
    entries: 1,
    hits: 2,
    misses: 3,
    expired: 4,
    evicted: 6,
    overwritten: 5,
  }));
  watchMemoryStore(metrics, { size: 7, evictions: 8 });
  watchRedisConnections(metrics, "redis_pool", () => ({ active: 9, opened: 10, closed: 11 }));
  watchRedisConnections(metrics, "redis_per_second_pool", () => ({
    active: 12,
    opened: 13,
    closed: 14,
  }));
  const families = parseExposition((await metrics.expose()).body.toString());
  const values = {
    ratelimit_localcache_entryCount: 1,
    ratelimit_localcache_hitCount: 2,
    ratelimit_localcache_missCount: 3,
    ratelimit_localcache_lookupCount: 5,
    ratelimit_localcache_expiredCount: 4,
    ratelimit_localcache_evacuateCount: 6,
    ratelimit_localcache_overwriteCount: 5,
    velocitygate_memory_store_counters: 7,
    velocitygate_memory_store_evictions_total: 8,
    ratelimit_redis_pool_cx_active: 9,
    ratelimit_redis_pool_cx_total: 10,
    ratelimit_redis_pool_cx_local_close: 11,
    ratelimit_redis_per_second_pool_cx_active: 12,
    ratelimit_redis_per_second_pool_cx_total: 13,
    ratelimit_redis_per_second_pool_cx_local_close: 14,
  };
  const shown = Object.keys(values).map((name) => [name, sampleValue(families, name)]);
  expect(Object.fromEntries(shown)).toEqual(values);
  expect(metrics.stats()).toContain("ratelimit.localcache.entryCount: 1\n");
  expect(metrics.stats()).toContain("ratelimit.redis_pool.cx_active: 9\n");
  metrics.close();
});
