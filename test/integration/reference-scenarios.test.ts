/**
 * The scenarios that the reference's own integration tests hold (reference-behaviour.md H.1), against the whole service as a process,
 * over every store, with the over-limit cache off and on, and with `STOP_CACHE_KEY_INCREMENT_WHEN_OVERLIMIT` where that differs.
 */
import { randomUUID } from "node:crypto";
import { beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { cleanupAfterAll } from "../support/cleanup.ts";
import { eventually } from "../support/eventually.ts";
import { get } from "../support/http-client.ts";
import { parseExposition } from "../support/parse-exposition.ts";
import { RateLimitClient } from "../support/rate-limit-client.ts";
import { startRedis } from "../support/redis.ts";
import { sharedRedis, uniquePrefix } from "../support/shared-redis.ts";
import { startGate, type TestGate } from "../support/velocitygate.ts";
import { roomInMinute } from "../support/window.ts";

type StoreSettings = Readonly<Record<string, string>>;

const cleanup = cleanupAfterAll();
const password = "password123";

const stores: Readonly<Record<string, () => StoreSettings | Promise<StoreSettings>>> = {
  memory: () => ({ BACKEND_TYPE: "memory" }),
  "a single Redis": () => ({ ...single(), CACHE_KEY_PREFIX: uniquePrefix() }),
  "a Redis with a password, and a prefix": async () => {
    const redis = await cleanup.add(startRedis({ password }));
    return {
      ...onRedis("SINGLE", [redis.address]),
      REDIS_AUTH: password,
      CACHE_KEY_PREFIX: "prefix:",
    };
  },
  "a Redis behind Sentinel": () => {
    const { masterName, sentinels } = sharedRedis();
    return {
      BACKEND_TYPE: "redis",
      REDIS_TYPE: "SENTINEL",
      REDIS_URL: [masterName, ...sentinels.map(asText)].join(","),
      CACHE_KEY_PREFIX: uniquePrefix(),
    };
  },
  "a Redis Cluster": () => ({ ...cluster(), CACHE_KEY_PREFIX: uniquePrefix() }),
  "one Memcached, and a prefix": () => memcached(1, "prefix:"),
  "two Memcached": () => memcached(2, ""),
  "a Redis Cluster, and a Redis for the counters of a second": () => ({
    ...cluster(),
    REDIS_PERSECOND: "true",
    REDIS_PERSECOND_TYPE: "SINGLE",
    REDIS_PERSECOND_URL: asText(sharedRedis().single),
    CACHE_KEY_PREFIX: uniquePrefix(),
  }),
};

const caches = { off: "0", on: "1000000" } as const;

const combinations = Object.keys(stores).flatMap((store) =>
  (["off", "on"] as const).map((cache) => [store, cache, "all hits"] as const),
);

/** One of each way to admit: in this process, by one script, by one for each key and server. */
const admitting = [
  ["memory", "off", "admitted hits"],
  ["a single Redis", "off", "admitted hits"],
  ["a single Redis", "on", "admitted hits"],
  ["a Redis Cluster, and a Redis for the counters of a second", "off", "admitted hits"],
  ["two Memcached", "off", "admitted hits"],
] as const;

const rules = {
  "basic.yaml": `domain: basic
descriptors:
  - { key: key1, rate_limit: { unit: second, requests_per_unit: 50 } }
  - { key: key1_local, rate_limit: { unit: second, requests_per_unit: 50 } }
  - { key: one_per_minute, rate_limit: { unit: minute, requests_per_unit: 1 } }
`,
  "another.yaml": `domain: another
descriptors:
  - { key: key2, rate_limit: { unit: minute, requests_per_unit: 20 } }
  - { key: key3, rate_limit: { unit: hour, requests_per_unit: 10 } }
  - { key: key2_local, rate_limit: { unit: minute, requests_per_unit: 20 } }
  - { key: key3_local, rate_limit: { unit: hour, requests_per_unit: 10 } }
  - { key: key4, rate_limit: { unit: day, requests_per_unit: 20 } }
  - { key: key4_local, rate_limit: { unit: day, requests_per_unit: 20 } }
`,
  "share_threshold.yaml": `domain: share-threshold-test
descriptors:
  - { key: files, value: files/*, share_threshold: true, rate_limit: { unit: hour, requests_per_unit: 10 } }
  - { key: files_no_share, value: files_no_share/*, rate_limit: { unit: hour, requests_per_unit: 10 } }
`,
};

const reloaded = `domain: reload
descriptors:
  - { key: key1, rate_limit: { unit: second, requests_per_unit: 50 } }
  - { key: block, rate_limit: { unit: second, requests_per_unit: 0 } }
  - { key: one_per_minute, rate_limit: { unit: minute, requests_per_unit: 1 } }
`;

// What is counted in a test falls into one window of a minute, and so of an hour and a day.
beforeEach(() => roomInMinute(5), 60_000);

describe.each([...combinations, ...admitting])(
  "over %s, with the over-limit cache %s, counting %s",
  (store, cache, counted) => {
    const isOnlyAdmitted = counted === "admitted hits";
    const isCached = cache === "on";
    /** The reference uses other keys when the cache is on. */
    const key = (name: string) => (isCached ? `${name}_local` : name);
    let gate: TestGate;
    let client: RateLimitClient;

    beforeAll(async () => {
      const settings = {
        ...(await stores[store]?.()),
        LOCAL_CACHE_SIZE_IN_BYTES: caches[cache],
        STOP_CACHE_KEY_INCREMENT_WHEN_OVERLIMIT: String(isOnlyAdmitted),
      };
      gate = await cleanup.add(startGate({ rules, settings }));
      client = await cleanup.add(new RateLimitClient(gate.grpcPort));
    }, 60_000);

    const limitOf = (key1: string, stat: string) =>
      metric(gate, `ratelimit_service_rate_limit_${stat}`, { domain: "another", key1 });

    test("an unknown domain has no limits", async () => {
      expect(await client.ask("foo", "hello=world")).toMatchObject({
        overall: "OK",
        statuses: ["OK"],
      });
    });

    test("a limit of a second is told with what is left of it", async () => {
      const answer = await client.ask("basic", `${key("key1")}=foo`);
      expect(answer).toMatchObject({ overall: "OK", statuses: ["OK 50/SECOND 49 left"] });
      const labels = { domain: "basic", key1: key("key1") };
      expect(await metric(gate, "ratelimit_service_rate_limit_total_hits", labels)).toBe(1);
      if (isCached) expect(await metric(gate, "ratelimit_localcache_missCount")).toBe(1);
    });

    test("the 21st request of 20 a minute is the first over it, and a second limit decides with it", async () => {
      const [key2, key3] = [key("key2"), key("key3")];
      const value = randomUUID();
      for (let i = 0; i < 25; i++) {
        const expected = i < 20 ? `OK 20/MINUTE ${19 - i} left` : "OVER_LIMIT 20/MINUTE 0 left";
        expect((await client.ask("another", `${key2}=${value}`)).statuses).toEqual([expected]);
      }
      expect(await limitOf(key2, "total_hits")).toBe(25);
      expect(await limitOf(key2, "over_limit")).toBe(5);
      expect(await limitOf(key2, "over_limit_with_local_cache")).toBe(isCached ? 4 : 0);
      if (isCached) {
        expect(await metric(gate, "ratelimit_localcache_hitCount")).toBe(4);
        expect(await metric(gate, "ratelimit_localcache_missCount")).toBe(22);
      }

      const other = randomUUID();
      for (let i = 0; i < 15; i++) {
        const answer = await client.ask("another", `${key2}=${other}`, `${key3}=${other}`);
        const isOver = i >= 10;
        expect(answer).toMatchObject({
          overall: isOver ? "OVER_LIMIT" : "OK",
          statuses: [
            `OK 20/MINUTE ${isOver && isOnlyAdmitted ? 10 : 19 - i} left`,
            isOver ? "OVER_LIMIT 10/HOUR 0 left" : `OK 10/HOUR ${9 - i} left`,
          ],
        });
      }
      expect(await limitOf(key2, "total_hits")).toBe(40);
      expect(await limitOf(key2, "over_limit")).toBe(5);
      expect(await limitOf(key3, "total_hits")).toBe(15);
      expect(await limitOf(key3, "over_limit")).toBe(5);
      expect(await limitOf(key3, "over_limit_with_local_cache")).toBe(isCached ? 4 : 0);
    }, 60_000);

    test("the time until the window ends runs down", async () => {
      const entry = `${key("key4")}=${randomUUID()}`;
      const reset = async () => (await client.ask("another", entry)).resets[0] ?? 0;
      const first = await reset();
      expect(first).toBeGreaterThan(0);
      await eventually(async () => (await reset()) < first, { intervalMs: 200 });
    });

    test("what a shared wildcard matches has one counter, without sharing each value its own", async () => {
      const domain = "share-threshold-test";
      for (let i = 0; i < 10; i++) {
        const { statuses } = await client.ask(domain, "files=files/a.pdf");
        expect(statuses).toEqual([`OK 10/HOUR ${9 - i} left`]);
      }
      const { statuses } = await client.ask(domain, "files=files/b.csv");
      expect(statuses).toEqual(["OVER_LIMIT 10/HOUR 0 left"]);
      for (let i = 0; i < 10; i++) {
        const own = await client.ask(domain, `files_no_share=files_no_share/${randomUUID()}`);
        expect(own.statuses).toEqual(["OK 10/HOUR 9 left"]);
      }
    });

    test("a file that is added brings its limits, and takes them away with it", async () => {
      const loads = () => metric(gate, "ratelimit_service_config_load_success");
      const before = await loads();
      expect((await client.ask("reload", "block=foo")).statuses).toEqual(["OK"]);

      await gate.writeRules("reload.yaml", reloaded);
      await eventually(async () => (await loads()) > before);
      expect((await client.ask("reload", "key1=foo")).statuses).toEqual(["OK 50/SECOND 49 left"]);
      expect(await client.ask("reload", "block=foo")).toMatchObject({
        overall: "OVER_LIMIT",
        statuses: ["OVER_LIMIT 0/SECOND 0 left"],
      });
      const between = await loads();

      await gate.removeRules("reload.yaml");
      await eventually(async () => (await loads()) > between);
      expect((await client.ask("reload", "block=foo")).statuses).toEqual(["OK"]);
    });
  },
);

function single(): StoreSettings {
  return onRedis("SINGLE", [sharedRedis().single]);
}

function cluster(): StoreSettings {
  return onRedis("CLUSTER", sharedRedis().cluster);
}

function memcached(servers: number, prefix: string): StoreSettings {
  return {
    BACKEND_TYPE: "memcache",
    MEMCACHE_HOST_PORT: sharedRedis().memcached.slice(0, servers).map(asText).join(","),
    CACHE_KEY_PREFIX: `${prefix}${uniquePrefix()}`,
  };
}

interface Address {
  readonly host: string;
  readonly port: number;
}

function onRedis(type: string, addresses: readonly Address[]): StoreSettings {
  return {
    BACKEND_TYPE: "redis",
    REDIS_TYPE: type,
    REDIS_SOCKET_TYPE: "tcp",
    REDIS_URL: addresses.map(asText).join(","),
  };
}

function asText({ host, port }: Address): string {
  return `${host}:${port}`;
}

/** One value of `/metrics`; 0 when the series is not there (yet). */
async function metric(
  gate: TestGate,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number> {
  const { body } = await get(gate.httpPort, "/metrics");
  const samples = parseExposition(body).get(name)?.samples ?? [];
  const wanted = Object.entries(labels);
  return samples.find((sample) => wanted.every(([k, v]) => sample.labels[k] === v))?.value ?? 0;
}
