import { afterEach, describe, expect, test } from "@jest/globals";
import { loadRules } from "../../../../src/limits/load.ts";
import { addExpositions, countersOfExposition } from "../../../../src/observe/add-expositions.ts";
import { MappedMetrics } from "../../../../src/observe/mapper/mapped-metrics.ts";
import { readMapperFile } from "../../../../src/observe/mapper/read-mapper.ts";
import { createMetrics, type Metrics } from "../../../../src/observe/metrics.ts";
import { keptLog } from "../../../support/kept-log.ts";
import { type Family, parseExposition, sampleValue } from "../../../support/parse-exposition.ts";

const opened: Metrics[] = [];
afterEach(() => {
  for (const metrics of opened.splice(0)) metrics.close();
});

function open(text: string, tags: Readonly<Record<string, string>> = {}, isWorker = false) {
  const read = readMapperFile(text);
  if (!("file" in read)) throw new Error(read.problems.map((problem) => problem.text).join("\n"));
  const log = keptLog();
  const extraTags = new Map(Object.entries(tags));
  let nowMs = 0;
  const mapped = new MappedMetrics({
    file: read.file,
    extraTags,
    log,
    isWorker,
    nowMs: () => nowMs,
  });
  const metrics = createMetrics({ version: "1", log, extraTags, mapped });
  opened.push(metrics);
  return {
    metrics,
    mapped,
    log,
    pass(ms: number) {
      nowMs += ms;
    },
  };
}

async function textOf(metrics: Metrics): Promise<string> {
  return (await metrics.expose()).body.toString();
}

async function scrape(metrics: Metrics): Promise<ReadonlyMap<string, Family>> {
  return parseExposition(await textOf(metrics));
}

const limits = `
mappings:
  - { match: "ratelimit.service.rate_limit.*.*.*", name: "limit_$3", labels: { domain: "$1", key: "$2" }, help: "Of\\nlimits." }
`;

describe("with a mapper file", () => {
  test("the reference's names are mapped, and ours are there as ever", async () => {
    const { metrics } = open(limits);
    metrics.limitStats("d.k_v").totalHits += 3;
    metrics.limitStats("d.k_v").overLimit += 1;
    metrics.gauge({
      name: "ratelimit_redis_pool_cx_active",
      help: "X.",
      statsName: "ratelimit.redis_pool.cx_active",
      read: () => 2,
    });
    const families = await scrape(metrics);
    const labels = { domain: "d", key: "k_v" };
    expect(families.get("limit_total_hits")).toMatchObject({
      type: "counter",
      help: "Of\\nlimits.",
    });
    expect(sampleValue(families, "limit_total_hits", labels)).toBe(3);
    expect(sampleValue(families, "limit_over_limit", labels)).toBe(1);
    expect(sampleValue(families, "ratelimit_redis_pool_cx_active")).toBe(2);
    expect(families.get("ratelimit_redis_pool_cx_active")?.type).toBe("gauge");
    expect([...families.keys()].filter((name) => name.startsWith("ratelimit_"))).toEqual([
      "ratelimit_redis_pool_cx_active",
    ]);
    expect(sampleValue(families, "velocitygate_requests_total", { code: "OK" })).toBe(0);
    expect(families.has("process_resident_memory_bytes")).toBe(true);
  });

  test("counters go on from scrape to scrape, and what was never counted is not shown", async () => {
    const { metrics } = open(limits);
    const labels = { domain: "d", key: "k" };
    const stats = metrics.limitStats("d.k");
    expect((await scrape(metrics)).has("limit_total_hits")).toBe(false);
    for (const total of [2, 5, 5]) {
      stats.totalHits = total;
      expect(sampleValue(await scrape(metrics), "limit_total_hits", labels)).toBe(total);
    }
  });

  test("several metrics under one name and labels add up, each in its scale", async () => {
    const { metrics } = open(`
mappings:
  - { match: "ratelimit.service.rate_limit.*.*.total_hits", name: all, labels: { domain: "$1", of: x } }
  - { match: "ratelimit.service.rate_limit.*.*.over_limit", name: all, labels: { of: x, domain: "$1" }, scale: 100 }
  - { match: "ratelimit.service.rate_limit.*.*.near_limit", name: all, labels: { domain: "$1" }, scale: -1 }
`);
    for (const key of ["d.k", "d.l"]) {
      Object.assign(metrics.limitStats(key), { totalHits: 1, overLimit: 1, nearLimit: 1 });
    }
    expect(sampleValue(await scrape(metrics), "all", { domain: "d", of: "x" })).toBe(202);
  });

  test("what is dropped, or gets no name, is not shown", async () => {
    const { metrics } = open(`
mappings:
  - { match: "ratelimit.service.rate_limit.*.*.total_hits", name: x, action: drop }
  - { match: "ratelimit.service.rate_limit.*.*.*", name: "$9" }
`);
    Object.assign(metrics.limitStats("d.k"), { totalHits: 1, overLimit: 1 });
    expect(await textOf(metrics)).not.toMatch(/total_hits|over_limit|^x/m);
  });

  test("what no entry matches has its internal name, with what no name may have made _", async () => {
    const { metrics } = open("mappings: []");
    metrics.limitStats("d.k_a--b é").totalHits += 1;
    metrics.observeCall("Check", 0.001);
    const families = await scrape(metrics);
    expect(sampleValue(families, "ratelimit_service_rate_limit_d_k_a_b___total_hits")).toBe(1);
    expect(families.get("ratelimit_server_Check_response_time")?.type).toBe("summary");
  });

  test("names and labels are cut to what scrapers take, and values are escaped", async () => {
    const { metrics } = open(`
mappings:
  - { match: "ratelimit.service.rate_limit.*.*.over_limit", name: "over_$2", labels: { key: "$2" } }
`);
    metrics.limitStats(`d.k_${"x".repeat(1_000)}`).totalHits += 1;
    metrics.limitStats(`d.k_${"x".repeat(1_000)}"\n`).overLimit += 1;
    for (const { samples } of (await scrape(metrics)).values()) {
      for (const { name, labels } of samples) {
        for (const text of [name, ...Object.values(labels)]) {
          expect(text.length).toBeLessThanOrEqual(250);
        }
      }
    }
  });
});

