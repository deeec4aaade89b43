import { beforeAll, describe, expect, test } from "@jest/globals";
import { withPatience } from "../../envoy/demo/config.js";
import { cleanupAfterAll } from "../support/cleanup.ts";
import { startEnvoy, type TestEnvoy } from "../support/envoy.ts";
import { get, type HttpAnswer, type HttpOptions } from "../support/http-client.ts";
import { startUpstream, type Upstream } from "../support/upstream.ts";
import { startGate } from "../support/velocitygate.ts";
import { roomInMinute } from "../support/window.ts";

const cleanup = cleanupAfterAll();
let upstream: Upstream;
let envoy: TestEnvoy;

beforeAll(async () => {
  upstream = await cleanup.add(startUpstream());
  const settings = { LIMIT_RESPONSE_HEADERS_ENABLED: "true" };
  const gate = await cleanup.add(startGate({ settings }));
  envoy = await cleanup.add(startEnvoy({ gates: [gate], upstream, change: withPatience }));
  await roomInMinute(25);
}, 90_000);

let clients = 0;

/** Someone whom no other test knows, at an address of their own. */
function client(headers: Readonly<Record<string, string>> = {}) {
  clients += 1;
  const from = `127.0.1.${clients}`;
  const own = { "x-user": `user-${clients}`, ...headers };
  const ask = (path: string, options: HttpOptions = {}): Promise<HttpAnswer> =>
    get(envoy.port, path, { from, headers: own, ...options });
  return {
    ask,
    async statuses(count: number, path: string, options: HttpOptions = {}): Promise<number[]> {
      const statuses: number[] = [];
      for (let i = 0; i < count; i++) statuses.push((await ask(path, options)).status);
      return statuses;
    },
  };
}

const policyOfAddress = '100;w=60;name="per_address"';

describe("an answer through Envoy", () => {
  test("says the limit, what is left of it and until when; a denied one also when to come back", async () => {
    const { ask } = client();
    const before = upstream.count;

    const first = await ask("/login");
    expect(first.status).toBe(200);
    // Two descriptors, and the one with the fewest hits left is told. The policy lists both.
    expect(first.headers["x-ratelimit-limit"]).toBe("2, 2;w=60, 100;w=3600");
    expect(first.headers["x-ratelimit-remaining"]).toBe("1");
    expectSecondsOfMinute(first.headers["x-ratelimit-reset"]);
    expect(first.headers["retry-after"]).toBeUndefined();

    const second = await ask("/login");
    expect(second.status).toBe(200);
    expect(second.headers["x-ratelimit-remaining"]).toBe("0");

    const third = await ask("/login");
    expect(third.status).toBe(429);
    expect(third.headers["x-ratelimit-remaining"]).toBe("0");
    expect(third.headers["x-envoy-ratelimited"]).toBe("true");
    expect(third.headers["cache-control"]).toBe("no-store");
    expectSecondsOfMinute(third.headers["retry-after"]);
    expect(upstream.count).toBe(before + 2);
  });

  test("carries the service's own headers where they are switched on", async () => {
    const { headers } = await client().ask("/login");
    expect(headers["ratelimit-limit"]).toBe("2");
    expect(headers["ratelimit-remaining"]).toBe("1");
    expectSecondsOfMinute(headers["ratelimit-reset"]);
  });
});

function expectSecondsOfMinute(value: unknown): void {
  expect(Number(value)).toBeGreaterThan(0);
  expect(Number(value)).toBeLessThanOrEqual(60);
}

describe("the routes of envoy.yaml", () => {
  test("a probe is not asked about", async () => {
    const calls = () => envoy.stat(/ratelimit\..*(ok|error|over_limit)$/);
    const before = await calls();
    expect((await client().ask("/healthz")).headers["x-ratelimit-limit"]).toBeUndefined();
    expect(await calls()).toBe(before);
  });

  test("any other path is limited by the address of the client, whatever it pretends", async () => {
    const { ask } = client();
    const first = await ask("/");
    expect(first.headers["x-ratelimit-limit"]).toBe(`100, ${policyOfAddress}`);
    expect(first.headers["x-ratelimit-remaining"]).toBe("99");
    const pretending = await ask("/", { headers: { "x-forwarded-for": "198.51.100.7" } });
    expect(pretending.headers["x-ratelimit-remaining"]).toBe("98");
    expect((await client().ask("/")).headers["x-ratelimit-remaining"]).toBe("99");
  });

  test("a plan has its limit for each user", async () => {
    const free = { "x-plan": "free" };
    expect(await client(free).statuses(4, "/api/things")).toEqual([200, 200, 200, 429]);
    expect(await client(free).statuses(3, "/api/things")).toEqual([200, 200, 200]);
    expect(await client({ "x-plan": "pro" }).statuses(11, "/api/things")).toEqual([
      ...Array(10).fill(200),
      429,
    ]);
  });

  test("a plan that nobody knows has the meanest limit", async () => {
    const madeUp = client({ "x-plan": "made-up" });
    expect(await madeUp.statuses(4, "/api/things")).toEqual([200, 200, 200, 429]);
  });

  test("an unlimited plan is not counted", async () => {
    const internal = client({ "x-plan": "internal" });
    expect(await internal.statuses(20, "/api/things")).toEqual(Array(20).fill(200));
  });

  test("the limit of a paying user takes the place of the address's", async () => {
    const policy = async (plan: string) =>
      (await client({ "x-plan": plan }).ask("/api/things")).headers["x-ratelimit-limit"];
    expect(await policy("pro")).toBe("10, 10;w=60");
    expect(await policy("free")).toBe(`3, 3;w=60, ${policyOfAddress}`);
  });

  test("a request without the headers is still limited by its address", async () => {
    const { headers } = await client().ask("/api/things", { headers: {} });
    expect(headers["x-ratelimit-limit"]).toBe(`100, ${policyOfAddress}`);
  });

  test("requests that write have one limit more", async () => {
    const internal = client({ "x-plan": "internal" });
    const write = { method: "POST" };
    expect(await internal.statuses(3, "/api/things", write)).toEqual([200, 200, 429]);
    expect(await internal.statuses(1, "/api/things")).toEqual([200]);
  });

  test("paths under one wildcard share a counter, whatever their query", async () => {
    const { statuses } = client();
    const all = [];
    for (let i = 0; i < 6; i++) all.push(...(await statuses(1, `/search/words-${i}?page=${i}`)));
    expect(all).toEqual([200, 200, 200, 200, 200, 429]);
  });

  test("a report costs five hits, in a domain of its own", async () => {
    const { ask, statuses } = client();
    expect((await ask("/reports")).headers["x-ratelimit-remaining"]).toBe("5");
    expect(await statuses(2, "/reports")).toEqual([200, 429]);
  });

  test("a limit in shadow mode denies nothing", async () => {
    expect(await client().statuses(3, "/beta")).toEqual([200, 200, 200]);
  });

  test("limiting can be turned off and on again while Envoy runs", async () => {
    const { statuses } = client({ "x-plan": "free" });
    expect(await statuses(4, "/api/things")).toEqual([200, 200, 200, 429]);
    await envoy.setRuntime("ratelimit.velocitygate.enforced", "0");
    expect(await statuses(2, "/api/things")).toEqual([200, 200]);
    await envoy.setRuntime("ratelimit.velocitygate.enforced", "100");
    expect(await statuses(1, "/api/things")).toEqual([429]);
  });
});
