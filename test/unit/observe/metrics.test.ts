import { afterEach, describe, expect, test } from "@jest/globals";
import { loadRules } from "../../../src/limits/load.ts";
import { createMetrics, type Metrics, type MetricsOptions } from "../../../src/observe/metrics.ts";
import { keptLog } from "../../support/kept-log.ts";
import { type Family, parseExposition, sampleValue } from "../../support/parse-exposition.ts";

const opened: Metrics[] = [];
afterEach(() => {
  for (const metrics of opened.splice(0)) metrics.close();
});

function open(options: Partial<MetricsOptions> = {}): Metrics {
  const metrics = createMetrics({ version: "1.2.3", log: keptLog(), ...options });
  opened.push(metrics);
  return metrics;
}

async function scrape(metrics: Metrics): Promise<ReadonlyMap<string, Family>> {
  return parseExposition((await metrics.expose()).body.toString());
}

const perLimit = "ratelimit_service_rate_limit_";

describe("the reference's Prometheus mapping", () => {
  test("keeps domain and two levels as labels and sums up what lies deeper", async () => {
    const metrics = open();
    metrics.limitStats("domain1.key1_val1").overLimit = 1;
    metrics.limitStats("domain1.key1_val1.key2_val2").overLimit = 2;
    metrics.limitStats("domain1.key3_val3.key4_val4").overLimit = 1;
    metrics.limitStats("domain1.key3_val3.key4_val4.key5_val5").overLimit = 2;
    const family = (await scrape(metrics)).get(`${perLimit}over_limit`);
    expect(family?.type).toBe("counter");
    expect(family?.samples.map(({ labels, value }) => ({ ...labels, value }))).toEqual([
      { domain: "domain1", key1: "key1_val1", value: 1 },
      { domain: "domain1", key1: "key1_val1", key2: "key2_val2", value: 2 },
      { domain: "domain1", key1: "key3_val3", key2: "key4_val4", value: 3 },
    ]);
  });

  test.each([
    ["totalHits", "total_hits"],
    ["overLimit", "over_limit"],
    ["nearLimit", "near_limit"],
    ["withinLimit", "within_limit"],
    ["shadowMode", "shadow_mode"],
    ["overLimitWithLocalCache", "over_limit_with_local_cache"],
    ["totalNegativeHits", "total_negative_hits"],
  ] as const)("%s is %s", async (stat, name) => {
    const metrics = open();
    metrics.limitStats("d.k_v")[stat] = 5;
    const families = await scrape(metrics);
    expect(sampleValue(families, perLimit + name, { domain: "d", key1: "k_v" })).toBe(5);
  });

  test("hits that the local cache answered are counted once as over the limit (L-11)", async () => {
    const metrics = open();
    const stats = metrics.limitStats("d.k_v.k2.k3");
    stats.overLimit = 4;
    stats.overLimitWithLocalCache = 3;
    const families = await scrape(metrics);
    const labels = { domain: "d", key1: "k_v", key2: "k2" };
    expect(sampleValue(families, `${perLimit}over_limit`, labels)).toBe(4);
    expect(sampleValue(families, `${perLimit}over_limit_with_local_cache`, labels)).toBe(3);
    expect(sampleValue(families, `${perLimit}d_k_v_k2_k3_over_limit_with_local_cache`)).toBe(3);
  });

  test("names that it does not know carry the key in the metric's name", async () => {
    const metrics = open();
    metrics.limitStats("d/x.k_a:b").totalNegativeHits = 2;
    metrics.domainNotFound("no-such.domain");
    metrics.domainNotFound("no-such.domain");
    metrics.globalShadowMode();
    const families = await scrape(metrics);
    expect(sampleValue(families, `${perLimit}d_x_k_a_b_total_negative_hits`)).toBe(2);
    expect(sampleValue(families, `${perLimit}no_such_domain_domain_not_found`)).toBe(2);
    expect(sampleValue(families, `${perLimit}domain_not_found`, { domain: "no-such.domain" })).toBe(
      2,
    );
    expect(sampleValue(families, "ratelimit_service_global_shadow_mode")).toBe(1);
  });

  test("errors are told apart by their type", async () => {
    const metrics = open();
    metrics.callError("redis_error");
    metrics.callError("redis_error");
    metrics.callError("service_error");
    const families = await scrape(metrics);
    const name = "ratelimit_service_should_rate_limit_error";
    expect(sampleValue(families, name, { err_type: "redis_error" })).toBe(2);
    expect(sampleValue(families, name, { err_type: "service_error" })).toBe(1);
    expect(sampleValue(families, "velocitygate_requests_total", { code: "ERROR" })).toBe(3);
  });
});

