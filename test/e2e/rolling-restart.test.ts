import { expect, test } from "@jest/globals";
import { withPatience } from "../../envoy/demo/config.js";
import { cleanupAfterEach } from "../support/cleanup.ts";
import { startEnvoy } from "../support/envoy.ts";
import { eventually } from "../support/eventually.ts";
import { startTraffic } from "../support/http-client.ts";
import { sharedRedis, uniquePrefix } from "../support/shared-redis.ts";
import { startUpstream } from "../support/upstream.ts";
import { startGate } from "../support/velocitygate.ts";

const rules = {
  "login.yaml": `domain: login
descriptors:
  - key: user
    rate_limit: { unit: year, requests_per_unit: 1000000 }
`,
};

const cleanup = cleanupAfterEach();

test("two instances are restarted one after another under traffic, and no call fails", async () => {
  const { host, port } = sharedRedis().single;
  const settings = {
    BACKEND_TYPE: "redis",
    REDIS_TYPE: "SINGLE",
    REDIS_URL: `${host}:${port}`,
    CACHE_KEY_PREFIX: uniquePrefix(),
  };
  const upstream = await cleanup.add(startUpstream());
  const gates = [
    await cleanup.add(startGate({ rules, settings })),
    await cleanup.add(startGate({ rules, settings })),
  ];
  const envoy = await cleanup.add(startEnvoy({ gates, upstream, change: withPatience }));
  await eventually(async () => (await envoy.healthyGates()) === 2, { timeoutMs: 20_000 });

  // Strict: a failed call would be an answer of 503.
  const headers = { "x-user": "ann" };
  const traffic = startTraffic(envoy.port, "/login", { headers, clients: 10 });
  try {
    for (const gate of gates) {
      const before = traffic.count;
      await eventually(() => traffic.count > before + 100, { timeoutMs: 20_000 });
      expect(await gate.terminate()).toEqual({ code: 0, signal: null });
      const without = traffic.count;
      await eventually(() => traffic.count > without + 100, { timeoutMs: 20_000 });
      await gate.start();
      await eventually(async () => (await envoy.healthyGates()) === 2, { timeoutMs: 20_000 });
    }
  } finally {
    await traffic.stop();
  }
  const report = await envoy.report();
  expect({ statuses: traffic.statuses, report }).toEqual({
    statuses: { 200: traffic.count },
    report,
  });
  expect(upstream.count).toBe(traffic.count);
  expect(await envoy.stat(/ratelimit\.strict\.error$/)).toBe(0);
}, 90_000);