describe("times of calls", () => {
  test("are a histogram where an entry says so, in its buckets and its scale", async () => {
    const { metrics } = open(`
mappings:
  - match: "ratelimit_server.*.response_time"
    name: seconds
    observer_type: histogram
    histogram_options: { buckets: [0.001, 0.5] }
    scale: 0.001
    labels: { method: "$1" }
`);
    metrics.observeCall("ShouldRateLimit", 0.0005);
    metrics.observeCall("ShouldRateLimit", 2);
    const families = await scrape(metrics);
    const method = "ShouldRateLimit";
    expect(sampleValue(families, "seconds_bucket", { method, le: "0.001" })).toBe(1);
    expect(sampleValue(families, "seconds_bucket", { method, le: "0.5" })).toBe(1);
    expect(sampleValue(families, "seconds_bucket", { method, le: "+Inf" })).toBe(2);
    expect(sampleValue(families, "seconds_sum", { method })).toBeCloseTo(2.0005, 10);
  });

  test("are a summary otherwise, in milliseconds", async () => {
    const { metrics } = open(`
mappings:
  - { match: "ratelimit_server.*.response_time", name: ms, labels: { method: "$1" }, quantiles: [{ quantile: 0.5 }, { quantile: 1 }] }
`);
    for (let i = 1; i <= 101; i++) metrics.observeCall("ShouldRateLimit", i / 1000);
    const families = await scrape(metrics);
    const method = "ShouldRateLimit";
    expect(families.get("ms")?.type).toBe("summary");
    expect(sampleValue(families, "ms", { method, quantile: "0.5" })).toBeCloseTo(51, 0);
    expect(sampleValue(families, "ms", { method, quantile: "1" })).toBeCloseTo(101, 6);
    expect(sampleValue(families, "ms_count", { method })).toBe(101);
    expect(sampleValue(families, "ms_sum", { method })).toBeCloseTo(5_151, 6);
  });
});

describe("a time to live", () => {
  test("ends with a series that does not change; it begins anew with its next change", async () => {
    const { metrics, mapped, pass } = open(`
defaults: { ttl: 1h }
mappings:
  - { match: "ratelimit.service.rate_limit.*.*.*", name: "limit_$3", labels: { key: "$2" }, ttl: 10s }
  - { match: "ratelimit_server.*.response_time", name: ms, ttl: 10s, labels: { method: "$1" } }
`);
    expect(mapped.forgets).toBe(true);
    const [a, b] = [metrics.limitStats("d.a"), metrics.limitStats("d.b")];
    a.totalHits = 5;
    b.totalHits = 5;
    metrics.observeCall("ShouldRateLimit", 0.001);
    await scrape(metrics);
    pass(10_000);
    b.totalHits = 6;
    expect(sampleValue(await scrape(metrics), "limit_total_hits", { key: "a" })).toBe(5);
    pass(1);
    metrics.observeCall("Check", 0.001);
    const families = await scrape(metrics);
    expect(sampleValue(families, "limit_total_hits", { key: "a" })).toBeUndefined();
    expect(sampleValue(families, "limit_total_hits", { key: "b" })).toBe(6);
    expect(sampleValue(families, "ms_count", { method: "ShouldRateLimit" })).toBeUndefined();
    expect(sampleValue(families, "ms_count", { method: "Check" })).toBe(1);
    a.totalHits = 7;
    expect(sampleValue(await scrape(metrics), "limit_total_hits", { key: "a" })).toBe(2);
  });

  test("is none unless the file says so", () => {
    expect(open(limits).mapped.forgets).toBe(false);
  });
});

