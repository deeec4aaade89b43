import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, jest, test } from "@jest/globals";
import { availableCores } from "../../src/settings/cores.ts";
import { eventually } from "../support/eventually.ts";
import { get } from "../support/http-client.ts";
import { parseExposition, sampleValue } from "../support/parse-exposition.ts";
import { freePorts } from "../support/ports.ts";
import { RateLimitClient } from "../support/rate-limit-client.ts";
import { type RedisServer, startRedis } from "../support/redis.ts";
import { runBuilt, startBuilt } from "../support/run-node.ts";
import { sharedRedis, uniquePrefix } from "../support/shared-redis.ts";
import { startGate, type TestGate } from "../support/velocitygate.ts";
import { roomInDay } from "../support/window.ts";

// Several processes are started in most of them, one after the other.
jest.setTimeout(60_000);

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (let clean = cleanups.pop(); clean !== undefined; clean = cleanups.pop()) await clean();
});

const rulesOf = (limit: number) =>
  `domain: d\ndescriptors:\n  - key: k\n    rate_limit: {unit: day, requests_per_unit: ${limit}}\n`;

/** Two workers on the shared Redis. */
async function startTwo(settings: Readonly<Record<string, string>> = {}, limit = 1_000) {
  const { host, port } = sharedRedis().single;
  const gate = await startGate({
    rules: { "rules.yaml": rulesOf(limit) },
    settings: {
      WORKERS: "2",
      BACKEND_TYPE: "redis",
      REDIS_URL: `${host}:${port}`,
      CACHE_KEY_PREFIX: uniquePrefix(),
      LOG_LEVEL: "info",
      ...settings,
    },
  });
  cleanups.push(() => gate.stop());
  await bothListen(gate);
  return gate;
}

async function bothListen(gate: TestGate): Promise<void> {
  await eventually(async () => expect(await healthyWorkers(gate)).toBe(2), { timeoutMs: 20_000 });
}

async function metricsOf(gate: TestGate) {
  return parseExposition((await get(gate.httpPort, "/metrics")).body);
}

async function healthyWorkers(gate: TestGate): Promise<number | undefined> {
  return sampleValue(await metricsOf(gate), "velocitygate_workers_healthy");
}

/** Process ids by worker, the latest of each. */
function pidsOf({ log }: TestGate): ReadonlyMap<number, number> {
  const lines = log.split("\n").filter((line) => line.includes("a worker was started"));
  return new Map(
    lines.map((line) => {
      const { worker, pid } = JSON.parse(line) as { worker: number; pid: number };
      return [worker, pid];
    }),
  );
}

function signalWorker(gate: TestGate, worker: number, signal: NodeJS.Signals): void {
  process.kill(pidsOf(gate).get(worker) ?? Number.NaN, signal);
}

/** Clients with a connection each. */
function clientsOf(gate: TestGate, count: number): readonly RateLimitClient[] {
  const clients = Array.from({ length: count }, () => new RateLimitClient(gate.grpcPort));
  cleanups.push(() => Promise.all(clients.map((client) => client.stop())));
  return clients;
}

/** A connection that stays idle, and how it goes on. */
interface Watched {
  readonly socket: Socket;
  isClosed: boolean;
}

async function connectTo(port: number): Promise<Watched> {
  const socket = connect(port, "127.0.0.1");
  cleanups.push(() => socket.destroy());
  const watched = { socket, isClosed: false };
  socket.on("error", () => undefined);
  socket.on("close", () => {
    watched.isClosed = true;
  });
  await once(socket, "connect");
  return watched;
}

