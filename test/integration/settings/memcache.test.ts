import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { cleanupAfterEach } from "../../support/cleanup.ts";
import { eventually } from "../../support/eventually.ts";
import { get } from "../../support/http-client.ts";
import { type MemcachedServer, startMemcached } from "../../support/memcached.ts";
import { sampleValue } from "../../support/parse-exposition.ts";
import { freePort } from "../../support/ports.ts";
import { RateLimitClient } from "../../support/rate-limit-client.ts";
import { type RunningApp, startInProcess } from "../../support/running-app.ts";
import { startScripted } from "../../support/scripted-server.ts";
import { uniquePrefix } from "../../support/shared-redis.ts";
import { startGate } from "../../support/velocitygate.ts";
import { roomInDay } from "../../support/window.ts";

const cleanup = cleanupAfterEach();

const rules = {
  "rules.yaml": `domain: d
descriptors:
  - { key: day, rate_limit: { unit: day, requests_per_unit: 10 } }
  - { key: month, rate_limit: { unit: month, requests_per_unit: 10 } }
  - { key: year, rate_limit: { unit: year, requests_per_unit: 10 } }
  - { key: none, rate_limit: { unit: day, requests_per_unit: 0 } }
`,
};

type Settings = Readonly<Record<string, string>>;

const start = (settings: Settings): Promise<RunningApp> =>
  cleanup.add(
    startInProcess({
      rules,
      settings: { BACKEND_TYPE: "memcache", CACHE_KEY_PREFIX: uniquePrefix(), ...settings },
    }),
  );

const text = ({ address: { host, port } }: MemcachedServer) => `${host}:${port}`;

/** All that it has logged. */
const said = ({ log }: RunningApp) => log.lines.map((line) => JSON.stringify(line)).join("\n");

async function counts(app: RunningApp, entry = "day=v"): Promise<void> {
  await eventually(async () => expect((await app.ask(entry)).statuses[0]?.code).toBe(1));
}

const itemsOf = async (server: MemcachedServer) =>
  Number(/STAT curr_items (\d+)/.exec(await server.ask("stats"))?.[1]);

test("MEMCACHE_HOST_PORT: counters are spread over the servers", async () => {
  const servers = [await cleanup.add(startMemcached()), await cleanup.add(startMemcached())];
  const app = await start({ MEMCACHE_HOST_PORT: servers.map(text).join(",") });
  await counts(app, "day=first");
  for (let i = 0; i < 20; i++) await counts(app, `day=${i}`);
  const items = await Promise.all(servers.map(itemsOf));
  expect((items[0] ?? 0) + (items[1] ?? 0)).toBe(21);
  expect(Math.min(...items)).toBeGreaterThan(0);
  expect(app.app.counters).toBe("in Memcached, 2 servers (BACKEND_TYPE is memcache)");
});

test("health turns good once a server was reached", async () => {
  const port = await freePort();
  const app = await start({ MEMCACHE_HOST_PORT: `127.0.0.1:${port}` });
  const health = async () => (await app.get("/healthcheck")).status;
  expect(await health()).toBe(500);
  const server = await cleanup.add(startMemcached({ port }));
  await eventually(async () => expect(await health()).toBe(200));
  await server.kill();
  await eventually(() => expect(app.ask("day=v")).rejects.toMatchObject({ code: 14 }));
  expect(await health()).toBe(200);
});

test("REDIS_HEALTH_CHECK_ACTIVE_CONNECTION holds for Memcached as well", async () => {
  const server = await cleanup.add(startMemcached());
  const app = await start({
    MEMCACHE_HOST_PORT: text(server),
    REDIS_HEALTH_CHECK_ACTIVE_CONNECTION: "true",
  });
  const health = async () => (await app.get("/healthcheck")).status;
  await eventually(async () => expect(await health()).toBe(200));
  await server.kill();
  await eventually(async () => expect(await health()).toBe(500));
});

test("limits of a month and a year accumulate", async () => {
  const server = await cleanup.add(startMemcached());
  for (const calendar of ["false", "true"]) {
    const app = await start({
      MEMCACHE_HOST_PORT: text(server),
      USE_CALENDAR_MONTH_RATE_LIMIT: calendar,
    });
    await counts(app, "month=v");
    await counts(app, "year=v");
    const { statuses } = await app.ask({ descriptors: ["month=v", "year=v"] });
    expect(statuses.map(({ limitRemaining }) => limitRemaining)).toEqual([8, 8]);
  }
});

test("STOP_CACHE_KEY_INCREMENT_WHEN_OVERLIMIT adds nothing of a denied request", async () => {
  const server = await cleanup.add(startMemcached());
  const app = await start({
    MEMCACHE_HOST_PORT: text(server),
    STOP_CACHE_KEY_INCREMENT_WHEN_OVERLIMIT: "true",
  });
  await counts(app);
  for (let i = 0; i < 3; i++) await app.ask({ descriptors: ["day=v", "none=v"] });
  expect((await app.ask("day=v")).statuses[0]?.limitRemaining).toBe(8);
});

