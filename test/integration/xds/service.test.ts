import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { status } from "@grpc/grpc-js";
import { afterAll, describe, expect, jest, test } from "@jest/globals";
import { RateLimitUnit } from "../../../src/gen/ratelimit/config/ratelimit/v3/rls_conf.ts";
import { methods } from "../../../src/xds/stream.ts";
import { Authority, type Identity } from "../../support/certificates.ts";
import { cleanupAfterEach } from "../../support/cleanup.ts";
import { eventually } from "../../support/eventually.ts";
import { get } from "../../support/http-client.ts";
import { sampleValue } from "../../support/parse-exposition.ts";
import { put } from "../../support/rule-directory.ts";
import { type AppOptions, type RunningApp, startInProcess } from "../../support/running-app.ts";
import { SnapshotServer } from "../../support/xds/snapshot-server.ts";
import { limit, oneLimit, rule } from "../../support/xds/updates.ts";

jest.setTimeout(30_000);

const cleanup = cleanupAfterEach();

const start = (server: SnapshotServer, settings: AppOptions["settings"] = {}) =>
  cleanup.add(
    startInProcess({
      settings: {
        CONFIG_TYPE: "GRPC_XDS_SOTW",
        CONFIG_GRPC_XDS_SERVER_URL: server.target,
        CONFIG_GRPC_XDS_NODE_ID: "some-node",
        ...settings,
      },
    }),
  );

const accepted = (server: SnapshotServer, timeoutMs = 4_000) =>
  eventually(() => server.isAccepted, { timeoutMs });

/** The limit for `k` in the domain `d`, in requests of a minute; `undefined`: there is none. */
async function limitOf(app: RunningApp): Promise<number | undefined> {
  const { statuses } = await app.ask("k=v");
  return statuses[0]?.currentLimit?.requestsPerUnit;
}

const value = async (app: RunningApp, name: string) => sampleValue(await app.metrics(), name);

const bad = { name: "bad", domain: "e", descriptors: [rule("")] };

describe("before the first rules", () => {
  test("the service says that it has none, and is healthy once they came", async () => {
    const server = await cleanup.add(SnapshotServer.start());
    const app = await start(server);
    await eventually(async () => expect(await value(app, "velocitygate_xds_connected")).toBe(1));
    expect(await app.get("/healthz/ready")).toMatchObject({
      status: 503,
      body: "not ready: rules\n",
    });
    expect((await app.get("/healthcheck")).status).toBe(500);
    await expect(app.ask("k=v")).rejects.toMatchObject({
      code: status.FAILED_PRECONDITION,
      details: "no rate limit configuration loaded",
    });

    server.set([oneLimit("d", "k", 5)]);
    await accepted(server);
    expect((await app.get("/healthz/ready")).status).toBe(200);
    expect((await app.get("/healthcheck")).body).toBe("OK");
    expect(await limitOf(app)).toBe(5);
    expect(await value(app, "ratelimit_service_config_load_success")).toBe(1);
    expect(await value(app, "velocitygate_rules_limits")).toBe(1);
  });

  test("the service waits for a server that comes later", async () => {
    const gone = await cleanup.add(SnapshotServer.start());
    const { target } = gone;
    await gone.stop();
    const app = await start(gone);
    expect(await value(app, "velocitygate_xds_connected")).toBe(0);
    const server = await cleanup.add(SnapshotServer.start({ address: target }));
    server.set([oneLimit("d", "k", 5)]);
    await accepted(server, 10_000);
    expect(await limitOf(app)).toBe(5);
  });

  test("no rules at all are rules, unless a domain is asked for", async () => {
    const server = await cleanup.add(SnapshotServer.start());
    server.set([]);
    const app = await start(server);
    const strict = await start(server, { HEALTHY_WITH_AT_LEAST_ONE_CONFIG_LOADED: "true" });
    await eventually(async () => expect((await app.get("/healthcheck")).status).toBe(200));
    await eventually(async () =>
      expect(await value(strict, "ratelimit_service_config_load_success")).toBe(1),
    );
    expect((await strict.get("/healthcheck")).status).toBe(500);
    expect(await limitOf(app)).toBeUndefined();
  });
});

