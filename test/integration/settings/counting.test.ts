import { beforeEach, describe, expect, jest, test } from "@jest/globals";
import { cleanupAfterEach } from "../../support/cleanup.ts";
import { eventually } from "../../support/eventually.ts";
import { sampleValue } from "../../support/parse-exposition.ts";
import { type RedisServer, startRedis } from "../../support/redis.ts";
import { type AppOptions, type RunningApp, startInProcess } from "../../support/running-app.ts";
import { roomInMinute } from "../../support/window.ts";

// Each starts services, on machines that may be busy.
jest.setTimeout(30_000);

const cleanup = cleanupAfterEach();

const rules = {
  "rules.yaml": `domain: d
descriptors:
  - { key: ten, rate_limit: { unit: day, requests_per_unit: 10 } }
  - { key: none, rate_limit: { unit: day, requests_per_unit: 0 } }
`,
};

const start = (settings: AppOptions["settings"]): Promise<RunningApp> =>
  cleanup.add(startInProcess({ rules, settings: settings ?? {} }));

const perLimit = "ratelimit_service_rate_limit_";

// A day ends with a minute: none does during a test.
beforeEach(() => roomInMinute(5), 60_000);

test("NEAR_LIMIT_RATIO says from where on hits are near their limit", async () => {
  const nearOf = async (settings: AppOptions["settings"]) => {
    const app = await start(settings);
    await app.ask({ descriptors: ["ten=v"], hits: 10 });
    return sampleValue(await app.metrics(), `${perLimit}near_limit`, { domain: "d", key1: "ten" });
  };
  expect(await nearOf({})).toBe(2);
  expect(await nearOf({ NEAR_LIMIT_RATIO: "0.5" })).toBe(5);
});

test("LOCAL_CACHE_SIZE_IN_BYTES is the memory for counters that are over their limit", async () => {
  const app = await start({ LOCAL_CACHE_SIZE_IN_BYTES: "250" });
  // An entry takes a hundred bytes and its key: there is room for one.
  for (const value of ["a", "a", "b", "b"]) await app.ask(`none=${value.repeat(40)}`);
  const metrics = await app.metrics();
  const read = (name: string) => sampleValue(metrics, `ratelimit_localcache_${name}`);
  expect([read("hitCount"), read("entryCount"), read("evacuateCount")]).toEqual([2, 1, 1]);
});

test("without LOCAL_CACHE_SIZE_IN_BYTES there is no local cache", async () => {
  const app = await start({});
  expect((await app.metrics()).has("ratelimit_localcache_hitCount")).toBe(false);
});

test("MEMORY_STORE_MAX_KEYS bounds the counters in memory", async () => {
  const app = await start({ MEMORY_STORE_MAX_KEYS: "3" });
  for (const value of "abcde") await app.ask(`ten=${value}`);
  const metrics = await app.metrics();
  expect(sampleValue(metrics, "velocitygate_memory_store_counters")).toBe(3);
});

describe("in Redis", () => {
  let redis: RedisServer;
  beforeEach(async () => {
    redis = await cleanup.add(startRedis());
  });
  const startOnRedis = (settings: Readonly<Record<string, string>>) =>
    start({ REDIS_URL: `127.0.0.1:${redis.address.port}`, ...settings });
  const keys = async () => (await redis.ask("KEYS", "*")) as string[];

  test("BACKEND_TYPE=memory leaves it alone, BACKEND_TYPE=redis counts in it", async () => {
    await (await startOnRedis({ BACKEND_TYPE: "memory" })).ask("ten=v");
    expect(await keys()).toEqual([]);
    await (await startOnRedis({ BACKEND_TYPE: "redis" })).ask("ten=v");
    expect(await keys()).toHaveLength(1);
  });

  test("CACHE_KEY_PREFIX stands before every key", async () => {
    await (await startOnRedis({ CACHE_KEY_PREFIX: "pre:" })).ask("ten=v");
    expect((await keys())[0]).toMatch(/^pre:d_ten_v_[0-9]+$/);
  });

  test.each([
    ["false", /^d_ten_a_b_[0-9]+$/],
    ["true", /^d_ten_a%5Fb_day_[0-9]+$/],
  ])("UNAMBIGUOUS_CACHE_KEYS=%s: a key is like %s", async (isAsked, form) => {
    await (await startOnRedis({ UNAMBIGUOUS_CACHE_KEYS: isAsked })).ask("ten=a_b");
    expect((await keys())[0]).toMatch(form);
  });

  test("CLOCK_OFFSET_MAX has windows go by Redis's clock when this machine's is off by more", async () => {
    const dayOf = async (allowed: string, offHours: number) => {
      await redis.ask("FLUSHALL");
      const app = await cleanup.add(
        startInProcess({
          rules,
          settings: {
            REDIS_URL: `127.0.0.1:${redis.address.port}`,
            CLOCK_OFFSET_MAX: allowed,
          },
          clock: { nowMs: () => Date.now() - offHours * 3_600_000 },
        }),
      );
      await eventually(async () => {
        const offset = sampleValue(await app.metrics(), "velocitygate_store_clock_offset_seconds");
        expect(offset ?? 0).toBeCloseTo(allowed === "0s" ? 0 : offHours * 3_600, 0);
      });
      await app.ask("ten=v");
      return Number((await keys())[0]?.split("_").at(-1)) / 86_400;
    };
    const today = Math.floor(Date.now() / 86_400_000);
    expect(await dayOf("1s", 48)).toBe(today);
    expect(await dayOf("1s", 0)).toBe(today);
    expect(await dayOf("0s", 48)).toBe(today - 2);
    expect(await dayOf("1h", 48)).toBe(today);
  });

  test.each([
    ["0", 86_400, 86_400],
    ["-1", 86_400, 86_400],
    ["100000", 86_400, 186_400],
  ])(
    "EXPIRATION_JITTER_MAX_SECONDS=%s: counters live so much longer than their window",
    async (jitter, min, max) => {
      const app = await startOnRedis({ EXPIRATION_JITTER_MAX_SECONDS: jitter });
      for (let i = 0; i < 20; i++) await app.ask(`ten=${i}`);
      const all = await Promise.all((await keys()).map((key) => redis.ask("TTL", key)));
      const seconds = all.map(Number);
      // A second may have passed, and of twenty draws some are large.
      expect(Math.min(...seconds)).toBeGreaterThanOrEqual(min - 1);
      expect(Math.max(...seconds)).toBeLessThanOrEqual(max);
      if (max > min) expect(Math.max(...seconds)).toBeGreaterThan(min + 10_000);
    },
  );
});
