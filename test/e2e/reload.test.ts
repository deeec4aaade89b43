import { expect, test } from "@jest/globals";
import { withPatience } from "../../envoy/demo/config.js";
import { cleanupAfterEach } from "../support/cleanup.ts";
import { startEnvoy } from "../support/envoy.ts";
import { eventually } from "../support/eventually.ts";
import { get, startTraffic } from "../support/http-client.ts";
import { startUpstream } from "../support/upstream.ts";
import { startGate } from "../support/velocitygate.ts";

const limited = (requestsPerUnit: number) => `domain: login
descriptors:
  - key: user
    rate_limit: { unit: year, requests_per_unit: ${requestsPerUnit} }
`;

const cleanup = cleanupAfterEach();

test("rules change under traffic: no call fails, the new limit bites, and a broken file changes nothing", async () => {
  const upstream = await cleanup.add(startUpstream());
  const gate = await cleanup.add(startGate({ rules: { "login.yaml": limited(1_000_000) } }));
  const envoy = await cleanup.add(startEnvoy({ gates: [gate], upstream, change: withPatience }));
  const loaded = async () => (await get(gate.debugPort, "/rlconfig")).body;
  const headers = { "x-user": "ann" };
  const traffic = startTraffic(envoy.port, "/login", { headers, clients: 10 });
  try {
    await eventually(() => traffic.count > 100, { timeoutMs: 20_000 });
    for (const limit of [2_000_000, 3_000_000, 4_000_000]) {
      await gate.writeRules("login.yaml", limited(limit));
      await eventually(async () => (await loaded()).includes(`requests_per_unit=${limit}`));
    }
    expect(traffic.statuses).toEqual({ 200: traffic.count });

    // The count of the window stays: it is beyond the new limit already.
    await gate.writeRules("login.yaml", limited(10));
    await eventually(() => (traffic.statuses[429] ?? 0) > 50, { timeoutMs: 20_000 });
    const admitted = upstream.count;

    await gate.writeRules("login.yaml", "domain: login\ndescriptors: [{ kee: user }]\n");
    await eventually(() => gate.log.includes("kee"));
    const denied = traffic.statuses[429] ?? 0;
    await eventually(() => (traffic.statuses[429] ?? 0) > denied + 50, { timeoutMs: 20_000 });
    expect(upstream.count).toBe(admitted);
  } finally {
    await traffic.stop();
  }
  expect(Object.keys(traffic.statuses)).toEqual(["200", "429"]);
  expect(await envoy.stat(/ratelimit\.strict\.error$/)).toBe(0);
}, 90_000);
