import { describe, expect, test } from "@jest/globals";
import { addExpositions, countersOfExposition } from "../../../src/observe/add-expositions.ts";
import { createMetrics } from "../../../src/observe/metrics.ts";
import { keptLog } from "../../support/kept-log.ts";
import { parseExposition, sampleValue } from "../../support/parse-exposition.ts";

const family = (name: string, type: string, ...samples: string[]) =>
  `# HELP ${name} What it is.\n# TYPE ${name} ${type}\n${samples.map((line) => `${line}\n`).join("")}`;

describe("expositions of several processes", () => {
  test("add counters up by their labels, which may hold anything", async () => {
    const odd = '{a="x} 7",b="\\"\\\\"}';
    const one = family("c", "counter", `c${odd} 1`, 'c{a="y"} 2');
    const other = family("c", "counter", `c${odd} 10`, 'c{a="z"} 4');
    expect(await addExpositions([one, other])).toBe(
      family("c", "counter", `c${odd} 11`, 'c{a="y"} 2', 'c{a="z"} 4'),
    );
  });

  test("add histograms up bucket by bucket", async () => {
    const histogram = (low: number, all: number, sum: number) =>
      family(
        "h",
        "histogram",
        `h_bucket{le="1"} ${low}`,
        `h_bucket{le="+Inf"} ${all}`,
        `h_sum ${sum}`,
        `h_count ${all}`,
      );
    expect(await addExpositions([histogram(1, 3, 7.5), histogram(2, 2, 0.5)])).toBe(
      histogram(3, 5, 8),
    );
  });

  test.each([
    ["process_resident_memory_bytes", 5],
    ["ratelimit_redis_pool_cx_active", 5],
    ["velocitygate_event_loop_delay_p99_seconds", 3],
    ["velocitygate_event_loop_utilization_ratio", 3],
    ["velocitygate_rules_limits", 3],
    ["velocitygate_rules_last_load_successful", 2],
    ["process_start_time_seconds", 2],
    ["nodejs_eventloop_lag_p99_seconds", 3],
    ["nodejs_eventloop_lag_min_seconds", 2],
  ])("of the gauge %s 2 and 3 become %d", async (name, expected) => {
    const texts = [2, 3].map((value) => family(name, "gauge", `${name} ${value}`));
    expect(await addExpositions(texts)).toBe(family(name, "gauge", `${name} ${expected}`));
  });

  test("leave out what is not a number where others know one", async () => {
    const name = "nodejs_eventloop_lag_seconds";
    const text = (value: string) => family(name, "gauge", `${name} ${value}`);
    expect(await addExpositions([text("NaN"), text("0.5")])).toBe(text("0.5"));
    expect(await addExpositions([text("0.5"), text("NaN")])).toBe(text("0.5"));
    expect(await addExpositions([text("NaN"), text("NaN")])).toBe(text("NaN"));
  });

  test("keep infinities", async () => {
    const text = (value: string) => family("g", "gauge", `g ${value}`);
    expect(await addExpositions([text("+Inf"), text("1")])).toBe(text("+Inf"));
    expect(await addExpositions([text("-Inf")])).toBe(text("-Inf"));
  });

  test("let other work come in between when they are long", async () => {
    const samples = Array.from({ length: 10_000 }, (_, at) => `c{a="${at}"} ${at}`);
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
    }, 0);
    const added = await addExpositions([family("c", "counter", ...samples)]);
    clearInterval(timer);
    expect(added).toBe(family("c", "counter", ...samples));
    expect(turns).toBeGreaterThan(0);
  });

  test("keep families that only one of them has, and those without samples", async () => {
    const one = family("a", "counter", "a 1") + family("empty", "counter");
    const other = family("b", "counter", "b 2");
    expect(await addExpositions([one, other])).toBe(one + other);
    expect(await addExpositions([])).toBe("");
    expect(await addExpositions(["", one])).toBe(one);
  });

  test("of real processes are one that scrapers accept", async () => {
    const count = async (requests: number) => {
      const metrics = createMetrics({ version: "1.2.3", log: keptLog() });
      for (let at = 0; at < requests; at++) {
        metrics.answered("OK");
        metrics.observeCall("ShouldRateLimit", 0.001);
        metrics.limitStats("d.k").totalHits += 1;
      }
      const text = (await metrics.expose()).body.toString();
      metrics.close();
      return text;
    };
    const families = parseExposition(await addExpositions([await count(3), await count(4)]));
    const value = (name: string, labels = {}) => sampleValue(families, name, labels);
    expect(value("velocitygate_requests_total", { code: "OK" })).toBe(7);
    const method = { grpc_method: "ShouldRateLimit" };
    expect(value("ratelimit_service_response_time_seconds_count", method)).toBe(7);
    expect(value("ratelimit_service_rate_limit_total_hits", { domain: "d", key1: "k" })).toBe(7);
    const build = { version: "1.2.3", node: process.version };
    expect(value("velocitygate_build_info", build)).toBe(1);
  });
});

describe("what is kept of a process that has ended", () => {
  test("are its counters and histograms, not what was there at the time", async () => {
    const counter = family("c", "counter", "c 1");
    const histogram = family("h", "histogram", 'h_bucket{le="+Inf"} 1', "h_sum 1", "h_count 1");
    const gauge = family("g", "gauge", "g 1");
    // All processes count the same loads.
    const loads = family(
      "ratelimit_service_config_load_success",
      "counter",
      "ratelimit_service_config_load_success 1",
    );
    expect(await countersOfExposition(counter + gauge + loads + histogram)).toBe(
      counter + histogram,
    );
  });
});
