import { describe, expect, test } from "@jest/globals";
import { cleanupAfterEach } from "../support/cleanup.ts";
import { eventually } from "../support/eventually.ts";
import { get } from "../support/http-client.ts";
import { sampleValue } from "../support/parse-exposition.ts";
import { RateLimitClient } from "../support/rate-limit-client.ts";
import { type RedisServer, startRedis } from "../support/redis.ts";
import { type RunningApp, startInProcess } from "../support/running-app.ts";
import { cleanUp, metricsOf, startTwo } from "../support/workers.ts";

const cleanup = cleanupAfterEach();

const rule = (key: string, policy?: string) =>
  `  - key: ${key}
    rate_limit: { unit: year, requests_per_unit: 9 }
${policy === undefined ? "" : `    metadata: { velocitygate: { failure_policy: ${policy} } }\n`}`;

const rules = {
  "rules.yaml": `domain: d
descriptors:
${["allow", "deny", "local", "error"].map((policy) => rule(policy, policy)).join("")}${rule("plain")}`,
};

function start(redis: RedisServer, settings: Readonly<Record<string, string>> = {}) {
  const { host, port } = redis.address;
  return cleanup.add(
    startInProcess({
      rules,
      settings: {
        BACKEND_TYPE: "redis",
        REDIS_URL: `${host}:${port}`,
        FAILURE_HEADER: "x-failure",
        ...settings,
      },
    }),
  );
}

/** The overall codes of so many calls, OK as `+` and OVER_LIMIT as `-`. */
async function ask(app: RunningApp, key: string, times = 1): Promise<string> {
  let codes = "";
  for (let i = 0; i < times; i++) {
    const { overallCode } = await app.ask(`${key}=x`);
    codes += overallCode === 1 ? "+" : "-";
  }
  return codes;
}

async function killed(redis: RedisServer, app: RunningApp): Promise<void> {
  await redis.kill();
  await eventually(async () => {
    await expect(app.ask("error=x")).rejects.toMatchObject({ code: 14 });
  });
}

test("without Redis each limit is answered by its policy, and with it again by its counter", async () => {
  const redis = await cleanup.add(startRedis());
  const app = await start(redis);
  expect(await ask(app, "plain", 10)).toBe("+++++++++-");
  await killed(redis, app);

  const allowed = await app.ask("allow=x");
  expect(allowed).toMatchObject({
    overallCode: 1,
    statuses: [{ code: 1, currentLimit: undefined }],
  });
  expect(allowed.responseHeadersToAdd).toMatchObject([{ key: "x-failure", value: "unavailable" }]);
  expect(await ask(app, "allow", 20)).toBe("+".repeat(20));
  expect(await ask(app, "deny", 2)).toBe("--");
  expect(await ask(app, "local", 11)).toBe("+++++++++--");
  await expect(app.ask({ descriptors: ["allow=x", "plain=x"] })).rejects.toMatchObject({
    code: 14,
  });

  await redis.restart();
  await eventually(async () => expect(await ask(app, "deny")).toBe("+"));
  const counted = await app.ask("local=x");
  expect(counted.statuses).toMatchObject([{ code: 1, limitRemaining: 8 }]);
  expect(counted.responseHeadersToAdd).toEqual([]);

  const metrics = await app.metrics();
  const decided = (policy: string) =>
    sampleValue(metrics, "velocitygate_decisions_without_store_total", {
      reason: "unavailable",
      policy,
    });
  expect([decided("allow"), decided("local")]).toEqual([21, 11]);
  expect(decided("deny")).toBeGreaterThanOrEqual(2);
  expect(decided("error")).toBeGreaterThanOrEqual(3);
}, 30_000);