describe("call durations", () => {
  test("are in seconds, with the reference's buckets and finer ones below", async () => {
    const metrics = open();
    metrics.observeCall("ShouldRateLimit", 0.0003);
    metrics.observeCall("ShouldRateLimit", 0.005);
    metrics.observeCall("ShouldRateLimit", 0.9997);
    metrics.observeCall("Check", 60);
    const families = await scrape(metrics);
    const name = "ratelimit_service_response_time_seconds";
    const upTo = (le: string, grpc_method = "ShouldRateLimit") =>
      sampleValue(families, `${name}_bucket`, { grpc_method, le });
    expect([upTo("0.00025"), upTo("0.0005"), upTo("0.0025"), upTo("0.005")]).toEqual([0, 1, 1, 2]);
    for (const le of [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]) {
      expect(upTo(String(le))).toBeGreaterThanOrEqual(2);
    }
    expect([upTo("10", "Check"), upTo("+Inf", "Check")]).toEqual([0, 1]);
    const labels = { grpc_method: "ShouldRateLimit" };
    expect(sampleValue(families, `${name}_sum`, labels)).toBeCloseTo(1.005, 10);
    expect(sampleValue(families, `${name}_count`, labels)).toBe(3);
    expect(sampleValue(families, "ratelimit_service_total_requests", labels)).toBe(3);
  });

  test("are in milliseconds when the operator wants them as they were", async () => {
    const metrics = open({ responseTimeAsMilliseconds: true });
    metrics.observeCall("ShouldRateLimit", 1);
    const name = "ratelimit_service_response_time_seconds_sum";
    const labels = { grpc_method: "ShouldRateLimit" };
    expect(sampleValue(await scrape(metrics), name, labels)).toBe(1000);
  });
});

describe("rules", () => {
  const rules = () =>
    loadRules(
      [
        {
          name: "a.yaml",
          text: `
domain: shop.example
descriptors:
  - key: path
    value: /a.html
    rate_limit: { unit: minute, requests_per_unit: 5 }
    descriptors:
      - key: user
        rate_limit: { unlimited: true }
  - key: no_limit
`,
        },
      ],
      { mergeDomains: false },
    );

  test("loaded rules show every limit as 0, its dots in place", async () => {
    const metrics = open({ nowMs: () => 1_700_000_000_500 });
    metrics.rulesLoaded(rules());
    const families = await scrape(metrics);
    for (const stat of ["total_hits", "over_limit", "near_limit", "within_limit", "shadow_mode"]) {
      expect(families.get(perLimit + stat)?.samples).toEqual([
        {
          name: perLimit + stat,
          labels: { domain: "shop.example", key1: "path_/a.html" },
          value: 0,
        },
        {
          name: perLimit + stat,
          labels: { domain: "shop.example", key1: "path_/a.html", key2: "user" },
          value: 0,
        },
      ]);
    }
    expect(sampleValue(families, "velocitygate_rules_limits")).toBe(2);
    expect(sampleValue(families, "velocitygate_rules_last_load_timestamp_seconds")).toBe(
      1_700_000_000.5,
    );
    expect(sampleValue(families, "velocitygate_rules_last_load_successful")).toBe(1);
  });

  test("refused rules leave what is in force, and say that they were refused", async () => {
    const metrics = open();
    metrics.rulesLoaded(rules());
    metrics.rulesRefused();
    const families = await scrape(metrics);
    expect(sampleValue(families, "ratelimit_service_config_load_success")).toBe(1);
    expect(sampleValue(families, "ratelimit_service_config_load_error")).toBe(1);
    expect(sampleValue(families, "velocitygate_rules_last_load_successful")).toBe(0);
    expect(sampleValue(families, "velocitygate_rules_limits")).toBe(2);
  });

  test("before any were read there is nothing to say about the last load", async () => {
    const families = await scrape(open());
    expect(families.get("velocitygate_rules_last_load_successful")?.samples).toEqual([]);
    expect(families.get("velocitygate_rules_last_load_timestamp_seconds")?.samples).toEqual([]);
  });
});

