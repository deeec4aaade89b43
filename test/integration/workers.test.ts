import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, jest, test } from "@jest/globals";
import { eventually } from "../support/eventually.ts";
import { get } from "../support/http-client.ts";
import { sampleValue } from "../support/parse-exposition.ts";
import { RateLimitClient } from "../support/rate-limit-client.ts";
import { roomInDay } from "../support/window.ts";
import {
  bothListen,
  cleanUp,
  clientsOf,
  connectMany,
  connectTo,
  killWorker,
  metricsOf,
  rulesOf,
  signalWorker,
  startTwo,
  type Watched,
} from "../support/workers.ts";

// Several processes are started in most of them, one after the other.
jest.setTimeout(60_000);

/** A socket file as a process leaves it that is killed. */
async function abandonSocket(path: string): Promise<void> {
  const script = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
  const file = `${path}.cjs`;
  await writeFile(file, script);
  await once(spawn(process.execPath, [file]), "exit");
}

describe("two workers", () => {
  test("admit exactly the limit over many connections, and their metrics add up to the calls", async () => {
    const gate = await startTwo({}, 100);
    await roomInDay(20);
    const clients = clientsOf(gate, 12);
    const ask = async (client: RateLimitClient) => {
      const answers = await Promise.all(Array.from({ length: 20 }, () => client.ask("d", "k=a")));
      return answers.filter(({ overall }) => overall === "OK").length;
    };
    const admitted = await Promise.all(clients.map(ask));
    expect(admitted.reduce((sum, count) => sum + count, 0)).toBe(100);

    const metrics = await metricsOf(gate);
    const value = (name: string, labels = {}) => sampleValue(metrics, name, labels);
    const method = { grpc_method: "ShouldRateLimit" };
    expect(value("ratelimit_service_total_requests", method)).toBe(240);
    expect(value("ratelimit_service_response_time_seconds_count", method)).toBe(240);
    expect(value("velocitygate_requests_total", { code: "OK" })).toBe(100);
    expect(value("velocitygate_requests_total", { code: "OVER_LIMIT" })).toBe(140);
    const limit = { domain: "d", key1: "k" };
    expect(value("ratelimit_service_rate_limit_total_hits", limit)).toBe(240);
    expect(value("ratelimit_service_rate_limit_within_limit", limit)).toBe(100);
    expect(value("ratelimit_redis_pool_cx_active")).toBe(2);
    const { node } = metrics.get("velocitygate_build_info")?.samples[0]?.labels ?? {};
    expect(node).toBe(process.version);
    expect(metrics.get("velocitygate_build_info")?.samples.map((one) => one.value)).toEqual([1]);
    expect(value("ratelimit_service_config_load_success")).toBe(1);
    expect(value("velocitygate_rules_limits")).toBe(1);
    expect(value("velocitygate_workers")).toBe(2);

    const { body: stats } = await get(gate.debugPort, "/stats");
    expect(stats).toContain("ratelimit_server.ShouldRateLimit.total_requests: 240\n");
    expect(stats).toContain("ratelimit.service.rate_limit.d.k.total_hits: 240\n");
    expect(stats).toContain("ratelimit.service.config_load_success: 1\n");
  });

  test("answer /json and /rlconfig as one process does", async () => {
    const gate = await startTwo({}, 3);
    await roomInDay(20);
    const body = JSON.stringify({
      domain: "d",
      descriptors: [{ entries: [{ key: "k", value: "a" }] }],
    });
    const statuses: number[] = [];
    for (let at = 0; at < 5; at++) {
      statuses.push((await get(gate.httpPort, "/json", { method: "POST", body })).status);
    }
    expect(statuses).toEqual([200, 200, 200, 429, 429]);
    const { status } = await get(gate.httpPort, "/json", { method: "POST", body: "{" });
    expect(status).toBe(400);
    const { body: rules } = await get(gate.debugPort, "/rlconfig");
    expect(rules).toMatch(/^d\.k: unit=DAY requests_per_unit=3,/);
  });

  test("have as many connections each, however many come at once, and a new worker gets the next ones", async () => {
    const gate = await startTwo();
    const closed = (connections: readonly Watched[]) =>
      connections.filter(({ isClosed }) => isClosed).length;
    const first = await connectMany(gate.grpcPort, 16);
    await killWorker(gate, 1);
    await eventually(() => closed(first) === 8);
    await bothListen(gate);
    const next = await connectMany(gate.grpcPort, 8);
    await killWorker(gate, 1);
    await eventually(() => closed(next) === 8);
    expect(closed(first)).toBe(8);
  });

  test("lose but the calls of one that is killed, which is told; another takes its place", async () => {
    const gate = await startTwo();
    const calls = async () =>
      sampleValue(await metricsOf(gate), "ratelimit_service_total_requests", {
        grpc_method: "ShouldRateLimit",
      });
    const ask = async (key: string) => {
      for (const client of clientsOf(gate, 4)) {
        expect((await client.ask("d", `k=${key}`)).overall).toBe("OK");
      }
    };
    await ask("a");
    expect(await calls()).toBe(4);

    await killWorker(gate, 1);
    expect(gate.log).toMatch(/"worker":1,"pid":\d+,"signal":"SIGKILL","pauseMs":100/);
    // The one that is left serves whoever comes, and the instance stays healthy.
    expect((await get(gate.httpPort, "/healthcheck")).body).toBe("OK");
    await ask("b");
    await bothListen(gate);
    await ask("c");
    // What the killed one had counted by the last reading still counts.
    expect(await calls()).toBe(12);
    const metrics = await metricsOf(gate);
    expect(sampleValue(metrics, "velocitygate_worker_crashes_total")).toBe(1);
  });

  test("a connection that was being handed to a worker when it died is closed, not left waiting", async () => {
    const gate = await startTwo();
    signalWorker(gate, 2, "SIGSTOP");
    // In turn, so one of them goes to the worker that does not take it.
    const [one, other] = [await connectTo(gate.grpcPort), await connectTo(gate.grpcPort)];
    await eventually(() => one.isServed || other.isServed);
    const left = one.isServed ? other : one;
    signalWorker(gate, 2, "SIGKILL");
    await eventually(() => left.isClosed);
    expect(left.isServed).toBe(false);
    expect([one.isClosed, other.isClosed]).toEqual([left === one, left === other]);
  });

  test("have the same rules: a change reaches both, a bad set neither, and a new worker gets those in force", async () => {
    const gate = await startTwo({}, 1);
    const limits = async () => {
      const answers = await Promise.all(clientsOf(gate, 6).map((client) => client.ask("d", "k=a")));
      return new Set(answers.flatMap(({ statuses }) => statuses.map((one) => one.split(" ")[1])));
    };
    expect(await limits()).toEqual(new Set(["1/DAY"]));
    await gate.writeRules("rules.yaml", rulesOf(7));
    await eventually(async () => expect(await limits()).toEqual(new Set(["7/DAY"])));

    await gate.writeRules("rules.yaml", "domain: ''\n");
    gate.signal("SIGHUP");
    await eventually(() => expect(gate.log).toContain("config file cannot have empty domain"));
    await killWorker(gate, 2);
    await bothListen(gate);
    expect(await limits()).toEqual(new Set(["7/DAY"]));
    const metrics = await metricsOf(gate);
    expect(sampleValue(metrics, "velocitygate_rules_last_load_successful")).toBe(0);
    expect(sampleValue(metrics, "ratelimit_service_config_load_success")).toBe(2);
  });

  test("share a Unix socket, also where a killed service left its file, and on the other engine", async () => {
    const folder = await mkdtemp(join(tmpdir(), "velocitygate-workers-"));
    cleanUp(() => rm(folder, { recursive: true, force: true }));
    const path = join(folder, "grpc.sock");
    await abandonSocket(path);
    await startTwo({ GRPC_UDS: path, GRPC_ENGINE: "grpc-js" });
    const clients = Array.from({ length: 4 }, () => new RateLimitClient(`unix:${path}`));
    cleanUp(() => Promise.all(clients.map((client) => client.stop())));
    for (const client of clients) expect((await client.ask("d", "k=a")).overall).toBe("OK");
  });
});
