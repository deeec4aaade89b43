import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, jest, test } from "@jest/globals";
import { cleanupAfterEach } from "../support/cleanup.ts";
import { eventually } from "../support/eventually.ts";
import { GrpcClient } from "../support/grpc-client.ts";
import { get } from "../support/http-client.ts";
import { metricRules, sendMetricTraffic } from "../support/metric-traffic.ts";
import { type Family, parseExposition, sampleValue } from "../support/parse-exposition.ts";
import { RateLimitClient } from "../support/rate-limit-client.ts";
import { mapperFile, referenceMappedSeries } from "../support/reference-mapper.ts";
import { referenceSeries } from "../support/reference-metrics.ts";
import { runBuilt } from "../support/run-node.ts";
import { sharedRedis, uniquePrefix } from "../support/shared-redis.ts";
import { startGate, type TestGate } from "../support/velocitygate.ts";
import { roomInDay } from "../support/window.ts";

jest.setTimeout(60_000);

const cleanup = cleanupAfterEach();

async function start(settings: Readonly<Record<string, string>> = {}): Promise<TestGate> {
  const { host, port } = sharedRedis().single;
  return cleanup.add(
    startGate({
      rules: metricRules,
      settings: {
        BACKEND_TYPE: "redis",
        REDIS_URL: `${host}:${port}`,
        CACHE_KEY_PREFIX: uniquePrefix(),
        LOCAL_CACHE_SIZE_IN_BYTES: "1000000",
        ...settings,
      },
    }),
  );
}

async function clientOf({ grpcPort }: TestGate): Promise<RateLimitClient> {
  return cleanup.add(Promise.resolve(new RateLimitClient(grpcPort)));
}

async function scrape({ httpPort }: TestGate): Promise<ReadonlyMap<string, Family>> {
  return parseExposition((await get(httpPort, "/metrics")).body);
}

/** Every series as one writes it, with its labels in the order of the exposition. */
function seriesOf(families: ReadonlyMap<string, Family>): Readonly<Record<string, number>> {
  const samples = [...families.values()].flatMap((family) => family.samples);
  return Object.fromEntries(
    samples.map(({ name, labels, value }) => {
      const pairs = Object.entries(labels).map(([label, text]) => `${label}="${text}"`);
      return [pairs.length === 0 ? name : `${name}{${pairs.join(",")}}`, value];
    }),
  );
}

/** A file that is there until the test is over. */
async function fileOf(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "velocitygate-mapper-"));
  await cleanup.add(Promise.resolve({ stop: () => rm(folder, { recursive: true, force: true }) }));
  const path = join(folder, "mapper.yaml");
  await writeFile(path, text);
  return path;
}

const perLimit = "ratelimit_service_rate_limit_";

describe("the same traffic shows in Prometheus what the reference shows", () => {
  test("by the built-in mapping, but for dots that shift its labels and hits that it counts twice", async () => {
    await roomInDay(30);
    const gate = await start();
    await sendMetricTraffic(await clientOf(gate));
    const expected: Record<string, number> = { ...referenceSeries };
    const differs = (theirs: string, ours: string, value?: number) => {
      const its = expected[theirs];
      if (its === undefined) throw new Error(`the reference has no ${theirs}`);
      delete expected[theirs];
      expected[ours] = value ?? its;
    };
    for (const stat of ["total_hits", "within_limit"]) {
      const name = perLimit + stat;
      differs(
        `${name}{domain="dotted",key1="domain",key2="k"}`,
        `${name}{domain="dotted.domain",key1="k"}`,
      );
      differs(
        `${name}{domain="shop",key1="host_a",key2="example"}`,
        `${name}{domain="shop",key1="host_a.example"}`,
      );
      differs(
        `${name}{domain="shop",key1="route_/v1",key2="2/x"}`,
        `${name}{domain="shop",key1="route_/v1.2/x",key2="method"}`,
      );
    }
    const deep = `${perLimit}over_limit{domain="shop",key1="a_x",key2="b"}`;
    differs(deep, deep, 2);
    const series = seriesOf(await scrape(gate));
    const shown = Object.keys(expected).map((name) => [name, series[name]]);
    expect(Object.fromEntries(shown)).toEqual(expected);

    // Nothing was counted that the reference did not count: what else there is of limits by its names is 0.
    const own = /_(?:with_local_cache|negative_hits)|domain_not_found/;
    const others = Object.entries(series).filter(
      ([name, value]) =>
        name.startsWith(perLimit) && !own.test(name) && !(name in expected) && value !== 0,
    );
    expect(others.sort()).toEqual([]);
  });

  test("by a mapper file", async () => {
    await roomInDay(30);
    const gate = await start({ PROMETHEUS_MAPPER_YAML: await fileOf(mapperFile) });
    await sendMetricTraffic(await clientOf(gate));
    const series = seriesOf(await scrape(gate));
    const shown = Object.keys(referenceMappedSeries).map((name) => [name, series[name]]);
    expect(Object.fromEntries(shown)).toEqual(referenceMappedSeries);
    expect(series["pool_cx_active"]).toBe(1);
    const others = Object.keys(series).filter(
      (name) =>
        !(name in referenceMappedSeries) && !/^(?:velocitygate|process|nodejs|pool)_/.test(name),
    );
    expect(new Set(others)).toEqual(
      new Set(["ratelimit_redis_pool_cx_total", 'rl_seconds_sum{method="ShouldRateLimit"}']),
    );
  });
});