test("LOCAL_CACHE_SIZE_IN_BYTES keeps what is over from being asked again", async () => {
  const server = await cleanup.add(startMemcached());
  const app = await start({
    MEMCACHE_HOST_PORT: text(server),
    LOCAL_CACHE_SIZE_IN_BYTES: "10000",
  });
  await counts(app);
  for (let i = 0; i < 5; i++) await app.ask("none=v");
  const metrics = await app.metrics();
  expect(sampleValue(metrics, "ratelimit_localcache_hitCount")).toBe(4);
  // The counter of each of the two keys was made, and no more was asked.
  expect(sampleValue(metrics, "ratelimit_memcache_add_success")).toBe(2);
  expect(sampleValue(metrics, "ratelimit_memcache_increment_success")).toBe(0);
  expect(sampleValue(metrics, "velocitygate_memcache_connections")).toBe(1);
  const stats = await get(app.app.debugPort, "/stats");
  expect(stats.body).toContain("ratelimit.memcache.add.__code=success: 2");
});

test("MEMCACHE_OP_TIMEOUT is how long an increment may take", async () => {
  const server = await cleanup.add(startMemcached());
  const app = await start({ MEMCACHE_HOST_PORT: text(server), MEMCACHE_OP_TIMEOUT: "50ms" });
  await counts(app);
  await server.pause();
  await expect(app.ask("day=v")).rejects.toMatchObject({
    code: 4,
    details: expect.stringContaining("Memcached did not answer within 50 ms"),
  });
  server.resume();
});

test("MEMCACHE_TIMEOUT is how long a connection may take", async () => {
  const silent = await cleanup.add(startScripted(() => undefined));
  const { host, port } = silent.address;
  const app = await start({ MEMCACHE_HOST_PORT: `${host}:${port}`, MEMCACHE_TIMEOUT: "30ms" });
  await eventually(() => expect(said(app)).toContain("no answer within 30 ms"));
});

test("MEMCACHE_SRV is asked for, again and again until it is answered", async () => {
  // A name that no DNS knows (RFC 6761).
  const app = await start({ MEMCACHE_SRV: "_memcache._tcp.velocitygate.invalid" });
  await eventually(
    () =>
      expect(said(app)).toContain("the SRV record of Memcached cannot be resolved; trying again"),
    { timeoutMs: 30_000 },
  );
  await expect(app.ask("day=v")).rejects.toMatchObject({ code: 14 });
}, 40_000);

test("several processes count together", async () => {
  const servers = [await cleanup.add(startMemcached()), await cleanup.add(startMemcached())];
  const gate = await cleanup.add(
    startGate({
      rules,
      settings: {
        WORKERS: "2",
        BACKEND_TYPE: "memcache",
        MEMCACHE_HOST_PORT: servers.map(text).join(","),
      },
    }),
  );
  const clients = await Promise.all(
    Array.from({ length: 4 }, () => cleanup.add(new RateLimitClient(gate.grpcPort))),
  );
  await roomInDay(10);
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, i) => clients[i % 4]?.ask("d", "day=shared")),
  );
  const admitted = answers.filter((answer) => answer?.overall === "OK");
  expect(admitted).toHaveLength(10);
});

describe("MEMCACHE_TLS", () => {
  const pem = (name: string) => join(import.meta.dirname, "../../support/tls", name);
  const files = {
    MEMCACHE_TLS_CACERT: pem("ca.crt"),
    MEMCACHE_TLS_CLIENT_CERT: pem("client.crt"),
    MEMCACHE_TLS_CLIENT_KEY: pem("client.key"),
  };

  /** Wants clients to show a certificate. `server` is for 127.0.0.1, `elsewhere` is not. */
  async function startTls(certificate: "server" | "elsewhere"): Promise<Settings> {
    const options = [
      `ssl_chain_cert=${pem(`${certificate}.crt`)}`,
      `ssl_key=${pem(`${certificate}.key`)}`,
      "ssl_verify_mode=2",
      `ssl_ca_cert=${pem("ca.crt")}`,
    ];
    const args = ["-Z", ...options.flatMap((option) => ["-o", option])];
    const server = await cleanup.add(startMemcached({ usesTls: true, args }));
    return { MEMCACHE_HOST_PORT: text(server), MEMCACHE_TLS: "true" };
  }

  test("speaks TLS, with the CA and the certificate that are set", async () => {
    await counts(await start({ ...(await startTls("server")), ...files }));
  });

  test("without MEMCACHE_TLS_CACERT trusts no other CA", async () => {
    const { MEMCACHE_TLS_CACERT: _, ...others } = files;
    const app = await start({ ...(await startTls("server")), ...others });
    await eventually(() => expect(said(app)).toMatch(/certificate/));
  });

  test("without MEMCACHE_TLS_CLIENT_CERT and _KEY shows none", async () => {
    const { MEMCACHE_TLS_CACERT } = files;
    const app = await start({ ...(await startTls("server")), MEMCACHE_TLS_CACERT });
    await eventually(() => expect(said(app)).toContain("Memcached cannot be reached"));
  });

  test("MEMCACHE_TLS_SKIP_HOSTNAME_VERIFICATION accepts a certificate of another name", async () => {
    const settings = { ...(await startTls("elsewhere")), ...files };
    const app = await start(settings);
    await eventually(() => expect(said(app)).toContain("altnames"));
    await counts(await start({ ...settings, MEMCACHE_TLS_SKIP_HOSTNAME_VERIFICATION: "true" }));
  });
});