describe("an update", () => {
  test("changes, adds and removes rules", async () => {
    const server = await cleanup.add(SnapshotServer.start());
    server.set([oneLimit("d", "k", 5)]);
    const app = await start(server);
    await accepted(server);
    server.set([oneLimit("e", "other", 1), oneLimit("d", "k", 7)]);
    await accepted(server);
    expect(await limitOf(app)).toBe(7);
    expect((await get(app.app.debugPort, "/rlconfig")).body).toBe(
      "d.k: unit=MINUTE requests_per_unit=7, shadow_mode: false, quota_mode: false\n" +
        "e.other: unit=MINUTE requests_per_unit=1, shadow_mode: false, quota_mode: false\n",
    );
    server.set([oneLimit("e", "other", 1)]);
    await accepted(server);
    expect(await limitOf(app)).toBeUndefined();
    const { statuses } = await app.ask("k=v");
    expect(statuses).toHaveLength(1);
  });

  test("that is wrong is refused with the reason, changes nothing, and is not asked for without end", async () => {
    const server = await cleanup.add(SnapshotServer.start());
    server.set([oneLimit("d", "k", 5)]);
    const app = await start(server);
    await accepted(server);
    server.set([oneLimit("d", "k", 7), bad]);
    await eventually(() => expect(server.refusals.length).toBeGreaterThanOrEqual(2));
    expect(new Set(server.refusals)).toEqual(new Set(["bad: descriptor has empty key"]));
    expect(await limitOf(app)).toBe(5);
    expect((await app.get("/healthcheck")).status).toBe(200);
    // The first was answered at once, the one that came then after a second.
    expect(server.sent).toBeLessThanOrEqual(4);
    expect(await value(app, "ratelimit_service_config_load_error")).toBeGreaterThanOrEqual(2);
    expect(await value(app, "velocitygate_rules_last_load_successful")).toBe(0);
    const errors = app.log.lines.filter(({ level }) => level === "error");
    expect(errors).toHaveLength(1);

    server.set([oneLimit("d", "k", 7)]);
    await accepted(server, 8_000);
    expect(await limitOf(app)).toBe(7);
    expect(await value(app, "velocitygate_rules_last_load_successful")).toBe(1);
  });

  test("may bring two resources of one domain where that is set", async () => {
    const server = await cleanup.add(SnapshotServer.start());
    server.set([oneLimit("d", "k", 5), oneLimit("d", "other", 7)]);
    const app = await start(server, { MERGE_DOMAIN_CONFIG: "true" });
    await accepted(server);
    const { statuses } = await app.ask({ descriptors: ["k=v", "other=v"] });
    expect(statuses.map(({ currentLimit }) => currentLimit?.requestsPerUnit)).toEqual([5, 7]);
  });

  test("decides as a rule file that says the same", async () => {
    const server = await cleanup.add(SnapshotServer.start());
    const YEAR = { unit: RateLimitUnit.YEAR };
    server.set([
      {
        name: "some",
        domain: "d",
        descriptors: [
          rule("shadow", { rateLimit: limit(0, YEAR), shadowMode: true }),
          rule("deny", { rateLimit: limit(0, YEAR), metadata: { plan: "none" } }),
          rule("nested", {
            value: "a*",
            descriptors: [rule("in", { rateLimit: limit(1, { ...YEAR, name: "inner" }) })],
          }),
          rule("free", { rateLimit: limit(9, { unit: RateLimitUnit.UNKNOWN, unlimited: true }) }),
        ],
      },
    ]);
    const app = await start(server);
    await accepted(server);
    const code = async (text: string) => (await app.ask(text)).overallCode;
    expect(await code("shadow=x")).toBe(1);
    expect(await code("deny=x")).toBe(2);
    expect([await code("nested=abc,in=y"), await code("nested=abc,in=y")]).toEqual([1, 2]);
    expect(await code("nested=xyz,in=y")).toBe(1);
    expect(await code("free=x")).toBe(1);
  });
});

describe("a server that is restarted", () => {
  test("and counts its versions from 1 again is asked for everything anew, within five seconds", async () => {
    const first = await cleanup.add(SnapshotServer.start());
    first.set([oneLimit("d", "k", 5)]);
    const app = await start(first);
    await accepted(first);
    await first.stop();
    await eventually(async () => expect(await value(app, "velocitygate_xds_connected")).toBe(0));
    expect(await limitOf(app)).toBe(5);

    const second = await cleanup.add(SnapshotServer.start({ address: first.target }));
    second.set([oneLimit("d", "k", 9)]);
    expect(second.version).toBe(first.version);
    await accepted(second, 5_000);
    const [request] = second.server.latest.requests;
    expect(request).toMatchObject({ versionInfo: "", responseNonce: "" });
    expect(await limitOf(app)).toBe(9);
    expect(await value(app, "velocitygate_xds_connections_total")).toBe(2);
  });

  test("before it has a snapshot is waited for, and the rules stay", async () => {
    const first = await cleanup.add(SnapshotServer.start());
    first.set([oneLimit("d", "k", 5)]);
    const app = await start(first);
    await accepted(first);
    await first.stop();
    const second = await cleanup.add(SnapshotServer.start({ address: first.target }));
    await eventually(() => expect(second.server.streams).toHaveLength(1), { timeoutMs: 5_000 });
    expect(await limitOf(app)).toBe(5);
    expect((await app.get("/healthcheck")).status).toBe(200);
    second.set([oneLimit("d", "k", 9)]);
    await accepted(second);
    expect(await limitOf(app)).toBe(9);
  });
});

