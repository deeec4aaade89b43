/**
 * The service as the user that docs/redis.md describes. Every server keeps a log of what it did not allow (ACL LOG): it has to stay
 * empty.
 */
import { describe, expect, test } from "@jest/globals";
import {
  RateLimitRequest,
  RateLimitResponse,
} from "../../../src/gen/envoy/service/ratelimit/v3/rls.ts";
import { cleanupAfterEach } from "../../support/cleanup.ts";
import { eventually } from "../../support/eventually.ts";
import { GrpcClient } from "../../support/grpc-client.ts";
import { type RedisServer, startRedis } from "../../support/redis.ts";
import { documentedRights } from "../../support/redis-document.ts";
import { startCluster, startSentinels } from "../../support/redis-groups.ts";
import { startInProcess } from "../../support/running-app.ts";
import { roomInDay } from "../../support/window.ts";

const cleanup = cleanupAfterEach();
const rights = documentedRights();
const stop = rights.for("`STOP_CACHE_KEY_INCREMENT_WHEN_OVERLIMIT`");
const clock = rights.for("`CLOCK_OFFSET_MAX`");
const database = rights.for("a database other than 0");
const named = rights.for("a name in `CLIENT LIST`");
const master = rights.for("a master that Sentinels name");
const ofCluster = rights.for("a cluster");

const userOf = (words: readonly string[]) => `user velocitygate on >secret ${words.join(" ")}`;
const text = ({ address }: RedisServer) => `${address.host}:${address.port}`;

const rules = {
  "rules.yaml": `domain: d
descriptors:
  - { key: day, rate_limit: { unit: day, requests_per_unit: 10 } }
`,
};

type Settings = Readonly<Record<string, string>>;

interface Client {
  /** How the counters of `day` stand after these hits, one for each value. */
  ask(hits: number, ...values: readonly string[]): Promise<readonly number[]>;
}

async function start(settings: Settings): Promise<Client> {
  const app = await cleanup.add(
    startInProcess({ rules, settings: { REDIS_AUTH: "velocitygate:secret", ...settings } }),
  );
  const grpc = new GrpcClient(`127.0.0.1:${app.app.grpcPort}`);
  await cleanup.add({ stop: async () => grpc.close() });
  return {
    async ask(hits, ...values) {
      const request = RateLimitRequest.encode({
        domain: "d",
        hitsAddend: 0,
        descriptors: values.map((value) => ({
          entries: [{ key: "day", value }],
          limit: undefined,
          hitsAddend: Math.abs(hits),
          isNegativeHits: hits < 0,
        })),
      }).finish();
      const method = "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit";
      const answer = await grpc.ask(method, request, { deadlineMs: Date.now() + 5_000 });
      return RateLimitResponse.decode(answer).statuses.map(
        ({ limitRemaining }) => 10 - limitRemaining,
      );
    },
  };
}

/** Hits, looks and hits given back, over as many counters as it takes to meet every node. */
async function useEverything(settings: Settings): Promise<void> {
  await roomInDay(30);
  const client = await start(settings);
  const values = Array.from({ length: 20 }, (_, i) => `v${i}`);
  const all = (count: number) => values.map(() => count);
  await eventually(async () => expect(await client.ask(0, ...values)).toEqual(all(0)), {
    timeoutMs: 10_000,
  });
  expect(await client.ask(3, ...values)).toEqual(all(3));
  expect(await client.ask(1, ...values)).toEqual(all(4));
  expect(await client.ask(-2, ...values)).toEqual(all(2));
  expect(await client.ask(0, ...values)).toEqual(all(2));
}

/** What the server did not allow: the commands, each once. */
async function refusedBy(server: RedisServer): Promise<readonly string[]> {
  const entries = (await server.ask("ACL", "LOG")) as readonly (readonly unknown[])[];
  return [...new Set(entries.map((entry) => String(entry[entry.indexOf("object") + 1])))];
}