describe("while Redis hangs", () => {
  const patient = { REDIS_OP_TIMEOUT: "10s", CALL_DEADLINE_MARGIN: "200ms" };

  test.each(["h2", "grpc-js"])(
    "a call is answered by its policy just before its caller goes: %s",
    async (GRPC_ENGINE) => {
      const redis = await cleanup.add(startRedis());
      const app = await start(redis, { ...patient, GRPC_ENGINE });
      expect(await ask(app, "local")).toBe("+");
      redis.pause();
      const startedMs = performance.now();
      const within = (key: string) => app.ask({ descriptors: [`${key}=x`], waitsMs: 1_000 });
      const answers = await Promise.all(["allow", "deny", "local"].map(within));
      expect(answers.map(({ overallCode }) => overallCode)).toEqual([1, 2, 1]);
      expect(answers[0]?.responseHeadersToAdd).toMatchObject([{ value: "timeout" }]);
      await expect(within("error")).rejects.toMatchObject({ code: 4 });
      // Twice the 800 ms that the service gives them; less than that is when callers have gone by themselves.
      expect(performance.now() - startedMs).toBeGreaterThan(2 * 790);
      redis.resume();
      await eventually(async () => expect(await ask(app, "deny")).toBe("+"));
    },
    30_000,
  );

  test("a call whose caller does not say how long it waits is answered in the time that the operator gives", async () => {
    const redis = await cleanup.add(startRedis());
    const app = await start(redis, { ...patient, CALL_DEADLINE: "100ms", FAILURE_POLICY: "deny" });
    expect(await ask(app, "plain")).toBe("+");
    redis.pause();
    const startedMs = performance.now();
    expect(await ask(app, "plain")).toBe("-");
    const body = '{"domain":"d","descriptors":[{"entries":[{"key":"plain","value":"x"}]}]}';
    const json = await get(app.app.httpPort, "/json", { method: "POST", body });
    expect(json.status).toBe(429);
    expect(performance.now() - startedMs).toBeLessThan(5_000);
    const failed = sampleValue(await app.metrics(), "velocitygate_decisions_without_store_total", {
      reason: "timeout",
      policy: "deny",
    });
    expect(failed).toBe(2);
    redis.resume();
  }, 30_000);
});

test.each(["3", "0"])(
  "instances share a limit without Redis, as many as they are: FAILURE_INSTANCES=%s",
  async (FAILURE_INSTANCES) => {
    const redis = await cleanup.add(startRedis());
    const settings = { FAILURE_POLICY: "local", FAILURE_INSTANCES };
    const apps = [await start(redis, settings), await start(redis, settings)];
    apps.push(await start(redis, settings));
    for (const app of apps) {
      await eventually(
        async () => expect(sampleValue(await app.metrics(), "velocitygate_instances")).toBe(3),
        { timeoutMs: 30_000 },
      );
    }
    await redis.kill();
    const codes = await Promise.all(apps.map((app) => ask(app, "plain", 5)));
    // 9 by 3. The first may still have been on their way to Redis.
    expect(codes.filter((code) => code === "+++--")).toHaveLength(3);
  },
  60_000,
);

test("workers share a limit as instances do", async () => {
  const redis = await cleanup.add(startRedis());
  const gate = await startTwo(
    {
      REDIS_URL: `${redis.address.host}:${redis.address.port}`,
      FAILURE_POLICY: "local",
      FAILURE_INSTANCES: "2",
    },
    9,
  );
  expect(sampleValue(await metricsOf(gate), "velocitygate_instances")).toBe(4);
  // A connection goes to the worker that has the fewest.
  const clients = [new RateLimitClient(gate.grpcPort), new RateLimitClient(gate.grpcPort)];
  for (const client of clients) {
    cleanUp(() => client.stop());
    expect((await client.ask("d", "k=x")).overall).toBe("OK");
  }
  await redis.kill();
  for (const client of clients) {
    const statuses = [];
    for (let i = 0; i < 5; i++) statuses.push(...(await client.ask("d", "k=y")).statuses);
    expect(statuses).toEqual([
      "OK 9/DAY 2 left",
      "OK 9/DAY 1 left",
      "OK 9/DAY 0 left",
      "OVER_LIMIT 9/DAY 0 left",
      "OVER_LIMIT 9/DAY 0 left",
    ]);
  }
}, 60_000);
