import { expect, test } from "@jest/globals";
import { withPatience } from "../../envoy/demo/config.js";
import { cleanupAfterEach } from "../support/cleanup.ts";
import { startEnvoy } from "../support/envoy.ts";
import { eventually } from "../support/eventually.ts";
import { get } from "../support/http-client.ts";
import { startRedis } from "../support/redis.ts";
import { startUpstream } from "../support/upstream.ts";
import { startGate } from "../support/velocitygate.ts";
import { roomInMinute } from "../support/window.ts";

/** Passes when the service cannot be asked, and denies then. */
const open = "/api/things";
const strict = "/login";
const headers = { "x-plan": "free", "x-user": "ann" };

const cleanup = cleanupAfterEach();

test("without the service open routes pass and strict ones deny, and both limit again once it is back", async () => {
  const upstream = await cleanup.add(startUpstream());
  const gate = await cleanup.add(startGate());
  const envoy = await cleanup.add(startEnvoy({ gates: [gate], upstream, change: withPatience }));
  const status = async (path: string) => (await get(envoy.port, path, { headers })).status;
  expect(await status(open)).toBe(200);
  expect(await status(strict)).toBe(200);
  const admitted = upstream.count;

  await gate.kill();
  for (let i = 0; i < 10; i++) expect(await status(open)).toBe(200);
  expect(await status(strict)).toBe(503);
  expect(await envoy.stat(/ratelimit\.open\.failure_mode_allowed$/)).toBe(10);
  expect(await envoy.stat(/ratelimit\.strict\.error$/)).toBe(1);
  expect(upstream.count).toBe(admitted + 10);

  await gate.start();
  await eventually(async () => (await envoy.healthyGates()) === 1, { timeoutMs: 20_000 });
  await roomInMinute(10);
  await eventually(async () => (await status(strict)) === 200, { timeoutMs: 10_000 });
  const again = [await status(open), await status(open), await status(open), await status(open)];
  expect(again).toEqual([200, 200, 200, 429]);
}, 60_000);

test("without its counters the service says so, and the routes decide; it is back when they are", async () => {
  const redis = await cleanup.add(startRedis());
  const upstream = await cleanup.add(startUpstream());
  const gate = await cleanup.add(
    startGate({
      settings: {
        BACKEND_TYPE: "redis",
        REDIS_TYPE: "SINGLE",
        REDIS_URL: `${redis.address.host}:${redis.address.port}`,
      },
    }),
  );
  const envoy = await cleanup.add(startEnvoy({ gates: [gate], upstream, change: withPatience }));
  const ask = (path: string) => get(envoy.port, path, { headers });
  expect((await ask(strict)).status).toBe(200);

  await redis.kill();
  await eventually(async () => (await ask(strict)).status === 503, { timeoutMs: 10_000 });
  const unlimited = await ask(open);
  expect(unlimited.status).toBe(200);
  expect(unlimited.headers["x-ratelimit-limit"]).toBeUndefined();
  // The instance stays in: with every instance out for the same reason nobody could tell the difference.
  expect(await envoy.healthyGates()).toBe(1);

  await redis.restart();
  await eventually(async () => (await ask(open)).headers["x-ratelimit-limit"] !== undefined, {
    timeoutMs: 20_000,
  });
  expect((await ask(strict)).status).toBe(200);
}, 60_000);

test("a service that does not answer costs a request its deadline, and no more", async () => {
  const upstream = await cleanup.add(startUpstream());
  const gate = await cleanup.add(startGate());
  const envoy = await cleanup.add(startEnvoy({ gates: [gate], upstream }));
  gate.signal("SIGSTOP");
  try {
    const startedAt = performance.now();
    expect((await get(envoy.port, open, { headers })).status).toBe(200);
    expect((await get(envoy.port, strict, { headers })).status).toBe(503);
    // 50 and 250 ms by envoy.yaml.
    const tookMs = performance.now() - startedAt;
    expect(tookMs).toBeGreaterThan(250);
    expect(tookMs).toBeLessThan(2_500);
  } finally {
    gate.signal("SIGCONT");
  }
}, 60_000);