async function expectNothingRefused(servers: readonly RedisServer[]): Promise<void> {
  for (const server of servers) expect(await refusedBy(server)).toEqual([]);
}

describe("the rights that are documented are enough", () => {
  test("for a single Redis, which does without a name", async () => {
    const server = await cleanup.add(startRedis({ config: [userOf(rights.base)] }));
    await useEverything({ REDIS_URL: text(server) });
    expect(await refusedBy(server)).toEqual(["client|setname"]);
    const keys = (await server.ask("KEYS", "*")) as string[];
    await eventually(async () => {
      for (const key of keys) expect(await server.ask("TTL", key)).toBeGreaterThan(0);
    });
  });

  test("for a single Redis, with a name, another database, its time, and only admitted hits", async () => {
    const words = [...rights.base, ...named, ...database, ...clock, ...stop];
    const server = await cleanup.add(startRedis({ config: [userOf(words)] }));
    await useEverything({
      REDIS_URL: `redis://${text(server)}/3`,
      CLOCK_OFFSET_MAX: "1s",
      STOP_CACHE_KEY_INCREMENT_WHEN_OVERLIMIT: "true",
    });
    expect(await server.ask("INFO", "commandstats")).toContain("cmdstat_time");
    await expectNothingRefused([server]);
  });

  test("for a master that Sentinels name, and for the Sentinels", async () => {
    const group = await cleanup.add(
      startSentinels({
        config: [userOf([...rights.base, ...named, ...master])],
        sentinelConfig: [userOf([...rights.sentinel, ...named])],
      }),
    );
    await useEverything({
      REDIS_TYPE: "SENTINEL",
      REDIS_URL: [group.masterName, ...group.sentinels.map(text)].join(","),
      REDIS_SENTINEL_AUTH: "velocitygate:secret",
    });
    await expectNothingRefused([group.master, ...group.sentinels]);
  }, 30_000);

  test.each(["false", "true"])(
    "for a cluster, also while a slot moves; only admitted hits: %s",
    async (countsOnlyAdmitted) => {
      const words = [...rights.base, ...named, ...ofCluster, ...stop];
      const cluster = await cleanup.add(startCluster({ config: [userOf(words)] }));
      const settings = {
        REDIS_TYPE: "CLUSTER",
        REDIS_URL: cluster.masters.map(text).join(","),
        STOP_CACHE_KEY_INCREMENT_WHEN_OVERLIMIT: countsOnlyAdmitted,
      };
      await useEverything(settings);

      const [from, to] = cluster.masters as [RedisServer, RedisServer];
      const client = await start({ ...settings, CACHE_KEY_PREFIX: "{moving}" });
      const slot = Number(await from.ask("CLUSTER", "KEYSLOT", "{moving}"));
      const owners = await Promise.all(cluster.masters.map((each) => each.ask("CLUSTER", "MYID")));
      const source = cluster.masters[Math.min(2, Math.floor(slot / 5461))] as RedisServer;
      const target = source === to ? from : to;
      const idOf = (each: RedisServer) => String(owners[cluster.masters.indexOf(each)]);
      await target.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", idOf(source));
      await source.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", idOf(target));
      await eventually(async () => expect(await client.ask(1, "moved")).toEqual([1]));
      expect(await target.ask("INFO", "commandstats")).toContain("cmdstat_asking");
      await expectNothingRefused([...cluster.masters, ...cluster.replicas]);
    },
    30_000,
  );
});

test.each(rights.base.filter((word) => word.startsWith("+")))(
  "without %s something is refused",
  async (word) => {
    const words = rights.base.filter((each) => each !== word);
    const server = await cleanup.add(startRedis({ config: [userOf(words)] }));
    const client = await start({ REDIS_URL: text(server), REDIS_OP_TIMEOUT: "100ms" });
    const attempt = async () => {
      for (const hits of [1, 0, -1]) await client.ask(hits, "v").catch(() => undefined);
      expect(await refusedBy(server)).toContain(word.slice(1));
    };
    await eventually(attempt);
  },
);
