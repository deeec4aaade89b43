import { describe, expect, jest, test } from "@jest/globals";
import { cleanupAfterEach } from "../support/cleanup.ts";
import { eventually } from "../support/eventually.ts";
import { get } from "../support/http-client.ts";
import { metricCalls, metricRules, sendMetricTraffic } from "../support/metric-traffic.ts";
import { parseExposition, sampleValue } from "../support/parse-exposition.ts";
import { freePort } from "../support/ports.ts";
import { RateLimitClient } from "../support/rate-limit-client.ts";
import {
  dogStatsdSettings,
  referenceCounters,
  referenceDogCounters,
} from "../support/reference-metrics.ts";
import { sharedRedis, uniquePrefix } from "../support/shared-redis.ts";
import { receiveTcp, receiveUdp, type StatsdReceiver } from "../support/statsd-receiver.ts";
import { startGate, type TestGate } from "../support/velocitygate.ts";
import { roomInDay } from "../support/window.ts";

jest.setTimeout(60_000);

const cleanup = cleanupAfterEach();

async function gateThatSends(
  port: number,
  settings: Readonly<Record<string, string>>,
): Promise<TestGate> {
  const redis = sharedRedis().single;
  return cleanup.add(
    startGate({
      rules: metricRules,
      settings: {
        BACKEND_TYPE: "redis",
        REDIS_URL: `${redis.host}:${redis.port}`,
        CACHE_KEY_PREFIX: uniquePrefix(),
        LOCAL_CACHE_SIZE_IN_BYTES: "1000000",
        STATSD_HOST: "127.0.0.1",
        STATSD_PORT: `${port}`,
        STATS_FLUSH_INTERVAL: "50ms",
        LOG_LEVEL: "info",
        ...settings,
      },
    }),
  );
}

async function clientOf({ grpcPort }: TestGate): Promise<RateLimitClient> {
  return cleanup.add(Promise.resolve(new RateLimitClient(grpcPort)));
}

const calls = "ratelimit_server.ShouldRateLimit.total_requests";
const times = "ratelimit_server.ShouldRateLimit.response_time";

/** Counters that tell of Redis clients, of which the reference's is another one. */
function withoutClients(counters: Readonly<Record<string, number>>) {
  return Object.fromEntries(
    Object.entries(counters).filter(([name]) => !name.includes("redis_pool")),
  );
}

describe("the same traffic is told as the reference tells it", () => {
  const suffix = ".__az=eu-1_a.__env=prod";
  const tagged = Object.fromEntries(
    Object.entries(referenceCounters).map(([name, value]) => [name + suffix, value]),
  );

  test.each<[string, () => Promise<StatsdReceiver>, Readonly<Record<string, string>>]>([
    ["TCP", () => receiveTcp(), { STATSD_PROTOCOL: "tcp" }],
    ["UDP", () => receiveUdp(), { STATSD_PROTOCOL: "udp4", USE_STATSD: "true" }],
  ])("to statsd over %s", async (_, receive, settings) => {
    await roomInDay(30);
    const receiver = await cleanup.add(receive());
    const gate = await gateThatSends(receiver.port, {
      EXTRA_TAGS: "env:prod,az:eu-1.a,none:",
      ...settings,
    });
    await sendMetricTraffic(await clientOf(gate));
    await eventually(() => expect(receiver.counters()[calls + suffix]).toBe(metricCalls));
    await eventually(() => expect(withoutClients(receiver.counters())).toEqual(tagged));
    expect(receiver.timings()[times + suffix]).toBe(metricCalls);
    expect(receiver.counters()[`ratelimit.redis_pool.cx_total${suffix}`]).toBe(1);
    expect(receiver.gauges()).toEqual({
      [`ratelimit.redis_pool.cx_active${suffix}`]: 1,
      [`ratelimit.localcache.entryCount${suffix}`]: 5,
      [`ratelimit.localcache.hitCount${suffix}`]: 4,
      [`ratelimit.localcache.missCount${suffix}`]: 21,
      [`ratelimit.localcache.lookupCount${suffix}`]: 25,
      [`ratelimit.localcache.expiredCount${suffix}`]: 0,
      [`ratelimit.localcache.evacuateCount${suffix}`]: 0,
      [`ratelimit.localcache.overwriteCount${suffix}`]: 0,
      [`runtime.num_values${suffix}`]: 2,
    });
    for (const bytes of receiver.datagramBytes) expect(bytes).toBeLessThanOrEqual(1_432);
  });

  test("to DogStatsD, with mogrifiers, and the tags of Datadog's environment", async () => {
    await roomInDay(30);
    const receiver = await cleanup.add(receiveUdp());
    const gate = await gateThatSends(receiver.port, {
      USE_DOG_STATSD: "true",
      DD_ENV: "live",
      DD_VERSION: "7",
      ...dogStatsdSettings,
    });
    await sendMetricTraffic(await clientOf(gate));
    const expected = Object.fromEntries(
      Object.entries(referenceDogCounters).map(([name, value]) => [
        name.replace("|#", "|#env:live,version:7,"),
        value,
      ]),
    );
    await eventually(() => expect(withoutClients(receiver.counters())).toEqual(expected));
    const tags = "|#env:live,version:7,az:eu-1_a,env:prod";
    expect(receiver.gauges()[`runtime.num_values${tags}`]).toBe(2);
    expect(receiver.timings()).toEqual({
      [`grpc.response_time.$7${tags},method:ShouldRateLimit`]: metricCalls,
    });
  });
});