/** Such connections, of which each was taken by a worker: the server speaks first. */
async function connectMany(port: number, count: number): Promise<readonly Watched[]> {
  const all: Watched[] = [];
  for (let at = 0; at < count; at++) {
    const watched = await connectTo(port);
    watched.socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0");
    await once(watched.socket, "data");
    all.push(watched);
  }
  return all;
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

  test("take connections in turn, and one that is killed loses but its own; another takes its place", async () => {
    const gate = await startTwo();
    const connections = await connectMany(gate.grpcPort, 10);
    const clients = clientsOf(gate, 4);
    for (const client of clients) await client.ask("d", "k=a");
    const before = await metricsOf(gate);

    signalWorker(gate, 1, "SIGKILL");
    await eventually(() => expect(gate.log).toMatch(/a worker ended; another takes its place/));
    expect(connections.filter(({ isClosed }) => isClosed)).toHaveLength(5);
    expect(gate.log).toMatch(/"worker":1,"pid":\d+,"signal":"SIGKILL","pauseMs":100/);
    // The one that is left serves whoever comes, and the instance stays healthy.
    expect((await get(gate.httpPort, "/healthcheck")).body).toBe("OK");
    for (const client of clientsOf(gate, 4)) {
      expect((await client.ask("d", "k=b")).overall).toBe("OK");
    }

    await bothListen(gate);
    expect(connections.filter(({ isClosed }) => isClosed)).toHaveLength(5);
    for (const client of clientsOf(gate, 4)) {
      expect((await client.ask("d", "k=c")).overall).toBe("OK");
    }
    const after = await metricsOf(gate);
    const calls = (metrics: typeof before) =>
      sampleValue(metrics, "ratelimit_service_total_requests", { grpc_method: "ShouldRateLimit" });
    // What the killed one had counted by the last reading still counts.
    expect([calls(before), calls(after)]).toEqual([4, 12]);
    expect(sampleValue(after, "velocitygate_worker_crashes_total")).toBe(1);
  });

  test("a connection that was being handed to a worker when it died is closed, not left waiting", async () => {
    const gate = await startTwo();
    signalWorker(gate, 2, "SIGSTOP");
    // One of two goes to the worker that does not take it.
    const stuck = [await connectTo(gate.grpcPort), await connectTo(gate.grpcPort)];
    const answered = await Promise.all(
      stuck.map(async ({ socket }) => {
        socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0");
        return await Promise.race([
          once(socket, "data").then(() => true),
          new Promise((resolve) => setTimeout(() => resolve(false), 1_000)),
        ]);
      }),
    );
    expect(answered.filter((is) => is === false)).toHaveLength(1);
    signalWorker(gate, 2, "SIGKILL");
    await eventually(() => expect(stuck.filter(({ isClosed }) => isClosed)).toHaveLength(1));
    expect(stuck[answered.indexOf(false)]?.isClosed).toBe(true);
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
    signalWorker(gate, 2, "SIGKILL");
    await eventually(() => expect(gate.log).toMatch(/a worker ended/));
    await bothListen(gate);
    expect(await limits()).toEqual(new Set(["7/DAY"]));
    const metrics = await metricsOf(gate);
    expect(sampleValue(metrics, "velocitygate_rules_last_load_successful")).toBe(0);
    expect(sampleValue(metrics, "ratelimit_service_config_load_success")).toBe(2);
  });

  test("share a Unix socket, also where a killed service left its file, and on the other engine", async () => {
    const folder = await mkdtemp(join(tmpdir(), "velocitygate-workers-"));
    cleanups.push(() => rm(folder, { recursive: true, force: true }));
    const path = join(folder, "grpc.sock");
    await abandonSocket(path);
    const gate = await startTwo({ GRPC_UDS: path, GRPC_ENGINE: "grpc-js" });
    await eventually(() => expect(gate.log.match(/a worker listens/g)).toHaveLength(2));
    const clients = Array.from({ length: 4 }, () => new RateLimitClient(`unix:${path}`));
    cleanups.push(() => Promise.all(clients.map((client) => client.stop())));
    for (const client of clients) expect((await client.ask("d", "k=a")).overall).toBe("OK");
  });
});

/** A socket file as a process leaves it that is killed. */
async function abandonSocket(path: string): Promise<void> {
  const script = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
  const file = `${path}.cjs`;
  await writeFile(file, script);
  const { spawn } = await import("node:child_process");
  await once(spawn(process.execPath, [file]), "exit");
}

describe("the end", () => {
  async function pausedRedis(): Promise<RedisServer> {
    const redis = await startRedis();
    cleanups.push(() => redis.stop());
    return redis;
  }

  test("SIGTERM lets the calls of all workers finish, then exits 0", async () => {
    const redis = await pausedRedis();
    const { host, port } = redis.address;
    const gate = await startTwo({ REDIS_URL: `${host}:${port}`, REDIS_OP_TIMEOUT: "9s" });
    const clients = clientsOf(gate, 4);
    for (const client of clients) await client.ask("d", "k=a");
    redis.pause();
    const answers = clients.map((client) => client.ask("d", "k=a"));
    // They have arrived when they are being waited for.
    await eventually(async () => {
      const { body } = await get(gate.debugPort, "/stats");
      expect(body).toContain("rate_limit.d.k.total_hits: 8\n");
    });
    const ended = gate.terminate();
    await eventually(async () => {
      expect((await get(gate.httpPort, "/healthz/ready")).body).toContain("draining");
    });
    redis.resume();
    for (const { overall } of await Promise.all(answers)) expect(overall).toBe("OK");
    expect((await ended).code).toBe(0);
    expect(await livingOf(gate)).toEqual([]);
  });

  test("a second signal ends all at once", async () => {
    const redis = await pausedRedis();
    const { host, port } = redis.address;
    const gate = await startTwo({
      REDIS_URL: `${host}:${port}`,
      REDIS_OP_TIMEOUT: "60s",
      SHUTDOWN_GRACE: "60s",
    });
    const [client] = clientsOf(gate, 1);
    redis.pause();
    const lost = client?.ask("d", "k=a").catch(() => "lost");
    await eventually(async () => {
      const { body } = await get(gate.debugPort, "/stats");
      expect(body).toContain("rate_limit.d.k.total_hits: 1\n");
    });
    gate.signal("SIGTERM");
    await eventually(() => expect(gate.log).toContain("stopping"));
    gate.signal("SIGTERM");
    expect((await gate.exited).code).toBe(1);
    await eventually(async () => expect(await livingOf(gate)).toEqual([]));
    expect(await lost).toBe("lost");
  });

  test("signals that reach the workers themselves, as those of a terminal do, do not end them", async () => {
    const gate = await startTwo();
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      for (const worker of [1, 2]) signalWorker(gate, worker, signal);
    }
    for (const client of clientsOf(gate, 4)) {
      expect((await client.ask("d", "k=a")).overall).toBe("OK");
    }
    expect(gate.log).not.toContain("a worker ended");
  });

  test("no worker outlives a primary that is killed", async () => {
    const gate = await startTwo();
    await gate.kill();
    await eventually(async () => expect(await livingOf(gate)).toEqual([]));
  });
});

