/** Settings of counting, from the environment of the service to what is in Redis. */
import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, test } from "@jest/globals";
import { cleanupAfterAll } from "../support/cleanup.ts";
import { eventually } from "../support/eventually.ts";
import { RateLimitClient } from "../support/rate-limit-client.ts";
import { type RedisServer, startRedis } from "../support/redis.ts";
import { startGate } from "../support/velocitygate.ts";
import { roomInDay } from "../support/window.ts";

const cleanup = cleanupAfterAll();
const rules = {
  "rules.yaml": `domain: d
descriptors:
  - { key: month, rate_limit: { unit: month, requests_per_unit: 10 } }
  - { key: year, rate_limit: { unit: year, requests_per_unit: 10 } }
  - { key: second, rate_limit: { unit: second, requests_per_unit: 10 } }
  - { key: narrow, rate_limit: { unit: day, requests_per_unit: 10 } }
  - { key: wide, rate_limit: { unit: day, requests_per_unit: 150 } }
`,
};

let redis: RedisServer;
beforeAll(async () => {
  redis = await cleanup.add(startRedis());
});

async function clientOf(settings: Readonly<Record<string, string>>): Promise<RateLimitClient> {
  const { host, port } = redis.address;
  const gate = await cleanup.add(
    startGate({
      rules,
      settings: { BACKEND_TYPE: "redis", REDIS_URL: `${host}:${port}`, ...settings },
    }),
  );
  return cleanup.add(new RateLimitClient(gate.grpcPort));
}

/** The only key that contains `part`, and how long it lives. */
async function counterOf(part: string): Promise<{ key: string; ttl: number }> {
  const keys = (await redis.ask("KEYS", `*${part}*`)) as string[];
  expect(keys).toHaveLength(1);
  const [key = ""] = keys;
  return eventually(async () => {
    const ttl = Number(await redis.ask("TTL", key));
    expect(ttl).toBeGreaterThan(0);
    return { key, ttl };
  });
}

describe("USE_CALENDAR_MONTH_RATE_LIMIT", () => {
  const value = randomUUID();

  test("counts a month from its first day in UTC to its last, and leaves a year as it is", async () => {
    await roomInDay(30);
    const client = await clientOf({
      USE_CALENDAR_MONTH_RATE_LIMIT: "true",
      EXPIRATION_JITTER_MAX_SECONDS: "0",
    });
    const now = new Date();
    const start = Date.UTC(now.getUTCFullYear(), now.getUTCMonth()) / 1000;
    const end = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1) / 1000;
    const left = () => end - Date.now() / 1000;
    const { resets } = await client.ask("d", `month=${value}`, `year=${value}`);
    expect(Math.abs((resets[0] ?? 0) - left())).toBeLessThan(5);
    const month = await counterOf(`month_${value}`);
    expect(month.key).toBe(`d_month_${value}_${start}`);
    expect(Math.abs(month.ttl - left())).toBeLessThan(5);
    const year = await counterOf(`year_${value}`);
    expect(Number(year.key.split("_").at(-1)) % 31_536_000).toBe(0);
  });

  test("unset, a month is 30 days counted from 1970 on", async () => {
    const client = await clientOf({ EXPIRATION_JITTER_MAX_SECONDS: "0" });
    const other = randomUUID();
    await client.ask("d", `month=${other}`);
    const { key, ttl } = await counterOf(`month_${other}`);
    expect(Number(key.split("_").at(-1)) % 2_592_000).toBe(0);
    expect(ttl).toBeGreaterThan(2_592_000 - 5);
  });
});

test("EXPIRATION_JITTER_MAX_SECONDS holds for windows of a second as well when it is set", async () => {
  const client = await clientOf({ EXPIRATION_JITTER_MAX_SECONDS: "300" });
  const values = Array.from({ length: 40 }, () => randomUUID());
  await client.ask("d", ...values.map((value) => `second=${value}`));
  const counters = await Promise.all(values.map((value) => counterOf(value)));
  expect(Math.max(...counters.map(({ ttl }) => ttl))).toBeGreaterThan(60);
});

test("STOP_CACHE_KEY_INCREMENT_WHEN_OVERLIMIT: two instances admit exactly what there is room for, and count nothing else", async () => {
  await roomInDay(20);
  const settings = {
    STOP_CACHE_KEY_INCREMENT_WHEN_OVERLIMIT: "true",
    CACHE_KEY_PREFIX: `${randomUUID()}:`,
  };
  const clients = [await clientOf(settings), await clientOf(settings)];
  const admitted = { narrow: 0, wide: 0 };
  // Every second request needs a place in the narrow counter as well, of which there are ten.
  const ask = async (i: number) => {
    const isNarrow = i % 2 === 0;
    const descriptors = isNarrow ? ["wide=v", "narrow=v"] : ["wide=v"];
    const answer = await clients[(i >> 1) % 2]?.ask("d", ...descriptors);
    if (answer?.overall !== "OK") return;
    admitted.wide += 1;
    admitted.narrow += isNarrow ? 1 : 0;
  };
  await Promise.all(Array.from({ length: 400 }, (_, i) => ask(i)));
  expect(admitted).toEqual({ narrow: 10, wide: 150 });
  const { CACHE_KEY_PREFIX: prefix } = settings;
  const countOf = async (key: string) =>
    redis.ask("GET", ((await redis.ask("KEYS", `${prefix}d_${key}_v_*`)) as string[])[0] ?? "");
  expect([await countOf("narrow"), await countOf("wide")]).toEqual(["10", "150"]);
});