test("a server that has only the discovery service of rules is found", async () => {
  const server = await cleanup.add(SnapshotServer.start({ paths: [methods.rateLimitConfig] }));
  server.set([oneLimit("d", "k", 5)]);
  const app = await start(server);
  await eventually(() => server.version !== "" && server.server.streams.length > 0);
  await accepted(server);
  expect(await limitOf(app)).toBe(5);
});

test("a reload asks anew over a new stream, and no call fails meanwhile", async () => {
  const server = await cleanup.add(SnapshotServer.start());
  server.set([oneLimit("d", "k", 5)]);
  const app = await start(server);
  await accepted(server);
  const before = server.server.latest;
  await app.app.reload();
  expect(await limitOf(app)).toBe(5);
  await eventually(() => expect(server.server.streams).toHaveLength(2));
  await eventually(() => before.hasEnded);
  await accepted(server);
  expect(await limitOf(app)).toBe(5);
});

test("a service that ends leaves its stream", async () => {
  const server = await cleanup.add(SnapshotServer.start());
  server.set([]);
  const app = await start(server);
  await accepted(server);
  await app.app.stop();
  await eventually(() => server.server.latest.hasEnded);
});

test("the node id and its metadata are told as they are set", async () => {
  const server = await cleanup.add(SnapshotServer.start());
  await start(server, {
    CONFIG_GRPC_XDS_NODE_METADATA: "zone=a,rack=b=c,nothing",
    CONFIG_GRPC_XDS_CLIENT_ADDITIONAL_HEADERS: "x-token:abc",
  });
  await eventually(() => expect(server.server.streams[0]?.requests).toHaveLength(1));
  expect(server.server.latest.last.node).toMatchObject({
    id: "some-node",
    metadata: { fields: { zone: { stringValue: "a" }, rack: { stringValue: "b=c" } } },
  });
  expect(server.server.latest.headers["x-token"]).toBe("abc");
});

describe("with TLS", () => {
  const authority = new Authority("gateway");
  const folder = mkdtempSync(join(tmpdir(), "velocitygate-xds-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const file = (name: string, text: string) => {
    const path = join(folder, name);
    put(path, text);
    return path;
  };
  const pairOf = (name: string, { cert, key }: Identity) => ({
    CONFIG_GRPC_XDS_CLIENT_TLS_CERT: file(`${name}.crt`, cert),
    CONFIG_GRPC_XDS_CLIENT_TLS_KEY: file(`${name}.key`, key),
  });
  const settings = {
    CONFIG_GRPC_XDS_SERVER_USE_TLS: "true",
    CONFIG_GRPC_XDS_SERVER_TLS_CACERT: file("ca.crt", authority.cert),
    CONFIG_GRPC_XDS_SERVER_TLS_SAN: "envoy-gateway",
  };
  const tls = {
    ...authority.issue({ names: ["envoy-gateway"], purpose: "server" }),
    clientCa: authority.cert,
  };

  test("rules come from a server that both sides' certificates speak for", async () => {
    const server = await cleanup.add(SnapshotServer.start({ tls }));
    server.set([oneLimit("d", "k", 5)]);
    const pair = pairOf("client", authority.issue({ purpose: "client" }));
    const app = await start(server, { ...settings, ...pair });
    await accepted(server);
    expect(await limitOf(app)).toBe(5);
  });

  test("certificates that are renewed in their files let in a service that was kept out", async () => {
    const server = await cleanup.add(SnapshotServer.start({ tls }));
    server.set([oneLimit("d", "k", 5)]);
    const stranger = new Authority("stranger").issue({ purpose: "client" });
    const app = await start(server, { ...settings, ...pairOf("renewed", stranger) });
    await eventually(() =>
      expect(app.log.lines.map(({ message }) => message)).toContain(
        "the xDS server cannot be reached; trying again",
      ),
    );
    pairOf("renewed", authority.issue({ purpose: "client" }));
    await accepted(server, 15_000);
    expect(await limitOf(app)).toBe(5);
  });

  test("files that are not there are told at the start", async () => {
    const server = await cleanup.add(SnapshotServer.start({ tls }));
    const missing = { CONFIG_GRPC_XDS_SERVER_TLS_CACERT: join(folder, "none.crt") };
    await expect(start(server, { ...settings, ...missing })).rejects.toMatchObject({
      code: "SETTINGS_INVALID",
      message: expect.stringContaining(`CONFIG_GRPC_XDS_SERVER_TLS_CACERT: "${folder}/none.crt"`),
    });
  });
});