describe("extra tags", () => {
  test("are labels of every mapped metric, and an entry's own label of that name wins", async () => {
    const { metrics } = open(
      `
mappings:
  - { match: "ratelimit.service.rate_limit.*.*.total_hits", name: own, labels: { env: "$1" } }
`,
      { env: "prod", az: "1" },
    );
    metrics.limitStats("d.k").totalHits += 1;
    metrics.limitStats("d.k").overLimit += 1;
    const families = await scrape(metrics);
    expect(sampleValue(families, "own", { env: "d", az: "1" })).toBe(1);
    const unmapped = "ratelimit_service_rate_limit_d_k_over_limit";
    expect(sampleValue(families, unmapped, { env: "prod", az: "1" })).toBe(1);
  });

  test("are part of the name that entries see first, as the reference writes it", async () => {
    const { metrics } = open(
      `
mappings:
  - { match: '^ratelimit\\.service\\.rate_limit\\.(.+)\\.total_hits\\.__env=(.*)$', match_type: regex, name: tagged, labels: { key: "$1", from: "$2" } }
`,
      { env: "prod" },
    );
    metrics.limitStats("d.k").totalHits += 1;
    const labels = { key: "d.k", from: "prod", env: "prod" };
    expect(sampleValue(await scrape(metrics), "tagged", labels)).toBe(1);
  });
});

test.each([
  ["a counter and a gauge", "{ match: 'runtime.*', name: x }"],
  ["one of this program's own", "{ match: 'runtime.*', name: velocitygate_requests_total }"],
  ["what is part of a histogram", "{ match: 'runtime.*', name: times_count }"],
])("one name for %s: the later ones are left out, and one warning says so", async (_, entry) => {
  const { metrics, log } = open(`
defaults: { observer_type: histogram }
mappings:
  - { match: "ratelimit_server.*.response_time", name: times }
  - ${entry}
`);
  metrics.observeCall("ShouldRateLimit", 0.001);
  metrics.rulesLoaded(loadRules([{ name: "a", text: "domain: d" }], { mergeDomains: false }));
  await scrape(metrics);
  await scrape(metrics);
  expect(log.lines.map(({ level }) => level)).toEqual(["warn"]);
});

describe("of several workers", () => {
  const file = `
mappings:
  - { match: "ratelimit_server.*.response_time", name: ms, labels: { method: "$1" } }
  - { match: "ratelimit.service.config_load_success", name: loads }
  - { match: "runtime.*", name: "rules_$1" }
`;
  const rules = loadRules([{ name: "a", text: "domain: d" }], { mergeDomains: false });

  test("each leaves to the primary what all count alike", async () => {
    const [worker, primary] = [open(file, {}, true), open(file)];
    for (const { metrics } of [worker, primary]) {
      metrics.rulesLoaded(rules);
      metrics.callError("service_error");
    }
    const texts = [await textOf(worker.metrics), await textOf(primary.metrics)];
    const added = parseExposition(await addExpositions(texts));
    expect(sampleValue(added, "loads")).toBe(1);
    expect(sampleValue(added, "rules_num_values")).toBe(1);
    const errors = "ratelimit_service_call_should_rate_limit_service_error";
    expect(sampleValue(added, errors)).toBe(2);
  });

  test("counts of a summary add up, and the slowest tells the quantiles", async () => {
    const [fast, slow] = [open(file, {}, true), open(file, {}, true)];
    for (let i = 0; i < 3; i++) fast.metrics.observeCall("ShouldRateLimit", 0.001);
    slow.metrics.observeCall("ShouldRateLimit", 0.5);
    const texts = [await textOf(fast.metrics), await textOf(slow.metrics)];
    const method = "ShouldRateLimit";
    const added = parseExposition(await addExpositions(texts));
    expect(sampleValue(added, "ms_count", { method })).toBe(4);
    expect(sampleValue(added, "ms_sum", { method })).toBeCloseTo(503, 6);
    expect(sampleValue(added, "ms", { method, quantile: "0.5" })).toBeCloseTo(500, 6);
    const kept = parseExposition(await countersOfExposition(texts[1] ?? ""));
    expect(sampleValue(kept, "ms_count", { method })).toBe(1);
    expect(sampleValue(kept, "ms", { method, quantile: "0.5" })).toBeUndefined();
  });
});
