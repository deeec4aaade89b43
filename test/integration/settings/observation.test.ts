import { createSocket } from "node:dgram";
import { once } from "node:events";
import { describe, expect, jest, test } from "@jest/globals";
import { cleanupAfterEach } from "../../support/cleanup.ts";
import { eventually } from "../../support/eventually.ts";
import { get } from "../../support/http-client.ts";
import { parseExposition } from "../../support/parse-exposition.ts";
import { freePort, freePorts } from "../../support/ports.ts";
import { runBuilt } from "../../support/run-node.ts";
import { type AppOptions, type RunningApp, startInProcess } from "../../support/running-app.ts";

// Each starts services, on machines that may be busy.
jest.setTimeout(30_000);

const cleanup = cleanupAfterEach();

const rules = {
  "rules.yaml": `domain: d
descriptors: [{ key: k, detailed_metric: true, rate_limit: { unit: day, requests_per_unit: 10 } }]
`,
};

const start = (settings: AppOptions["settings"]): Promise<RunningApp> =>
  cleanup.add(startInProcess({ rules, settings: settings ?? {} }));

describe("the metrics port", () => {
  const totalHits = "ratelimit_service_rate_limit_total_hits";

  test("is there when USE_PROMETHEUS says so, where PROMETHEUS_ADDR and PROMETHEUS_PATH say", async () => {
    const port = await freePort();
    await start({
      USE_PROMETHEUS: "true",
      PROMETHEUS_ADDR: `127.0.0.1:${port}`,
      PROMETHEUS_PATH: "/stats/prometheus",
    });
    const { status, body } = await get(port, "/stats/prometheus");
    expect(status).toBe(200);
    expect(parseExposition(body).has(totalHits)).toBe(true);
    expect((await get(port, "/metrics")).status).toBe(404);
  });

  test.each([[{ USE_PROMETHEUS: "false" }], [{ USE_PROMETHEUS: "true", DISABLE_STATS: "true" }]])(
    "is not there with %j, and /metrics of the HTTP port is",
    async (settings) => {
      const port = await freePort();
      const app = await start({ ...settings, PROMETHEUS_ADDR: `127.0.0.1:${port}` });
      await expect(get(port, "/metrics")).rejects.toMatchObject({ code: "ECONNREFUSED" });
      expect((await app.metrics()).has(totalHits)).toBe(true);
    },
  );
});

test("PROMETHEUS_RESPONSE_TIME_AS_MILLISECONDS counts a thousand times as much", async () => {
  const sums = async (settings: AppOptions["settings"]) => {
    const app = await start(settings);
    for (let i = 0; i < 20; i++) await app.ask("k=v");
    const { body } = await app.get("/metrics");
    const sumOf = (name: string) =>
      Number(new RegExp(`^${name}_sum(?:\\{.*\\})? (\\S+)$`, "m").exec(body)?.[1]);
    return {
      calls: sumOf("ratelimit_service_response_time_seconds"),
      store: sumOf("velocitygate_store_duration_seconds"),
    };
  };
  const inSeconds = await sums({});
  expect(inSeconds.store).toBeGreaterThan(0);
  expect(inSeconds.calls).toBeGreaterThanOrEqual(inSeconds.store);
  // The store is asked within the call and told in seconds always, so no machine is too slow or too fast for this.
  const inMilliseconds = await sums({ PROMETHEUS_RESPONSE_TIME_AS_MILLISECONDS: "true" });
  expect(inMilliseconds.calls).toBeGreaterThanOrEqual(1000 * inMilliseconds.store);
});
test("METRICS_MAX_LIMITS is how many limits are told apart", async () => {
  const app = await start({ METRICS_MAX_LIMITS: "100" });
  for (let i = 0; i < 60; i++) await app.ask(`k=${i}`);
  const family = (await app.metrics()).get("ratelimit_service_rate_limit_total_hits");
  const overflow = family?.samples.find(({ labels }) => labels["domain"] === "__overflow__");
  // Half of the room is for limits that come up on demand.
  expect(overflow?.value).toBe(10);
});

