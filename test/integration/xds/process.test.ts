import { describe, expect, jest, test } from "@jest/globals";
import { cleanupAfterEach } from "../../support/cleanup.ts";
import { eventually } from "../../support/eventually.ts";
import { get } from "../../support/http-client.ts";
import { parseExposition, sampleValue } from "../../support/parse-exposition.ts";
import { freePorts } from "../../support/ports.ts";
import { RateLimitClient } from "../../support/rate-limit-client.ts";
import { startBuilt } from "../../support/run-node.ts";
import { sharedRedis, uniquePrefix } from "../../support/shared-redis.ts";
import { startGate, type TestGate } from "../../support/velocitygate.ts";
import { SnapshotServer } from "../../support/xds/snapshot-server.ts";
import { updateUnderLoad } from "../../support/xds/update-load.ts";
import { oneLimit, rule } from "../../support/xds/updates.ts";

// Several processes are started in most of them.
jest.setTimeout(90_000);

const cleanup = cleanupAfterEach();

const settingsOf = (server: SnapshotServer) => ({
  CONFIG_TYPE: "GRPC_XDS_SOTW",
  CONFIG_GRPC_XDS_SERVER_URL: server.target,
});

const withWorkers = () => {
  const { host, port } = sharedRedis().single;
  return {
    WORKERS: "2",
    BACKEND_TYPE: "redis",
    REDIS_URL: `${host}:${port}`,
    CACHE_KEY_PREFIX: uniquePrefix(),
    LOG_LEVEL: "info",
  };
};

/** What each of some connections meets: in turn they are of one worker and of the other. */
async function limits(gate: TestGate): Promise<readonly (string | undefined)[]> {
  const clients = Array.from({ length: 4 }, () => new RateLimitClient(gate.grpcPort));
  const answers = await Promise.all(clients.map((client) => client.ask("d", "k=v")));
  for (const client of clients) await client.stop();
  return answers.map(({ statuses }) => statuses[0]?.split(" ")[1]);
}

const four = (text: string | undefined) => [text, text, text, text];

const metric = async (gate: TestGate, name: string) =>
  sampleValue(parseExposition((await get(gate.httpPort, "/metrics")).body), name);

describe("two workers", () => {
  test("have the rules of one stream: the first, a change, a removal, a mistake and what comes after it", async () => {
    const server = await cleanup.add(SnapshotServer.start());
    server.set([oneLimit("d", "k", 5)]);
    const gate = await cleanup.add(
      startGate({ settings: { ...settingsOf(server), ...withWorkers() } }),
    );
    await eventually(async () =>
      expect(await metric(gate, "velocitygate_workers_healthy")).toBe(2),
    );
    expect(await limits(gate)).toEqual(four("5/MINUTE"));
    expect(server.server.streams).toHaveLength(1);
    expect(await metric(gate, "velocitygate_xds_connected")).toBe(1);

    server.set([oneLimit("e", "k", 1), oneLimit("d", "k", 7)]);
    await eventually(async () => expect(await limits(gate)).toEqual(four("7/MINUTE")));
    expect((await get(gate.debugPort, "/rlconfig")).body).toMatch(/^d\.k: .*=7,.*\ne\.k: .*=1,/);

    server.set([{ name: "bad", domain: "d", descriptors: [rule("")] }]);
    await eventually(() => expect(server.refusals).toContain("bad: descriptor has empty key"));
    expect(await limits(gate)).toEqual(four("7/MINUTE"));

    server.set([oneLimit("e", "k", 1)]);
    await eventually(async () => expect(await limits(gate)).toEqual(four(undefined)), {
      timeoutMs: 8_000,
    });
  });

  test("start without rules where that is allowed, tell callers so, and take them when they come", async () => {
    const server = await cleanup.add(SnapshotServer.start());
    const settings = {
      ...settingsOf(server),
      ...withWorkers(),
      FORCE_START_WITHOUT_INITIAL_CONFIG: "true",
    };
    // Waits until it is healthy.
    const gate = await cleanup.add(startGate({ settings }));
    await expect(limits(gate)).rejects.toThrow("no rate limit configuration loaded");
    server.set([oneLimit("d", "k", 5)]);
    await eventually(async () => expect(await limits(gate)).toEqual(four("5/MINUTE")));
  });

  test("one that takes the place of another has the rules in force", async () => {
    const server = await cleanup.add(SnapshotServer.start());
    server.set([oneLimit("d", "k", 5)]);
    const gate = await cleanup.add(
      startGate({ settings: { ...settingsOf(server), ...withWorkers() } }),
    );
    const [pid] = /"pid":(\d+),.*a worker was forked/.exec(gate.log)?.slice(1) ?? [];
    process.kill(Number(pid), "SIGKILL");
    await eventually(
      async () => {
        expect(await metric(gate, "velocitygate_worker_crashes_total")).toBe(1);
        expect(await metric(gate, "velocitygate_workers_healthy")).toBe(2);
      },
      { timeoutMs: 20_000 },
    );
    expect(await limits(gate)).toEqual(four("5/MINUTE"));
  });
});

describe("a process", () => {
  test("that waits for an xDS server ends in order on SIGTERM", async () => {
    const [http = 0, grpc = 0, debug = 0, nobody = 0] = await freePorts(4);
    const service = startBuilt("main.js", [], {
      PORT: `${http}`,
      GRPC_PORT: `${grpc}`,
      DEBUG_PORT: `${debug}`,
      CONFIG_TYPE: "GRPC_XDS_SOTW",
      CONFIG_GRPC_XDS_SERVER_URL: `127.0.0.1:${nobody}`,
      SHUTDOWN_DELAY: "0s",
    });
    await cleanup.add({ stop: () => service.kill() });
    await eventually(() => expect(service.log).toContain("the xDS server cannot be reached"), {
      timeoutMs: 10_000,
    });
    service.signal("SIGTERM");
    expect(await service.exited).toEqual({ code: 0, signal: undefined });
  });

  test("asks anew on SIGHUP", async () => {
    const server = await cleanup.add(SnapshotServer.start());
    server.set([oneLimit("d", "k", 5)]);
    const gate = await cleanup.add(startGate({ settings: settingsOf(server) }));
    gate.signal("SIGHUP");
    await eventually(() => expect(server.server.streams).toHaveLength(2));
    await eventually(() => server.isAccepted);
    expect(await limits(gate)).toEqual(four("5/MINUTE"));
  });

  test("takes 150 updates while it is asked, and no call fails", async () => {
    const server = await cleanup.add(SnapshotServer.start());
    server.set([]);
    const gate = await cleanup.add(startGate({ settings: settingsOf(server) }));
    const load = await updateUnderLoad(server, gate, 150);
    expect(load.failures).toEqual([]);
    expect(load.calls).toBeGreaterThan(150);
    expect(await metric(gate, "ratelimit_service_config_load_success")).toBe(151);
    expect(await metric(gate, "ratelimit_service_config_load_error")).toBe(0);
  });
});
