import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, jest, test } from "@jest/globals";
import { cleanupAfterEach } from "../../support/cleanup.ts";
import { eventually } from "../../support/eventually.ts";
import { freePort } from "../../support/ports.ts";
import { startRedis } from "../../support/redis.ts";
import { type RunningApp, startInProcess } from "../../support/running-app.ts";
import { sharedRedis, uniquePrefix } from "../../support/shared-redis.ts";

// Each starts services, on machines that may be busy.
jest.setTimeout(30_000);

const cleanup = cleanupAfterEach();

const rules = {
  "rules.yaml": `domain: d
descriptors:
  - { key: day, rate_limit: { unit: day, requests_per_unit: 10 } }
  - { key: second, rate_limit: { unit: second, requests_per_unit: 10 } }
`,
};

type Settings = Readonly<Record<string, string>>;
const start = (settings: Settings): Promise<RunningApp> =>
  cleanup.add(
    startInProcess({ rules, settings: { CACHE_KEY_PREFIX: uniquePrefix(), ...settings } }),
  );

const text = ({ host, port }: { readonly host: string; readonly port: number }) =>
  `${host}:${port}`;

/** Counts in the Redis that the settings name; both names tell of the one for all and of that for a second. */
async function counts(app: RunningApp, entry = "day=v"): Promise<void> {
  await eventually(async () => expect((await app.ask(entry)).statuses[0]?.code).toBe(1));
}

const folder = join(import.meta.dirname, "../../support/tls");
const pem = (name: string) => join(folder, name);

/** A server that wants clients to show a certificate, with one of its own: `server` is for 127.0.0.1, `elsewhere` is not. */
async function startTls(certificate: "server" | "elsewhere"): Promise<string> {
  const port = await freePort();
  const config = [
    `tls-port ${port}`,
    `tls-cert-file ${pem(`${certificate}.crt`)}`,
    `tls-key-file ${pem(`${certificate}.key`)}`,
    `tls-ca-cert-file ${pem("ca.crt")}`,
    "tls-auth-clients yes",
  ];
  await cleanup.add(startRedis({ config }));
  return `127.0.0.1:${port}`;
}

const tlsFiles = {
  REDIS_TLS_CACERT: pem("ca.crt"),
  REDIS_TLS_CLIENT_CERT: pem("client.crt"),
  REDIS_TLS_CLIENT_KEY: pem("client.key"),
};

/** A server that is no Redis. */
async function listening(onConnection: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    onConnection(socket);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  await cleanup.add({
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  });
  const { port } = server.address() as AddressInfo;
  return `127.0.0.1:${port}`;
}

describe.each([
  ["REDIS", {}, "day=v"],
  ["REDIS_PERSECOND", { REDIS_PERSECOND: "true" }, "second=v"],
] as const)("%s_*", (prefix, own, entry) => {
  /** The names of this Redis; with `REDIS_PERSECOND` the other one is the shared one. */
  const named = (settings: Settings): Settings => ({
    REDIS_URL: text(sharedRedis().single),
    ...own,
    ...Object.fromEntries(Object.entries(settings).map(([name, v]) => [`${prefix}_${name}`, v])),
  });

  test("_URL, _SOCKET_TYPE and _AUTH lead to a server", async () => {
    const redis = await cleanup.add(startRedis({ password: "secret" }));
    const url = text(redis.address);
    const app = await start(named({ URL: url, SOCKET_TYPE: "tcp", AUTH: "secret" }));
    await counts(app, entry);
    expect(await redis.ask("DBSIZE")).toBe(1);
  });

  test("_URL and _SOCKET_TYPE lead to a Unix socket", async () => {
    const socket = join(tmpdir(), `velocitygate-redis-${process.pid}-${prefix}.sock`);
    const redis = await cleanup.add(startRedis({ config: [`unixsocket ${socket}`] }));
    await counts(await start(named({ URL: socket, SOCKET_TYPE: "unix" })), entry);
    expect(await redis.ask("DBSIZE")).toBe(1);
  });

  test("_SOCKET_TYPE that does not go with _URL is refused", async () => {
    const settings = named({ URL: "127.0.0.1:1", SOCKET_TYPE: "unix" });
    await expect(startInProcess({ settings })).rejects.toMatchObject({
      message: expect.stringContaining(`${prefix}_SOCKET_TYPE`),
    });
  });

  test("_TYPE=SENTINEL and _URL lead to a master", async () => {
    const { masterName, sentinels } = sharedRedis();
    const url = [masterName, ...sentinels.map(text)].join(",");
    await counts(await start(named({ TYPE: "SENTINEL", URL: url })), entry);
  });

  test("_TYPE=CLUSTER and _URL lead to a cluster", async () => {
    const url = sharedRedis().cluster.map(text).join(",");
    await counts(await start(named({ TYPE: "CLUSTER", URL: url })), entry);
  });

  test("_TLS speaks TLS, with the CA and the certificate that are set", async () => {
    const url = await startTls("server");
    await counts(await start({ ...named({ URL: url, TLS: "true" }), ...tlsFiles }), entry);
  });

  test("_OP_TIMEOUT is how long a command may take", async () => {
    const redis = await cleanup.add(startRedis());
    const app = await start(named({ URL: text(redis.address), OP_TIMEOUT: "50ms" }));
    await counts(app, entry);
    redis.pause();
    await expect(app.ask(entry)).rejects.toMatchObject({
      details: expect.stringContaining("50 ms"),
    });
    redis.resume();
  });

  test("_TIMEOUT is how long a connection may take", async () => {
    const app = await start({
      // A connection stands, but nothing is answered.
      ...named({ URL: await listening(() => undefined), TIMEOUT: "30ms" }),
      REDIS_STARTUP_INITIAL_INTERVAL: "10ms",
      REDIS_STARTUP_MAX_INTERVAL: "10ms",
    });
    await eventually(() => {
      const said = app.log.lines.map((line) => JSON.stringify(line)).join("\n");
      expect(said).toContain("30 ms");
    });
  });
});