describe("our own", () => {
  test("requests by answer, the store, the event loop, the process and the build", async () => {
    const metrics = open();
    metrics.answered("OK");
    metrics.answered("OK");
    metrics.answered("OVER_LIMIT");
    metrics.observeStore(0.002, 3);
    const families = await scrape(metrics);
    const of = (name: string, labels = {}) => sampleValue(families, name, labels);
    expect(of("velocitygate_requests_total", { code: "OK" })).toBe(2);
    expect(of("velocitygate_requests_total", { code: "OVER_LIMIT" })).toBe(1);
    expect(of("velocitygate_store_duration_seconds_bucket", { le: "0.0025" })).toBe(1);
    expect(of("velocitygate_store_batch_increments_bucket", { le: "2" })).toBe(0);
    expect(of("velocitygate_store_batch_increments_bucket", { le: "4" })).toBe(1);
    expect(of("velocitygate_build_info", { version: "1.2.3", node: process.version })).toBe(1);
    expect(of("velocitygate_event_loop_delay_p99_seconds")).toBeGreaterThanOrEqual(0);
    expect(of("velocitygate_event_loop_utilization_ratio")).toBeLessThanOrEqual(1);
    expect(of("process_resident_memory_bytes")).toBeGreaterThan(1e6);
    expect(of("nodejs_heap_size_used_bytes")).toBeGreaterThan(1e6);
  });

  test("numbers that live elsewhere are read when they are asked for", async () => {
    const metrics = open();
    let value: number | undefined = 1;
    metrics.gauge({ name: "velocitygate_x", help: "X.", read: () => value });
    metrics.counter({
      name: "velocitygate_y_total",
      help: "Y.",
      statsName: "ratelimit.y",
      read: () => value,
    });
    value = 3;
    const families = await scrape(metrics);
    expect(sampleValue(families, "velocitygate_x")).toBe(3);
    expect(sampleValue(families, "velocitygate_y_total")).toBe(3);
    expect(sampleValue(await scrape(metrics), "velocitygate_y_total")).toBe(3);
    expect(metrics.stats()).toContain("ratelimit.y: 3\n");
    value = undefined;
    expect((await scrape(metrics)).get("velocitygate_x")?.samples).toEqual([]);
  });
});

test("scrapes at the same time share one text; the next one is fresh", async () => {
  const metrics = open();
  metrics.answered("OK");
  const [first, second] = await Promise.all([metrics.expose(), metrics.expose()]);
  expect(second).toBe(first);
  expect(first.contentType).toBe("text/plain; version=0.0.4; charset=utf-8");
  metrics.answered("OK");
  expect(sampleValue(await scrape(metrics), "velocitygate_requests_total", { code: "OK" })).toBe(2);
});

test("the statistics page tells the reference's internal names in their order", () => {
  const metrics = open();
  metrics.limitStats("shop.path_/a:b.user_10.0.0.1").totalHits = 5;
  metrics.limitStats("shop.line_a\nb").totalHits = 1;
  metrics.domainNotFound("none");
  metrics.callError("redis_error");
  metrics.observeCall("ShouldRateLimit", 0.001);
  const lines = metrics.stats().split("\n");
  expect(lines.pop()).toBe("");
  expect(lines.filter((line, i) => line < (lines[i - 1] ?? ""))).toEqual([]);
  expect(lines).toEqual(
    expect.arrayContaining([
      "ratelimit.service.rate_limit.shop.path_/a_b.user_10_0_0_1.total_hits: 5",
      "ratelimit.service.rate_limit.shop.path_/a_b.user_10_0_0_1.over_limit: 0",
      "ratelimit.service.rate_limit.shop.line_a\uFFFDb.total_hits: 1",
      "ratelimit.service.rate_limit.none.domain_not_found: 1",
      "ratelimit.service.call.should_rate_limit.redis_error: 1",
      "ratelimit.service.call.should_rate_limit.service_error: 0",
      "ratelimit.service.config_load_success: 0",
      "ratelimit.service.global_shadow_mode: 0",
      "ratelimit_server.ShouldRateLimit.total_requests: 1",
    ]),
  );
});