describe("a mapper file", () => {
  test("maps what all workers count", async () => {
    await roomInDay(30);
    const gate = await start({
      PROMETHEUS_MAPPER_YAML: await fileOf(mapperFile),
      WORKERS: "2",
      EXTRA_TAGS: "env:prod",
    });
    const healthy = async () =>
      sampleValue(await scrape(gate), "velocitygate_workers_healthy", { env: "prod" });
    await eventually(async () => expect(await healthy()).toBe(2), { timeoutMs: 20_000 });
    const clients = await Promise.all(Array.from({ length: 6 }, () => clientOf(gate)));
    for (const client of clients) await client.ask("shop", "plan=other");
    const families = await scrape(gate);
    const value = (name: string, labels = {}) =>
      sampleValue(families, name, { env: "prod", ...labels });
    const labels = { domain: "shop", key: "plan", odd: "-shop_" };
    expect(value("rl_limit", { ...labels, stat: "total_hits" })).toBe(6);
    expect(value("rl_seconds_count", { method: "ShouldRateLimit" })).toBe(6);
    expect(value("pool_cx_active")).toBe(2);
    expect(value("loads")).toBe(1);
  });

  test("keeps a series for its time to live, scraped or not", async () => {
    const gate = await start({
      PROMETHEUS_MAPPER_YAML: await fileOf(`
mappings:
  - { match: "ratelimit.service.rate_limit.*.*.total_hits", name: hits, labels: { key: "$2" }, ttl: 1ms }
`),
    });
    await (await clientOf(gate)).ask("shop", "word=way");
    await eventually(async () => {
      const families = await scrape(gate);
      expect(sampleValue(families, "ratelimit_server_ShouldRateLimit_total_requests")).toBe(1);
      expect(sampleValue(families, "hits", { key: "word_w*" })).toBeUndefined();
    });
  });

  test.each<[string, string | undefined, RegExp]>([
    [
      "with a mistake",
      "mappings:\n  - match: a.b*\n    name: x\n    lables: {}\n",
      /^velocitygate: PROMETHEUS_MAPPER_YAML: 2 mistakes:\n {2}\/.*\/mapper\.yaml:2:12: invalid match: a\.b\*; .*\n {2}\/.*\/mapper\.yaml:4:\d+: unknown key 'lables'; accepted: match, /m,
    ],
    ["that is no YAML", "mappings: [", /PROMETHEUS_MAPPER_YAML: a mistake:\n.*yaml: line 1/],
    ["that is not there", undefined, /PROMETHEUS_MAPPER_YAML: ENOENT.*nowhere\.yaml/],
    [
      "that is far too long",
      "#".repeat(1024 * 1024 + 1),
      /has 1048577 bytes; accepted: at most 1048576/,
    ],
  ])("%s is refused at the start", async (_, text, complaint) => {
    const path = text === undefined ? "/tmp/nowhere.yaml" : await fileOf(text);
    for (const WORKERS of ["1", "2"]) {
      const { exit, output } = await runBuilt("main.js", [], {
        PORT: "0",
        GRPC_PORT: "0",
        DEBUG_PORT: "0",
        REDIS_URL: "127.0.0.1:1",
        WORKERS,
        FORCE_START_WITHOUT_INITIAL_CONFIG: "true",
        PROMETHEUS_MAPPER_YAML: path,
      });
      expect(output).toMatch(complaint);
      expect(exit.code).toBe(2);
    }
  });
});

test("health checks over gRPC are calls, as for the reference", async () => {
  const gate = await start();
  const grpc = new GrpcClient(`127.0.0.1:${gate.grpcPort}`);
  await cleanup.add(Promise.resolve({ stop: async () => grpc.close() }));
  const ask = (service: number[]) =>
    grpc.ask("/grpc.health.v1.Health/Check", Uint8Array.from(service), {
      deadlineMs: Date.now() + 5_000,
    });
  await ask([]);
  await expect(ask([0x0a, 1, 0x78])).rejects.toMatchObject({ details: "unknown service" });
  await (await clientOf(gate)).ask("shop", "word=way");
  const families = await scrape(gate);
  const calls = (grpc_method: string) =>
    sampleValue(families, "ratelimit_service_total_requests", { grpc_method });
  expect(calls("Check")).toBe(2);
  expect(calls("ShouldRateLimit")).toBe(1);
});