/** All that it has logged. */
const said = ({ log }: RunningApp) => log.lines.map((line) => JSON.stringify(line)).join("\n");

describe("TLS", () => {
  test("REDIS_TLS_CACERT: no other CA is trusted", async () => {
    const app = await start({
      REDIS_URL: await startTls("server"),
      REDIS_TLS: "true",
      ...tlsFiles,
      REDIS_TLS_CACERT: pem("elsewhere.crt"),
    });
    await eventually(() => expect(said(app)).toMatch(/certificate/));
  });

  test("REDIS_TLS_CLIENT_CERT and REDIS_TLS_CLIENT_KEY are what a server asks for", async () => {
    const { REDIS_TLS_CACERT } = tlsFiles;
    const url = await startTls("server");
    const app = await start({ REDIS_URL: url, REDIS_TLS: "true", REDIS_TLS_CACERT });
    await eventually(() => expect(said(app)).toContain("Redis cannot be reached"));
    await counts(await start({ REDIS_URL: url, REDIS_TLS: "true", ...tlsFiles }));
  });

  test("REDIS_TLS_SKIP_HOSTNAME_VERIFICATION accepts a certificate of another name", async () => {
    const settings = { REDIS_URL: await startTls("elsewhere"), REDIS_TLS: "true", ...tlsFiles };
    const app = await start(settings);
    await eventually(() => expect(said(app)).toContain("altnames"));
    await counts(await start({ ...settings, REDIS_TLS_SKIP_HOSTNAME_VERIFICATION: "true" }));
  });
});

test.each(["REDIS", "REDIS_PERSECOND"])(
  "%s_SENTINEL_AUTH is the password of the Sentinels",
  async (prefix) => {
    const server = await cleanup.add(startRedis());
    const config = [`sentinel monitor m 127.0.0.1 ${server.address.port} 1`];
    const sentinel = await cleanup.add(startRedis({ isSentinel: true, password: "pw", config }));
    const named = {
      REDIS_URL: text(sharedRedis().single),
      REDIS_PERSECOND: "true",
      [`${prefix}_TYPE`]: "SENTINEL",
      [`${prefix}_URL`]: `m,${text(sentinel.address)}`,
    };
    const entry = prefix === "REDIS" ? "day=v" : "second=v";
    if (prefix === "REDIS") named["REDIS_PERSECOND_URL"] = text(sharedRedis().single);
    await counts(await start({ ...named, [`${prefix}_SENTINEL_AUTH`]: "pw" }), entry);
    const app = await start(named);
    await eventually(() => expect(said(app)).toContain("NOAUTH"));
  },
);

test("counters of a second are apart from the others only when REDIS_PERSECOND says so", async () => {
  const [main, second] = [await cleanup.add(startRedis()), await cleanup.add(startRedis())];
  const urls = { REDIS_URL: text(main.address), REDIS_PERSECOND_URL: text(second.address) };
  const sizes = async () => [await main.ask("DBSIZE"), await second.ask("DBSIZE")];
  const apart = await start({ ...urls, REDIS_PERSECOND: "true" });
  await counts(apart, "second=v");
  expect(await sizes()).toEqual([0, 1]);
  await counts(apart, "day=v");
  expect(await sizes()).toEqual([1, 1]);
  await counts(await start(urls), "second=v");
  expect(await sizes()).toEqual([2, 1]);
});

test.each([
  // With the default of a second, ten seconds have room for five attempts.
  [{ REDIS_STARTUP_INITIAL_INTERVAL: "1ms" }, 6],
  // Without a bound the pauses would double: fifteen attempts.
  [{ REDIS_STARTUP_INITIAL_INTERVAL: "1ms", REDIS_STARTUP_MAX_INTERVAL: "20ms" }, 30],
])("%j are the pauses between attempts", async (pauses, attempts) => {
  let connections = 0;
  const url = await listening((socket) => {
    connections += 1;
    socket.destroy();
  });
  await start({ REDIS_URL: url, ...pauses });
  await eventually(() => expect(connections).toBeGreaterThanOrEqual(attempts), {
    timeoutMs: 10_000,
  });
});

test("REDIS_STARTUP_MAX_ELAPSED_TIME is how long a start waits", async () => {
  const app = await start({
    REDIS_URL: `127.0.0.1:${await freePort()}`,
    REDIS_STARTUP_INITIAL_INTERVAL: "1ms",
    REDIS_STARTUP_MAX_ELAPSED_TIME: "50ms",
  });
  await expect(app.app.working).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
});

test.each([
  ["false", 200],
  ["true", 500],
])(
  "REDIS_HEALTH_CHECK_ACTIVE_CONNECTION=%s: without a connection health is %d",
  async (isAsked, expected) => {
    const redis = await cleanup.add(startRedis());
    const app = await start({
      REDIS_URL: text(redis.address),
      REDIS_HEALTH_CHECK_ACTIVE_CONNECTION: isAsked,
    });
    const health = async () => (await app.get("/healthcheck")).status;
    await eventually(async () => expect(await health()).toBe(200));
    await redis.kill();
    await eventually(() => expect(app.ask("day=v")).rejects.toBeDefined());
    await eventually(async () => expect(await health()).toBe(expected));
  },
);
