import { afterEach, describe, expect, test } from "@jest/globals";
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

describe("what callers send cannot break or flood the metrics", () => {
  test("label values of any form are escaped and well-formed", async () => {
    const metrics = open();
    metrics.limitStats('d.k_a"b\\c\nd\uDCFF').totalHits = 1;
    const family = (await scrape(metrics)).get(`${perLimit}total_hits`);
    expect(family?.samples[0]?.labels).toEqual({ domain: "d", key1: 'k_a"b\\c\nd\uFFFD' });
  });

  test("keys that read the same once they are well-formed are one series", async () => {
    const metrics = open();
    metrics.limitStats("d.k_\uDC80").totalHits = 1;
    metrics.limitStats("d.k_\uDC81").totalHits = 2;
    metrics.limitStats("d.k_\uDC80").overLimitWithLocalCache = 1;
    metrics.limitStats("d.k_\uDC81").overLimitWithLocalCache = 2;
    const families = await scrape(metrics);
    const labels = { domain: "d", key1: "k_\uFFFD" };
    expect(sampleValue(families, `${perLimit}total_hits`, labels)).toBe(3);
    expect(sampleValue(families, `${perLimit}d_k___over_limit_with_local_cache`)).toBe(3);
  });

  test("long names and values are cut to what scrapers accept", async () => {
    const metrics = open();
    metrics.limitStats(`d.k_${"x".repeat(5000)}`).overLimitWithLocalCache = 1;
    metrics.domainNotFound("y".repeat(5000));
    for (const { samples } of (await scrape(metrics)).values()) {
      for (const { name, labels } of samples) {
        for (const text of [name, ...Object.values(labels)]) {
          expect(text.length).toBeLessThanOrEqual(250);
        }
      }
    }
  });

  test("past the bound, limits share one series, and one warning without a value says so", async () => {
    const log = keptLog();
    const metrics = open({ log, limitsMax: 10 });
    for (let i = 0; i < 100; i++) metrics.limitStats(`d.secret_${i}`).totalHits += 1;
    const family = (await scrape(metrics)).get(`${perLimit}total_hits`);
    expect(family?.samples).toHaveLength(6);
    expect(family?.samples.at(-1)).toMatchObject({
      labels: { domain: "__overflow__", key1: "__overflow__" },
      value: 95,
    });
    expect(log.lines).toEqual([
      { level: "warn", message: expect.any(String), fields: { limitsMax: 10 } },
    ]);
    expect(JSON.stringify(log.lines)).not.toContain("secret");
  });

  test("domains without rules are bounded alike", async () => {
    const metrics = open();
    for (let i = 0; i < 1500; i++) metrics.domainNotFound(`domain ${i}`);
    const family = (await scrape(metrics)).get(`${perLimit}domain_not_found`);
    expect(family?.samples).toHaveLength(1001);
    expect(family?.samples.at(-1)).toMatchObject({
      labels: { domain: "__overflow__" },
      value: 500,
    });
  });

  test("thousands of limits are written piece by piece, into families that stay whole", async () => {
    const metrics = open();
    for (let i = 0; i < 2500; i++) {
      const stats = metrics.limitStats(`d.k_${i}`);
      stats.totalHits = i;
      stats.overLimitWithLocalCache = 1;
    }
    let turns = 0;
    const exposing = metrics.expose();
    let isOver = false;
    const over = exposing.finally(() => {
      isOver = true;
    });
    for (; !isOver; turns += 1) await new Promise((resolve) => setImmediate(resolve));
    await over;
    expect(turns).toBeGreaterThan(10);
    const families = parseExposition((await exposing).body.toString());
    const hits = families.get(`${perLimit}total_hits`)?.samples.map(({ value }) => value);
    expect(hits).toEqual(Array.from({ length: 2500 }, (_, i) => i));
    const unmapped = [...families.keys()].filter((name) => /_d_k_\d+_over_limit_with/.test(name));
    expect(unmapped).toHaveLength(1000);
    expect(families.get(`${perLimit}over_limit_with_local_cache`)?.samples).toHaveLength(2500);
  });

  test("numbers of any size are written as Prometheus reads them", async () => {
    const metrics = open();
    metrics.limitStats("d.a").totalHits = Number.MAX_SAFE_INTEGER;
    metrics.limitStats("d.b").totalHits = 1e21;
    metrics.limitStats("d.c").totalHits = Infinity;
    const values = (await scrape(metrics)).get(`${perLimit}total_hits`)?.samples;
    expect(values?.map(({ value }) => value)).toEqual([Number.MAX_SAFE_INTEGER, 1e21, Infinity]);
  });
});