describe("a statsd server", () => {
  test("that comes late, goes and comes again misses no count, and the log says so", async () => {
    const port = await freePort();
    const gate = await gateThatSends(port, { STATSD_PROTOCOL: "tcp" });
    const client = await clientOf(gate);
    const ask = async (count: number) => {
      for (let i = 0; i < count; i++) await client.ask("shop", "word=way");
    };
    await ask(3);
    const failures = async () =>
      sampleValue(
        parseExposition((await get(gate.httpPort, "/metrics")).body),
        "velocitygate_statsd_flush_failures_total",
      );
    await eventually(async () => expect(await failures()).toBeGreaterThan(0));

    const first = await receiveTcp({ port });
    await eventually(() => expect(first.counters()[calls]).toBe(3), { timeoutMs: 15_000 });
    await first.stop();
    await ask(4);
    const second = await cleanup.add(receiveTcp({ port }));
    await eventually(() => expect(second.counters()[calls]).toBe(4), { timeoutMs: 15_000 });
    expect(gate.log.split("metrics cannot be sent").length - 1).toBeGreaterThanOrEqual(1);
    expect(gate.log).toContain("ECONNREFUSED");
  });

  test("that takes nothing holds nobody up", async () => {
    const receiver = await cleanup.add(receiveTcp({ isStuck: true }));
    const gate = await gateThatSends(receiver.port, { STATSD_PROTOCOL: "tcp" });
    await eventually(() => receiver.connections > 0);
    const client = await clientOf(gate);
    for (let i = 0; i < 200; i++) {
      expect((await client.ask("shop", `ip=address-${i}`)).overall).toBe("OK");
    }
    expect((await gate.terminate()).code).toBe(0);
  });

  test("is told the last counts before an orderly end", async () => {
    const receiver = await cleanup.add(receiveTcp());
    const gate = await gateThatSends(receiver.port, {
      STATSD_PROTOCOL: "tcp",
      STATS_FLUSH_INTERVAL: "1h",
    });
    const client = await clientOf(gate);
    await client.ask("shop", "word=way");
    expect(receiver.lines).toEqual([]);
    await client.stop();
    expect((await gate.terminate()).code).toBe(0);
    await eventually(() => expect(receiver.counters()[calls]).toBe(1));
    expect(receiver.counters()["ratelimit.service.rate_limit.shop.word_w*.total_hits"]).toBe(1);
  });
});

test("nothing is sent unless it is asked for, and DISABLE_STATS has the last word", async () => {
  const receiver = await cleanup.add(receiveUdp());
  for (const settings of [{ USE_STATSD: "false" }, { USE_STATSD: "true", DISABLE_STATS: "true" }]) {
    const gate = await gateThatSends(receiver.port, { STATSD_PROTOCOL: "udp", ...settings });
    await (await clientOf(gate)).ask("shop", "word=way");
    expect((await gate.terminate()).code).toBe(0);
  }
  expect(receiver.lines).toEqual([]);
});

test("of two workers all is told once: counts add up, and what there is now is one sum", async () => {
  await roomInDay(30);
  const receiver = await cleanup.add(receiveUdp());
  const gate = await gateThatSends(receiver.port, { STATSD_PROTOCOL: "udp", WORKERS: "2" });
  const healthy = async () =>
    sampleValue(
      parseExposition((await get(gate.httpPort, "/metrics")).body),
      "velocitygate_workers_healthy",
    );
  await eventually(async () => expect(await healthy()).toBe(2), { timeoutMs: 20_000 });
  const clients = await Promise.all(Array.from({ length: 6 }, () => clientOf(gate)));
  for (const client of clients) {
    for (let i = 0; i < 5; i++) await client.ask("shop", "plan=other", "plan=free");
  }
  await eventually(() => expect(receiver.counters()[calls]).toBe(30));
  const limit = "ratelimit.service.rate_limit.shop.";
  await eventually(() =>
    expect(receiver.counters()).toMatchObject({
      [`${limit}plan.total_hits`]: 30,
      [`${limit}plan.within_limit`]: 10,
      [`${limit}plan.over_limit`]: 20,
      [`${limit}plan_free.total_hits`]: 30,
      [`${limit}plan_free.within_limit`]: 2,
      [`${limit}plan_free.over_limit`]: 28,
      "ratelimit.redis_pool.cx_total": 2,
      "ratelimit.service.config_load_success": 1,
      "runtime.load_attempts": 1,
    }),
  );
  await eventually(() =>
    expect(receiver.gauges()).toMatchObject({
      "ratelimit.redis_pool.cx_active": 2,
      "runtime.num_values": 2,
    }),
  );
  expect(receiver.timings()[times]).toBe(30);
  // A gauge is one number: whoever sent only its own part would overwrite the others'.
  const active = receiver.lines.filter((line) => line.startsWith("ratelimit.redis_pool.cx_active"));
  expect(active.at(-1)).toBe("ratelimit.redis_pool.cx_active:2|g");
});
