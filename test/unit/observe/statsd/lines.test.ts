import { afterEach, describe, expect, test } from "@jest/globals";
import { loadRules } from "../../../../src/limits/load.ts";
import { createMetrics, type Metrics } from "../../../../src/observe/metrics.ts";
import { statsdLines } from "../../../../src/observe/statsd/line.ts";
import { createLines } from "../../../../src/observe/statsd/lines.ts";
import { Timings } from "../../../../src/observe/statsd/timings.ts";
import { keptLog } from "../../../support/kept-log.ts";

const opened: Metrics[] = [];
afterEach(() => {
  for (const metrics of opened.splice(0)) metrics.close();
});

function open(isWorker = false) {
  const metrics = createMetrics({ version: "1", log: keptLog() });
  opened.push(metrics);
  const timings = new Timings();
  const lines = createLines({ metrics, timings, writer: statsdLines([]) }, isWorker);
  return { metrics, timings, next: () => [...lines()].flat().sort() };
}

const noRules = loadRules([{ name: "a.yaml", text: "domain: d" }], { mergeDomains: false });
const limit = "ratelimit.service.rate_limit.d.k.";

test("counters are told by how much they have grown, and not when they have not", () => {
  const { metrics, next } = open();
  metrics.rulesLoaded(noRules);
  metrics.limitStats("d.k").totalHits += 5;
  metrics.limitStats("d.k").withinLimit += 3;
  metrics.domainNotFound("nowhere");
  expect(next()).toEqual([
    "ratelimit.service.config_load_success:1|c",
    `${limit}total_hits:5|c`,
    `${limit}within_limit:3|c`,
    "ratelimit.service.rate_limit.nowhere.domain_not_found:1|c",
    "runtime.load_attempts:1|c",
    "runtime.num_values:1|g",
  ]);
  metrics.limitStats("d.k").totalHits += 2;
  metrics.domainNotFound("nowhere");
  expect(next()).toEqual([
    `${limit}total_hits:2|c`,
    "ratelimit.service.rate_limit.nowhere.domain_not_found:1|c",
    "runtime.num_values:1|g",
  ]);
  expect(next()).toEqual(["runtime.num_values:1|g"]);
});

test("a count that lives elsewhere and began anew is told from its new beginning", () => {
  const { metrics, next } = open();
  let opened = 7;
  metrics.counter({
    name: "ratelimit_redis_pool_cx_total",
    help: "X.",
    statsName: "ratelimit.redis_pool.cx_total",
    read: () => opened,
  });
  expect(next()).toEqual(["ratelimit.redis_pool.cx_total:7|c"]);
  opened = 2;
  expect(next()).toEqual(["ratelimit.redis_pool.cx_total:2|c"]);
});

test("what was not read to its end is told the next time", () => {
  const { metrics } = open();
  const timings = new Timings();
  const lines = createLines({ metrics, timings, writer: statsdLines([]) }, false);
  metrics.callError("redis_error");
  timings.observe("ShouldRateLimit", 0.001);
  metrics.limitStats("d.k").totalHits += 1;
  for (const some of lines()) {
    expect(some).toEqual(["ratelimit.service.call.should_rate_limit.redis_error:1|c"]);
    break;
  }
  expect([...lines()].flat()).toEqual([
    expect.stringMatching(/^ratelimit_server\.ShouldRateLimit\.response_time:1(\.\d+)?\|ms$/),
    `${limit}total_hits:1|c`,
  ]);
});

test("limits come in slices, so that others may work in between", () => {
  const { metrics } = open();
  for (let i = 0; i < 4_000; i++) metrics.limitStats(`d.key_${i}`).totalHits += 1;
  const lines = createLines({ metrics, timings: new Timings(), writer: statsdLines([]) }, false);
  const slices = [...lines()];
  expect(slices.flat()).toHaveLength(4_000);
  expect(Math.max(...slices.map((lines) => lines.length))).toBe(256);
});

describe("one of several workers", () => {
  test("tells what it counted itself, and leaves the rest to the primary", () => {
    const { metrics, next } = open(true);
    metrics.rulesLoaded(noRules);
    metrics.limitStats("d.k").totalHits += 1;
    metrics.callError("service_error");
    metrics.gauge({
      name: "ratelimit_redis_pool_cx_active",
      help: "X.",
      statsName: "ratelimit.redis_pool.cx_active",
      read: () => 1,
    });
    expect(next()).toEqual([
      "ratelimit.service.call.should_rate_limit.service_error:1|c",
      `${limit}total_hits:1|c`,
    ]);
    expect(metrics.gauges()).toBe("runtime.num_values: 1\nratelimit.redis_pool.cx_active: 1\n");
  });
});