/** The process ids of workers that are still there. */
function livingOf(gate: TestGate): readonly number[] {
  return [...pidsOf(gate).values()].filter((pid) => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  });
}

describe("the start", () => {
  async function settingsFor(changes: Readonly<Record<string, string>>) {
    const [http = 0, grpc = 0, debug = 0] = await freePorts(3);
    const { host, port } = sharedRedis().single;
    return {
      HOST: "127.0.0.1",
      PORT: `${http}`,
      GRPC_HOST: "127.0.0.1",
      GRPC_PORT: `${grpc}`,
      DEBUG_PORT: `${debug}`,
      REDIS_URL: `${host}:${port}`,
      WORKERS: "2",
      LOG_LEVEL: "info",
      ...changes,
    };
  }

  test("several processes with counters in memory are refused, with what is accepted", async () => {
    const { exit, output } = await runBuilt(
      "main.js",
      [],
      await settingsFor({ BACKEND_TYPE: "memory" }),
    );
    expect(exit.code).toBe(2);
    expect(output).toContain(
      "WORKERS: 2 processes would each count for themselves, as the counters are kept in memory; accepted: 1, or counters in Redis (REDIS_URL)",
    );
  });

  test("auto is one for each core", async () => {
    const service = startBuilt("main.js", [], await settingsFor({ WORKERS: "auto" }));
    cleanups.push(() => service.kill());
    await eventually(() => expect(service.log).toContain("VelocityGate is running"), {
      timeoutMs: 20_000,
    });
    const cores = availableCores();
    const lines = service.log.match(/a worker was started/g) ?? [];
    // One alone needs no primary.
    expect(lines).toHaveLength(cores === 1 ? 0 : cores);
  });

  test("a gRPC port that is taken is named, and the exit code is 2", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    cleanups.push(() => taken.close());
    await once(taken, "listening");
    const { port } = taken.address() as { port: number };
    const { exit, output } = await runBuilt(
      "main.js",
      [],
      await settingsFor({ GRPC_PORT: `${port}` }),
    );
    expect(exit.code).toBe(2);
    expect(output).toContain(`velocitygate: cannot listen on 127.0.0.1:${port}: another process`);
  });

  test("counters that cannot be reached in the time allowed end all, with exit code 1", async () => {
    const { exit, output } = await runBuilt(
      "main.js",
      [],
      await settingsFor({
        REDIS_URL: "127.0.0.1:1",
        REDIS_STARTUP_INITIAL_INTERVAL: "10ms",
        REDIS_STARTUP_MAX_ELAPSED_TIME: "100ms",
      }),
    );
    expect(exit.code).toBe(1);
    expect(output).toContain("the counters cannot be reached");
  });

  test("workers that crash again and again are started ever more slowly, health tells, and SIGTERM still ends it", async () => {
    const folder = await mkdtemp(join(tmpdir(), "velocitygate-workers-"));
    cleanups.push(() => rm(folder, { recursive: true, force: true }));
    const crash = join(folder, "crash.cjs");
    await writeFile(
      crash,
      'if (String(process.argv[1]).includes("worker-main")) process.exit(3);\n',
    );
    const settings = await settingsFor({ NODE_OPTIONS: `--require ${crash}` });
    const service = startBuilt("main.js", [], settings);
    cleanups.push(() => service.kill());
    const pauses = (): readonly number[] =>
      [...service.log.matchAll(/"worker":1,"pid":\d+,"code":3,"pauseMs":(\d+)/g)].map(([, ms]) =>
        Number(ms),
      );
    await eventually(() => expect(pauses().length).toBeGreaterThanOrEqual(4), {
      timeoutMs: 30_000,
    });
    expect(pauses().slice(0, 4)).toEqual([100, 200, 400, 800]);
    const { status, body } = await get(Number(settings.PORT), "/healthz/ready");
    expect([status, body]).toEqual([503, "not ready: workers\n"]);
    service.signal("SIGTERM");
    expect((await service.exited).code).toBe(0);
  });
});
