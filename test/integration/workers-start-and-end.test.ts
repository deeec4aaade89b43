import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, jest, test } from "@jest/globals";
import { availableCores } from "../../src/settings/cores.ts";
import { eventually } from "../support/eventually.ts";
import { get } from "../support/http-client.ts";
import { freePorts } from "../support/ports.ts";
import { type RedisServer, startRedis } from "../support/redis.ts";
import { runBuilt, startBuilt } from "../support/run-node.ts";
import { sharedRedis } from "../support/shared-redis.ts";
import {
  cleanUp,
  clientsOf,
  healthyWorkers,
  livingOf,
  signalWorker,
  startTwo,
} from "../support/workers.ts";

// Several processes are started in most of them, one after the other.
jest.setTimeout(60_000);

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
    cleanUp(() => service.kill());
    await eventually(() => expect(service.log).toContain("VelocityGate is running"), {
      timeoutMs: 20_000,
    });
    const cores = availableCores();
    const lines = service.log.match(/a worker was forked/g) ?? [];
    // One alone needs no primary.
    expect(lines).toHaveLength(cores === 1 ? 0 : cores);
  });

  test("a gRPC port that is taken is named, and the exit code is 2", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    cleanUp(() => taken.close());
    await once(taken, "listening");
    const { port } = taken.address() as { port: number };
    const { exit, output } = await runBuilt(
      "main.js",
      [],
      await settingsFor({ GRPC_PORT: `${port}` }),
    );
    expect(exit.code).toBe(2);
    expect(output).toContain(
      `velocitygate: cannot listen on 127.0.0.1:${port} (GRPC_HOST, GRPC_PORT): another`,
    );
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
    cleanUp(() => rm(folder, { recursive: true, force: true }));
    const crash = join(folder, "crash.cjs");
    await writeFile(
      crash,
      'if (String(process.argv[1]).includes("worker-main")) process.exit(3);\n',
    );
    const settings = await settingsFor({ NODE_OPTIONS: `--require ${crash}` });
    const service = startBuilt("main.js", [], settings);
    cleanUp(() => service.kill());
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

describe("the end", () => {
  async function ownRedis(): Promise<RedisServer> {
    const redis = await startRedis();
    cleanUp(() => redis.stop());
    return redis;
  }

  test("SIGTERM lets the calls of all workers finish, then exits 0", async () => {
    const redis = await ownRedis();
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
    expect(livingOf(gate)).toEqual([]);
  });

  test("a second signal ends all at once", async () => {
    const redis = await ownRedis();
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
    await eventually(() => expect(livingOf(gate)).toEqual([]));
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
    expect(await healthyWorkers(gate)).toBe(2);
    expect(gate.log).not.toContain("a worker ended");
  });

  test("no worker outlives a primary that is killed", async () => {
    const gate = await startTwo();
    await gate.kill();
    await eventually(() => expect(livingOf(gate)).toEqual([]));
  });

  test("a worker whose primary is gone before it has come to itself ends as well", async () => {
    const { host, port } = sharedRedis().single;
    const program = join(import.meta.dirname, "../../dist/workers/worker-main.js");
    const env = { ...process.env, REDIS_URL: `${host}:${port}`, WORKERS: "2" };
    const worker = fork(program, ["1"], { serialization: "advanced", env, stdio: "ignore" });
    cleanUp(() => worker.kill("SIGKILL"));
    const exited = once(worker, "exit");
    worker.disconnect();
    expect((await exited)[0]).toBe(1);
  });
});
