import { join } from "node:path";
import { expect, jest, test } from "@jest/globals";
import { cleanupAfterEach } from "../support/cleanup.ts";
import { eventually } from "../support/eventually.ts";
import { startMemcached } from "../support/memcached.ts";
import { sampleValue } from "../support/parse-exposition.ts";
import { put } from "../support/rule-directory.ts";
import { startInProcess } from "../support/running-app.ts";
import { sharedRedis, uniquePrefix } from "../support/shared-redis.ts";

// Each starts services, on machines that may be busy.
jest.setTimeout(30_000);

const cleanup = cleanupAfterEach();

/** Dashboards and alerts find metrics by their names: none may change unnoticed. */
const names = {
  counter: [
    "ratelimit_redis_per_second_pool_cx_local_close",
    "ratelimit_redis_per_second_pool_cx_total",
    "ratelimit_redis_pool_cx_local_close",
    "ratelimit_redis_pool_cx_total",
    "ratelimit_service_config_load_error",
    "ratelimit_service_config_load_success",
    "ratelimit_service_global_shadow_mode",
    "ratelimit_service_rate_limit_near_limit",
    "ratelimit_service_rate_limit_over_limit",
    "ratelimit_service_rate_limit_over_limit_with_local_cache",
    "ratelimit_service_rate_limit_shadow_mode",
    "ratelimit_service_rate_limit_total_hits",
    "ratelimit_service_rate_limit_total_negative_hits",
    "ratelimit_service_rate_limit_within_limit",
    "ratelimit_service_should_rate_limit_error",
    "ratelimit_service_total_requests",
    "runtime_load_attempts",
    "velocitygate_requests_total",
    "velocitygate_statsd_flush_failures_total",
    "velocitygate_statsd_flushes_total",
  ],
  gauge: [
    "ratelimit_localcache_entryCount",
    "ratelimit_localcache_evacuateCount",
    "ratelimit_localcache_expiredCount",
    "ratelimit_localcache_hitCount",
    "ratelimit_localcache_lookupCount",
    "ratelimit_localcache_missCount",
    "ratelimit_localcache_overwriteCount",
    "ratelimit_redis_per_second_pool_cx_active",
    "ratelimit_redis_pool_cx_active",
    "runtime_num_values",
    "velocitygate_build_info",
    "velocitygate_event_loop_delay_max_seconds",
    "velocitygate_event_loop_delay_p50_seconds",
    "velocitygate_event_loop_delay_p99_seconds",
    "velocitygate_event_loop_utilization_ratio",
    "velocitygate_rules_last_load_successful",
    "velocitygate_rules_last_load_timestamp_seconds",
    "velocitygate_rules_limits",
    "velocitygate_store_clock_offset_seconds",
  ],
  histogram: [
    "ratelimit_service_response_time_seconds",
    "velocitygate_store_batch_increments",
    "velocitygate_store_duration_seconds",
  ],
};

test("a service that counts in Redis has the metrics that dashboards know", async () => {
  const { host, port } = sharedRedis().single;
  const app = await cleanup.add(
    startInProcess({
      rules: {
        "rules.yaml":
          "domain: d\ndescriptors: [{ key: k, rate_limit: { unit: second, requests_per_unit: 1 } }]\n",
      },
      settings: {
        REDIS_URL: `${host}:${port}`,
        REDIS_PERSECOND: "true",
        REDIS_PERSECOND_URL: `${host}:${port}`,
        CACHE_KEY_PREFIX: uniquePrefix(),
        LOCAL_CACHE_SIZE_IN_BYTES: "1000000",
        CLOCK_OFFSET_MAX: "1h",
        STATSD_HOST: "127.0.0.1",
        STATSD_PROTOCOL: "udp",
      },
    }),
  );
  await eventually(() => app.ask("k=v"));
  await eventually(async () => {
    const families = [...(await app.metrics())];
    for (const [type, expected] of Object.entries(names)) {
      const found = families
        .filter(([, family]) => family.type === type && family.samples.length > 0)
        .map(([name]) => name);
      expect(found).toEqual(expect.arrayContaining(expected));
    }
  });
});

test("a service that counts in memory has those of its store", async () => {
  const app = await cleanup.add(startInProcess());
  const families = await app.metrics();
  expect(families.get("velocitygate_memory_store_counters")?.type).toBe("gauge");
  expect(families.get("velocitygate_memory_store_evictions_total")?.type).toBe("counter");
});

test("a service that counts in Memcached has those of its connections", async () => {
  const server = await cleanup.add(startMemcached());
  const { host, port } = server.address;
  const app = await cleanup.add(
    startInProcess({
      settings: { BACKEND_TYPE: "memcache", MEMCACHE_HOST_PORT: `${host}:${port}` },
    }),
  );
  const types = [
    ["velocitygate_memcache_connections", "gauge"],
    ["velocitygate_memcache_connections_opened_total", "counter"],
    ["velocitygate_memcache_connections_closed_total", "counter"],
    ["velocitygate_memcache_refused_commands_total", "counter"],
  ] as const;
  const families = await app.metrics();
  expect(types.map(([name]) => [name, families.get(name)?.type])).toEqual(types);
  await eventually(async () => {
    const read = sampleValue(await app.metrics(), "velocitygate_memcache_connections_opened_total");
    expect(read).toBe(1);
  });
});

test("what is in force is told: how many files and limits, since when, and whether it is what is there", async () => {
  const limit = "rate_limit: { unit: day, requests_per_unit: 1 }";
  const app = await cleanup.add(
    startInProcess({
      rules: {
        "a.yaml": `domain: a\ndescriptors: [{ key: k, ${limit} }, { key: l, ${limit} }]\n`,
        "b.yaml": `domain: b\ndescriptors: [{ key: k, ${limit} }]\n`,
      },
    }),
  );
  const read = async (name: string) => sampleValue(await app.metrics(), name);
  expect(await read("runtime_num_values")).toBe(2);
  expect(await read("velocitygate_rules_limits")).toBe(3);
  expect(await read("velocitygate_rules_last_load_successful")).toBe(1);
  const loaded = (await read("velocitygate_rules_last_load_timestamp_seconds")) ?? 0;
  expect(Math.abs(Date.now() / 1000 - loaded)).toBeLessThan(60);

  put(join(app.root, "c.yaml"), "domain: ''\n");
  await eventually(async () =>
    expect(await read("velocitygate_rules_last_load_successful")).toBe(0),
  );
  expect(await read("runtime_num_values")).toBe(2);
  expect(await read("runtime_load_attempts")).toBeGreaterThanOrEqual(2);
  expect(await read("velocitygate_rules_last_load_timestamp_seconds")).toBe(loaded);
});