describe("log lines", () => {
  /** What a start that fails for want of rules leaves behind, up to its last words. */
  async function linesOf(settings: Readonly<Record<string, string>>): Promise<readonly string[]> {
    const [http, grpc, debug] = await freePorts(3);
    const { output } = await runBuilt("main.js", [], {
      PORT: `${http}`,
      GRPC_PORT: `${grpc}`,
      DEBUG_PORT: `${debug}`,
      RUNTIME_ROOT: "/nowhere",
      // Named nearly like a setting: one warning.
      REDIS_POOL_SISE: "1",
      ...settings,
    });
    return output.split("\n").filter((line) => line !== "" && !line.startsWith("velocitygate: "));
  }

  test("are JSON unless LOG_FORMAT says otherwise, and from LOG_LEVEL on", async () => {
    const [warning = ""] = await linesOf({});
    expect(JSON.parse(warning)).toMatchObject({
      level: "warning",
      "@message": expect.stringContaining("REDIS_POOL_SISE"),
    });
    expect(await linesOf({ LOG_LEVEL: "fatal" })).toEqual([]);
  });

  test("are text with LOG_FORMAT=text", async () => {
    const [warning = ""] = await linesOf({ LOG_FORMAT: "text" });
    expect(warning).toContain("level=warning");
    expect(warning).toContain("REDIS_POOL_SISE");
  });
});

test("EXTRA_TAGS are labels of every metric", async () => {
  const app = await start({ EXTRA_TAGS: "zone:a,team:b" });
  const { body } = await app.get("/metrics");
  const samples = body.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  expect(samples.length).toBeGreaterThan(50);
  expect(samples.filter((line) => !/zone="a"/.test(line) || !/team="b"/.test(line))).toEqual([]);
});

test.each([
  ["false", "k_a.b"],
  ["true", "k_a_b"],
])("SANITIZE_DESCRIPTOR_METRIC_DOTS=%s: a key and value are %s", async (isAsked, key1) => {
  const app = await start({ SANITIZE_DESCRIPTOR_METRIC_DOTS: isAsked });
  await app.ask("k=a.b");
  const family = (await app.metrics()).get("ratelimit_service_rate_limit_total_hits");
  expect(family?.samples.map(({ labels }) => labels["key1"])).toContain(key1);
});

describe("statsd", () => {
  /** All of 127.0.0.0/8 is this machine. */
  const host = "127.0.0.2";

  /** What comes by UDP to a port of that address, line by line. */
  async function received(): Promise<{ readonly port: number; readonly lines: string[] }> {
    const lines: string[] = [];
    const socket = createSocket("udp4", (datagram) => {
      lines.push(...datagram.toString().split("\n"));
    });
    socket.bind(0, host);
    await once(socket, "listening");
    await cleanup.add({ stop: async () => void socket.close() });
    return { port: socket.address().port, lines };
  }

  test("is sent to STATSD_HOST and STATSD_PORT, as often as STATS_FLUSH_INTERVAL says", async () => {
    const { port, lines } = await received();
    await start({
      STATSD_HOST: host,
      STATSD_PORT: `${port}`,
      STATSD_PROTOCOL: "udp",
      STATS_FLUSH_INTERVAL: "20ms",
    });
    // A gauge is sent each time; the default interval of ten seconds would send it once.
    const gauges = () => lines.filter((line) => line.startsWith("runtime.num_values:"));
    await eventually(() => expect(gauges().length).toBeGreaterThan(3));
  });

  test("DD_ENTITY_ID, DD_ENV, DD_SERVICE and DD_VERSION are tags for DogStatsD", async () => {
    const { port, lines } = await received();
    await start({
      USE_DOG_STATSD: "true",
      STATSD_HOST: host,
      STATSD_PORT: `${port}`,
      STATS_FLUSH_INTERVAL: "20ms",
      DD_ENTITY_ID: "pod-1",
      DD_ENV: "live",
      DD_SERVICE: "limits",
      DD_VERSION: "7",
    });
    const tags = "|#dd.internal.entity_id:pod-1,env:live,service:limits,version:7";
    await eventually(() => expect(lines.join("\n")).toContain(tags));
  });
});

test("metrics are in no log line, whatever is sent nowhere", async () => {
  const app = await start({ STATS_FLUSH_INTERVAL: "1ms", USE_STATSD: "false" });
  for (let i = 0; i < 5; i++) {
    await app.ask("k=v");
    await app.metrics();
  }
  // This log keeps lines of every level.
  const logged = app.log.lines.map((line) => JSON.stringify(line)).join("\n");
  expect(logged).not.toMatch(/total_hits|rate_limit\.|config_load_success/);
});
