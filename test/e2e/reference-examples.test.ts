/**
 * The scenarios of the reference's example set-up (reference-behaviour.md H.2), from a client's request through a real Envoy. Its
 * limits of a minute are limits of an hour here, so that nothing has to be waited for; windows that end have tests of their own.
 */
import { beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { cleanupAfterAll } from "../support/cleanup.ts";
import { startEnvoy } from "../support/envoy.ts";
import { eventually } from "../support/eventually.ts";
import { asInExample } from "../support/example-envoy.ts";
import { get } from "../support/http-client.ts";
import { parseExposition } from "../support/parse-exposition.ts";
import { sharedRedis, uniquePrefix } from "../support/shared-redis.ts";
import { startUpstream } from "../support/upstream.ts";
import { startGate, type TestGate } from "../support/velocitygate.ts";
import { roomInMinute } from "../support/window.ts";

const rules = {
  "example.yaml": `domain: rl
descriptors:
  - key: category
    value: account
    rate_limit: { unit: hour, requests_per_unit: 4, replaces: [{ name: bkthomps }, { name: fake_name }] }
  - key: source_cluster
    value: proxy
    descriptors:
      - key: destination_cluster
        value: bkthomps
        rate_limit: { unit: hour, requests_per_unit: 2, replaces: [{ name: bkthomps }] }
      - key: destination_cluster
        value: mock
        rate_limit: { unit: hour, requests_per_unit: 1 }
      - key: destination_cluster
        value: override
        rate_limit: { unit: hour, requests_per_unit: 2, replaces: [{ name: banned_limit }] }
      - key: destination_cluster
        value: fake
        rate_limit: { unit: hour, requests_per_unit: 2, name: fake_name }
  - key: foo
    rate_limit: { unit: hour, requests_per_unit: 2 }
    descriptors:
      - key: bar
        rate_limit: { unit: hour, requests_per_unit: 3 }
      - key: bar
        value: bkthomps
        rate_limit: { unit: hour, requests_per_unit: 1, name: bkthomps }
      - key: bar
        value: banned
        rate_limit: { unit: hour, requests_per_unit: 0, name: banned_limit }
      - key: baz
        rate_limit: { unit: second, requests_per_unit: 1 }
      - key: baz
        value: not-so-shady
        rate_limit: { unit: hour, requests_per_unit: 3 }
      - key: baz
        value: shady
        shadow_mode: true
        rate_limit: { unit: hour, requests_per_unit: 3 }
      - key: bay
        rate_limit: { unlimited: true }
  - key: unspec
    detailed_metric: true
    rate_limit: { unit: hour, requests_per_unit: 2 }
  - key: qux
    rate_limit: { unlimited: true }
  - key: service
    value: service_1
    quota_mode: true
    rate_limit: { unit: hour, requests_per_unit: 1 }
    metadata: { service_with_quota: { name: service_1 } }
  - key: service
    value: service_2
    quota_mode: true
    rate_limit: { unit: hour, requests_per_unit: 2 }
    metadata: { service_with_quota: { name: service_2 } }
`,
};

const stores = {
  memory: () => ({ BACKEND_TYPE: "memory" }),
  "a Redis Cluster": () => ({
    BACKEND_TYPE: "redis",
    REDIS_TYPE: "CLUSTER",
    REDIS_URL: sharedRedis()
      .cluster.map(({ host, port }) => `${host}:${port}`)
      .join(","),
    CACHE_KEY_PREFIX: uniquePrefix(),
  }),
};

const cleanup = cleanupAfterAll();

// An hour ends with a minute: none does during a test.
beforeEach(() => roomInMinute(5), 60_000);

describe.each([
  ["memory", "off"],
  ["memory", "on"],
  ["a Redis Cluster", "off"],
  ["a Redis Cluster", "on"],
] as const)("counting in %s, with the over-limit cache %s", (store, cache) => {
  const start = () => {
    const cacheBytes = cache === "on" ? "1000000" : "0";
    return startExample({ ...stores[store](), LOCAL_CACHE_SIZE_IN_BYTES: cacheBytes });
  };
  /** For tests whose counters no other test here touches. */
  let shared: Example;

  beforeAll(async () => {
    shared = await start();
  }, 60_000);

  test("limits and shadow mode: the fourth request of three is denied, unless it only would be", async () => {
    const { statuses, ask } = shared;
    expect(await statuses(1, "/twoheader", { foo: "test", baz: "shady" })).toEqual([200]);
    const limited = await statuses(4, "/twoheader", { foo: "pelle", baz: "not-so-shady" });
    expect(limited).toEqual([200, 200, 200, 429]);
    const shady = { foo: "pelle", baz: "shady" };
    expect(await statuses(5, "/twoheader", shady)).toEqual([200, 200, 200, 200, 200]);
    expect((await ask("/twoheader", shady)).headers["x-ratelimit-remaining"]).toBe("0");
  }, 60_000);

  test("a value has a metric of its own where its rule asks for it", async () => {
    const { statuses, gate } = shared;
    const unspec = await statuses(3, "/unspec", { unspec: "unspecified_value" });
    expect(unspec).toEqual([200, 200, 429]);
    const over = await samples(gate, "ratelimit_service_rate_limit_over_limit");
    expect(over).toContainEqual(
      expect.objectContaining({
        labels: { domain: "rl", key1: "unspec_unspecified_value" },
        value: 1,
      }),
    );
  }, 60_000);

  test("limits take the place of others by name, within one request", async () => {
    const { statuses } = shared;
    const banned = { foo: "bkthomps", bar: "banned" };
    expect(await statuses(1, "/twoheader", banned)).toEqual([429]);
    expect(await statuses(1, "/fourheader", { ...banned, ...towards("mock") })).toEqual([429]);
    expect(await statuses(3, "/fourheader", { ...banned, ...towards("override") })).toEqual([
      200, 200, 429,
    ]);

    const mine = { foo: "my_foo", bar: "bkthomps" };
    expect(await statuses(3, "/fourheader", { ...mine, ...towards("bkthomps") })).toEqual([
      200, 200, 429,
    ]);
    // The limit that was replaced was not counted: its one request is still there.
    expect(await statuses(2, "/fourheader", { ...mine, ...towards("not_bkthomps") })).toEqual([
      200, 429,
    ]);
    expect(await statuses(1, "/fourheader", { ...mine, ...towards("bkthomps") })).toEqual([429]);

    const account = { ...mine, ...towards("fake"), category: "account" };
    expect(await statuses(5, "/fiveheader", account)).toEqual([200, 200, 200, 200, 429]);
    expect(await statuses(2, "/twoheader", { foo: "foo_2", bar: "bkthomps" })).toEqual([200, 429]);
    const fake = { foo: "foo_3", bar: "bar_3", ...towards("fake") };
    expect(await statuses(3, "/fourheader", fake)).toEqual([200, 200, 429]);
    expect(await statuses(1, "/fiveheader", account)).toEqual([429]);
  }, 60_000);

  test("quotas deny once every one of them is over", async () => {
    const { statuses } = shared;
    expect(await statuses(3, "/quota")).toEqual([200, 200, 429]);
  }, 60_000);

  test("a quota can be looked at before, and counted at the end of the stream", async () => {
    const { served } = await start();
    // A look finds a quota over only beyond its limit: 3 of 2.
    expect(await served(4, "/tokenquota")).toEqual([...Array(3).fill("service_1"), 429]);
  }, 60_000);

  test("the quota that is left chooses the upstream", async () => {
    const { served } = await start();
    expect(await served(6, "/multiservice-tokenquota")).toEqual([
      ...Array(2).fill("service_1"),
      ...Array(3).fill("service_2"),
      429,
    ]);
  }, 60_000);
});

function towards(destination: string) {
  return { source_cluster: "proxy", destination_cluster: destination };
}

type Example = Awaited<ReturnType<typeof startExample>>;

/** A service of its own, behind an Envoy as in the example, before two upstreams. */
async function startExample(settings: Readonly<Record<string, string>>) {
  const service1 = await cleanup.add(startUpstream("service_1"));
  const service2 = await cleanup.add(startUpstream("service_2"));
  const withMetadata = { ...settings, RESPONSE_DYNAMIC_METADATA: "true" };
  const gate = await cleanup.add(startGate({ rules, settings: withMetadata }));
  const envoy = await cleanup.add(
    startEnvoy({
      gates: [gate],
      upstream: service1,
      change: (config) => asInExample(config, service1.port, service2.port),
    }),
  );
  const ask = (path: string, headers: Record<string, string> = {}) =>
    get(envoy.port, path, { headers });
  return {
    gate,
    ask,
    async statuses(count: number, path: string, headers: Record<string, string> = {}) {
      const statuses: number[] = [];
      for (let i = 0; i < count; i++) statuses.push((await ask(path, headers)).status);
      return statuses;
    },
    /** Who served each request, or the status; each is counted, a moment after its answer, before the next is sent. */
    async served(count: number, path: string) {
      const served: (string | number)[] = [];
      for (let i = 0; i < count; i++) {
        const before = await totalHits(gate);
        const { status, body } = await ask(path);
        served.push(status === 200 ? body : status);
        if (status === 200) await eventually(async () => (await totalHits(gate)) === before + 1);
      }
      return served;
    },
  };
}

async function totalHits(gate: TestGate): Promise<number> {
  const hits = await samples(gate, "ratelimit_service_rate_limit_total_hits");
  return hits.reduce((sum, { value }) => sum + value, 0);
}

async function samples(gate: TestGate, name: string) {
  const { body } = await get(gate.httpPort, "/metrics");
  return parseExposition(body).get(name)?.samples ?? [];
}
