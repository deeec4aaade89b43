/**
 * A fleet that changes over counts with both services in one Redis. The reference is played by what it sends: `INCRBY` and `EXPIRE` for
 * the keys that reference-behaviour.md B documents, written out here so that nothing of ours can make them right.
 */
import { beforeEach, describe, expect, jest, test } from "@jest/globals";
import { cleanupAfterEach } from "../support/cleanup.ts";
import { type RedisServer, startRedis } from "../support/redis.ts";
import { type RunningApp, startInProcess } from "../support/running-app.ts";

// Each starts services, on machines that may be busy.
jest.setTimeout(30_000);

/** 2023-11-14, 22:13:20 UTC. */
const nowSeconds = 1_700_000_000;

const units = [
  { unit: "second", seconds: 1, start: 1_700_000_000, reset: 1 },
  { unit: "minute", seconds: 60, start: 1_699_999_980, reset: 40 },
  { unit: "hour", seconds: 3_600, start: 1_699_999_200, reset: 2_800 },
  { unit: "day", seconds: 86_400, start: 1_699_920_000, reset: 6_400 },
  { unit: "week", seconds: 604_800, start: 1_699_488_000, reset: 92_800 },
  { unit: "month", seconds: 2_592_000, start: 1_697_760_000, reset: 352_000 },
  { unit: "year", seconds: 31_536_000, start: 1_671_408_000, reset: 2_944_000 },
] as const;

const rules = {
  "rules.yaml": `domain: d
descriptors:
${units.map(({ unit }) => `  - { key: ${unit}, rate_limit: { unit: ${unit}, requests_per_unit: 10 } }`).join("\n")}
  - key: user
    descriptors:
      - { key: path, value: /a*, rate_limit: { unit: hour, requests_per_unit: 10 } }
      - { key: file, value: /f/*, share_threshold: true, rate_limit: { unit: hour, requests_per_unit: 10 } }
  - { key: shadowed, shadow_mode: true, rate_limit: { unit: hour, requests_per_unit: 10 } }
`,
};

const cleanup = cleanupAfterEach();
let redis: RedisServer;
beforeEach(async () => {
  redis = await cleanup.add(startRedis());
});

const address = ({ address: { host, port } }: RedisServer) => `${host}:${port}`;

const start = (settings: Readonly<Record<string, string>> = {}): Promise<RunningApp> =>
  cleanup.add(
    startInProcess({
      rules,
      settings: { REDIS_URL: address(redis), ...settings },
      clock: { nowMs: () => nowSeconds * 1000 + 500 },
    }),
  );

/** As the reference counts: with every hit the counter lives on for its window and some seconds, drawn at random. */
async function countAsReference(
  key: string,
  hits: number,
  lifetimeSeconds: number,
  server = redis,
): Promise<number> {
  const after = await server.ask("INCRBY", key, hits);
  await server.ask("EXPIRE", key, lifetimeSeconds);
  return Number(after);
}

/** A counter as it stands: its value, and when it expires, in Unix milliseconds. */
async function stateOf(key: string, server = redis): Promise<readonly [unknown, unknown]> {
  return [await server.ask("GET", key), await server.ask("PEXPIRETIME", key)];
}

/** Asks once after another: what was said of the first descriptor, `OK 2` or `OVER_LIMIT 0`. */
async function answers(
  app: RunningApp,
  descriptor: string,
  hits: readonly number[],
): Promise<readonly string[]> {
  const said: string[] = [];
  for (const each of hits) {
    const { statuses } = await app.ask({ descriptors: [descriptor], hits: each });
    const [status] = statuses;
    said.push(`${status?.code === 2 ? "OVER_LIMIT" : "OK"} ${status?.limitRemaining}`);
  }
  return said;
}

const toTheLimit = ["OK 2", "OK 1", "OK 0", "OVER_LIMIT 0", "OVER_LIMIT 0"];
const oneByOne = [1, 1, 1, 1, 1];

