import { expect, test } from "@jest/globals";
import { withPatience } from "../../envoy/demo/config.js";
import { cleanupAfterEach } from "../support/cleanup.ts";
import { startEnvoy } from "../support/envoy.ts";
import { eventually } from "../support/eventually.ts";
import { get } from "../support/http-client.ts";
import { parseExposition, sampleValue } from "../support/parse-exposition.ts";
import { startRedis } from "../support/redis.ts";
import { startUpstream } from "../support/upstream.ts";
import { startGate } from "../support/velocitygate.ts";
import { roomInMinute } from "../support/window.ts";

const cleanup = cleanupAfterEach();

/** Passes when the service cannot be asked, and denies then. */
const open = "/api/things";
const strict = "/login";

test.each(["1", "2"])(
  "Envoy's statistics and ours are equal, call by call, whatever the answer, with %s processes",
  async (WORKERS) => {
    const redis = await cleanup.add(startRedis());
    const upstream = await cleanup.add(startUpstream());
    const gate = await cleanup.add(
      startGate({
        settings: {
          BACKEND_TYPE: "redis",
          REDIS_TYPE: "SINGLE",
          REDIS_URL: `${redis.address.host}:${redis.address.port}`,
          WORKERS,
        },
      }),
    );
    const envoy = await cleanup.add(startEnvoy({ gates: [gate], upstream, change: withPatience }));
    const headers = { "x-plan": "free", "x-user": "ann" };
    const statuses: Record<number, number> = {};
    const ask = async (path: string, count = 1) => {
      for (let i = 0; i < count; i++) {
        const { status } = await get(envoy.port, path, { headers });
        statuses[status] = (statuses[status] ?? 0) + 1;
      }
    };
    /** What Envoy has counted, of all its filters together. */
    const ofEnvoy = async (name: string) =>
      envoy.stat(new RegExp(`^cluster\\..*\\.ratelimit\\.[^.]*\\.${name}$`));
    const both = async () => {
      const ours = parseExposition((await get(gate.httpPort, "/metrics")).body);
      const requests = (code: string) =>
        sampleValue(ours, "velocitygate_requests_total", { code }) ?? Number.NaN;
      const calls = { grpc_method: "ShouldRateLimit" };
      return {
        envoy: {
          ok: await ofEnvoy("ok"),
          overLimit: await ofEnvoy("over_limit"),
          error: await ofEnvoy("error"),
          calls: (await ofEnvoy("ok")) + (await ofEnvoy("over_limit")) + (await ofEnvoy("error")),
        },
        ours: {
          ok: requests("OK"),
          overLimit: requests("OVER_LIMIT"),
          error: requests("ERROR"),
          calls: sampleValue(ours, "ratelimit_service_total_requests", calls),
        },
        redisErrors: sampleValue(ours, "ratelimit_service_should_rate_limit_error", {
          err_type: "redis_error",
        }),
      };
    };

    await roomInMinute(20);
    await ask(open, 5);
    await ask(strict, 4);
    await ask("/beta", 3);
    await ask("/search/words", 7);
    await ask("/", 2);
    const first = await both();
    expect(first.ours).toEqual(first.envoy);
    expect(first.ours).toMatchObject({ ok: 15, overLimit: 6, error: 0 });
    // Of Envoy's requests, those that were denied are the service's denials: one filter has a say on each.
    expect(statuses).toEqual({ 200: 15, 429: 6 });

    await redis.kill();
    await ask(open, 5);
    await ask(strict, 3);
    const second = await both();
    expect(second.ours).toEqual(second.envoy);
    expect(second.ours.error).toBe(8);
    expect(second.redisErrors).toBe(8);
    // Envoy lets pass, or denies, what the service could not answer.
    expect(await ofEnvoy("failure_mode_allowed")).toBe(5);
    expect(statuses).toEqual({ 200: 20, 429: 6, 503: 3 });

    await redis.restart();
    await eventually(
      async () => {
        await ask("/beta");
        expect((await both()).ours.ok).toBeGreaterThan(15);
      },
      { timeoutMs: 20_000 },
    );
    const third = await both();
    expect(third.ours).toEqual(third.envoy);
  },
  90_000,
);
