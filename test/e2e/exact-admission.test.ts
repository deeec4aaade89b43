import { Agent } from "node:http";
import { expect, test } from "@jest/globals";
import { withPatience } from "../../envoy/demo/config.js";
import { cleanupAfterEach } from "../support/cleanup.ts";
import { startEnvoy } from "../support/envoy.ts";
import { get } from "../support/http-client.ts";
import { sharedRedis, uniquePrefix } from "../support/shared-redis.ts";
import { startUpstream } from "../support/upstream.ts";
import { startGate } from "../support/velocitygate.ts";
import { roomInMinute } from "../support/window.ts";

const limit = 1000;
const clients = 50;
const requestsOfEach = 30;

const rules = {
  "login.yaml": `domain: login
descriptors:
  - key: user
    rate_limit: { unit: minute, requests_per_unit: ${limit} }
`,
};

const cleanup = cleanupAfterEach();

test("two instances on one Redis Cluster admit exactly the limit, of 50 clients at once", async () => {
  const settings = {
    BACKEND_TYPE: "redis",
    REDIS_TYPE: "CLUSTER",
    REDIS_URL: sharedRedis()
      .cluster.map(({ host, port }) => `${host}:${port}`)
      .join(","),
    CACHE_KEY_PREFIX: uniquePrefix(),
  };
  const upstream = await cleanup.add(startUpstream());
  const gates = [
    await cleanup.add(startGate({ rules, settings })),
    await cleanup.add(startGate({ rules, settings })),
  ];
  // /login is the strict route: a call that failed would be an answer of 503, not one admitted beyond the limit.
  const envoy = await cleanup.add(startEnvoy({ gates, upstream, change: withPatience }));
  await roomInMinute(20);

  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const client = async () => {
    const statuses: number[] = [];
    for (let i = 0; i < requestsOfEach; i++) {
      const headers = { "x-user": "the one key" };
      statuses.push((await get(envoy.port, "/login", { headers, agent })).status);
    }
    return statuses;
  };
  const startedAt = Date.now();
  const statuses = (await Promise.all(Array.from({ length: clients }, client))).flat();
  agent.destroy();

  expect(Math.floor(startedAt / 60_000)).toBe(Math.floor(Date.now() / 60_000));
  expect(upstream.count).toBe(limit);
  expect(statuses.filter((status) => status === 200)).toHaveLength(limit);
  expect(statuses.filter((status) => status === 429)).toHaveLength(
    clients * requestsOfEach - limit,
  );
  // Both had their share, so they counted together.
  for (const gate of gates) {
    const { body } = await get(gate.httpPort, "/metrics");
    expect(answered(body)).toBeGreaterThan(limit / 10);
  }
}, 120_000);

/** How many calls an instance answered. */
function answered(metrics: string): number {
  const lines = metrics.matchAll(/^ratelimit_service_rate_limit_total_hits\{.*\} (\d+)$/gm);
  return [...lines].reduce((sum, [, count]) => sum + Number(count), 0);
}