describe("counters that the reference began", () => {
  test.each(units)(
    "for a $unit are continued to the exact hit, and expire when they would have",
    async ({ unit, seconds, start: from, reset }) => {
      const key = `d_${unit}_alice_${from}`;
      await countAsReference(key, 4, seconds + 299);
      await countAsReference(key, 3, seconds + 137);
      const [, expires] = await stateOf(key);
      const app = await start();

      expect(await answers(app, `${unit}=alice`, oneByOne)).toEqual(toTheLimit);
      expect(await stateOf(key)).toEqual(["12", expires]);
      expect(await redis.ask("DBSIZE")).toBe(1);
      const { statuses } = await app.ask({ descriptors: [`${unit}=alice`] });
      expect(statuses[0]?.durationUntilReset?.seconds).toBe(reset);
    },
  );

  test.each([
    ["with a prefix", { CACHE_KEY_PREFIX: "pre:" }, "hour=a", "pre:d_hour_a_1699999200"],
    ["without a value", {}, "hour=", "d_hour__1699999200"],
    ["of several entries", {}, "user=u,path=/abc", "d_user_u_path_/abc_1699999200"],
    ["of a shared threshold", {}, "user=u,file=/f/1", "d_user_u_file_/f/*_1699999200"],
    ["of characters beyond ASCII", {}, "hour=é😀", "d_hour_é😀_1699999200"],
    ["of a value with separators", {}, "hour=a_b:c d", "d_hour_a_b:c d_1699999200"],
    [
      "with the local cache",
      { LOCAL_CACHE_SIZE_IN_BYTES: "1000000" },
      "hour=a",
      "d_hour_a_1699999200",
    ],
  ])("%s are continued to the exact hit", async (_what, settings, descriptor, key) => {
    await countAsReference(key, 7, 3_700);
    const [, expires] = await stateOf(key);
    const app = await start(settings);

    expect(await answers(app, descriptor, oneByOne)).toEqual(toTheLimit);
    // The local cache keeps the last hit from Redis, as the reference's does.
    const count = "LOCAL_CACHE_SIZE_IN_BYTES" in settings ? "11" : "12";
    expect(await stateOf(key)).toEqual([count, expires]);
    expect(await redis.ask("DBSIZE")).toBe(1);
  });

  test("of one request are continued each by itself", async () => {
    const keys = ["d_day_u_1699920000", "d_user_u_path_/abc_1699999200"];
    await countAsReference(keys[0] ?? "", 9, 86_500);
    await countAsReference(keys[1] ?? "", 2, 3_700);
    const app = await start();
    const ask = () => app.ask({ descriptors: ["day=u", "user=u,path=/abc", "none=u"], hits: 1 });
    const remaining = async () =>
      (await ask()).statuses.map(({ limitRemaining }) => limitRemaining);

    expect(await remaining()).toEqual([0, 7, 0]);
    const second = await ask();
    expect([second.overallCode, ...second.statuses.map(({ code }) => code)]).toEqual([2, 2, 1, 1]);
    expect(await Promise.all(keys.map((key) => redis.ask("GET", key)))).toEqual(["11", "4"]);
  });

  test("for a second are continued in the Redis of their own, all others in the one for all", async () => {
    const perSecond = await cleanup.add(startRedis());
    const [second, hour] = ["d_second_a_1700000000", "d_hour_a_1699999200"];
    await countAsReference(second, 7, 200, perSecond);
    await countAsReference(hour, 7, 3_700);
    const app = await start({ REDIS_PERSECOND: "true", REDIS_PERSECOND_URL: address(perSecond) });

    expect(await answers(app, "second=a", oneByOne)).toEqual(toTheLimit);
    expect(await answers(app, "hour=a", oneByOne)).toEqual(toTheLimit);
    expect([await redis.ask("KEYS", "*"), await perSecond.ask("KEYS", "*")]).toEqual([
      [hour],
      [second],
    ]);
  });

  test("that hits straddle are told as the reference tells them", async () => {
    const key = "d_hour_a_1699999200";
    await countAsReference(key, 6, 3_700);
    const app = await start();
    expect(await answers(app, "hour=a", [3, 3, 1])).toEqual([
      "OK 1",
      "OVER_LIMIT 0",
      "OVER_LIMIT 0",
    ]);
    expect(await redis.ask("GET", key)).toBe("13");
  });

  test("beyond their limit stay beyond it, and pass in shadow mode", async () => {
    await countAsReference("d_hour_a_1699999200", 40, 3_700);
    await countAsReference("d_shadowed_a_1699999200", 40, 3_700);
    const app = await start();
    expect(await answers(app, "hour=a", [1])).toEqual(["OVER_LIMIT 0"]);
    expect(await answers(app, "shadowed=a", [1])).toEqual(["OK 0"]);
  });
});

describe("counters that both count", () => {
  test("admit exactly as many hits as the limit says, however they take turns", async () => {
    const key = "d_day_u_1699920000";
    const app = await start();
    let admitted = 0;
    for (let turn = 0; turn < 8; turn++) {
      if ((await countAsReference(key, 1, 86_400 + turn)) <= 10) admitted += 1;
      const [status = ""] = await answers(app, "day=u", [1]);
      if (status.startsWith("OK")) admitted += 1;
    }
    expect(admitted).toBe(10);
    expect(await redis.ask("GET", key)).toBe("16");
  });
});

describe("counters that VelocityGate began", () => {
  test.each(units)(
    "for a $unit have the key, the value and a lifetime that the reference gives them",
    async ({ unit, seconds, start: from }) => {
      const app = await start({ CACHE_KEY_PREFIX: "pre:", EXPIRATION_JITTER_MAX_SECONDS: "300" });
      await answers(app, `${unit}=alice`, [2, 3]);
      const key = `pre:d_${unit}_alice_${from}`;
      expect(await redis.ask("KEYS", "*")).toEqual([key]);
      expect(await redis.ask("GET", key)).toBe("5");
      const left = Number(await redis.ask("TTL", key));
      expect(left).toBeGreaterThanOrEqual(seconds - 1);
      expect(left).toBeLessThan(seconds + 300);
      // The reference goes on where they are.
      expect(await countAsReference(key, 1, seconds + 200)).toBe(6);
      expect(await answers(app, `${unit}=alice`, [1])).toEqual(["OK 3"]);
      expect(Number(await redis.ask("TTL", key))).toBeGreaterThanOrEqual(seconds + 198);
    },
  );
});
