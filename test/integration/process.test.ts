import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect as connectHttp2 } from "node:http2";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "@jest/globals";
import { eventually } from "../support/eventually.ts";
import { freePorts } from "../support/ports.ts";
import { runBuilt, startBuilt } from "../support/run-node.ts";
import { startGate, type TestGate } from "../support/velocitygate.ts";

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (let clean = cleanups.pop(); clean !== undefined; clean = cleanups.pop()) await clean();
});

async function gate(options: Parameters<typeof startGate>[0]): Promise<TestGate> {
  const started = await startGate(options);
  cleanups.push(() => started.stop());
  return started;
}

/** Free ports for all listeners, as settings. */
async function freePortSettings() {
  const [http = 0, grpc = 0, debug = 0] = await freePorts(3);
  return { PORT: `${http}`, GRPC_PORT: `${grpc}`, DEBUG_PORT: `${debug}` };
}

async function ruleDirectory(files: Readonly<Record<string, string>>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "velocitygate-process-"));
  cleanups.push(() => rm(root, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(root, name), text);
  return root;
}

/** A request whose body never comes keeps the first signal waiting. «100 Continue» says that it has arrived. */
async function halfRequest(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  cleanups.push(() => socket.destroy());
  socket.on("error", () => undefined);
  socket.write(
    "POST /json HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n",
  );
  await once(socket, "data");
  return socket;
}

const goodRules =
  "domain: d\ndescriptors:\n  - key: k\n    rate_limit: {unit: hour, requests_per_unit: 3}\n";

describe("start", () => {
  test("reports every wrong setting at once, with its name, what was given and what is accepted, and exits 2", async () => {
    const { exit, output } = await runBuilt("main.js", [], {
      PORT: "http",
      NEAR_LIMIT_RATIO: "eighty",
      REDIS_TYPE: "ring",
      BACKEND_TYPE: "redis",
      REDIS_URL: "127.0.0.1:1",
    });
    expect(exit.code).toBe(2);
    expect(output).toMatch(/PORT.*http/);
    expect(output).toMatch(/NEAR_LIMIT_RATIO.*eighty/);
    expect(output).toContain("Unrecognized redis type ring");
  });

  test("serves the example rules, and says where it listens and what to paste, when nothing is configured", async () => {
    const ports = await freePortSettings();
    const service = startBuilt("main.js", [], ports);
    cleanups.push(() => service.kill());
    await eventually(() => expect(service.log).toContain("VelocityGate is running"));
    expect(service.log).toContain(`0.0.0.0:${ports.GRPC_PORT}`);
    const command = /npx velocitygate (ask .*)/.exec(service.log)?.[1] ?? "";
    const { output } = await runBuilt("cli/main.js", command.trim().split(" "));
    expect(output.match(/^OK/gm)).toHaveLength(2);
    expect(output.match(/^OVER_LIMIT/gm)).toHaveLength(1);
  });

  test("names the address and the setting when a port is taken, and exits 2", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    cleanups.push(() => taken.close());
    await new Promise((resolve) => taken.once("listening", resolve));
    const { port } = taken.address() as { port: number };
    const { exit, output } = await runBuilt("main.js", [], {
      ...(await freePortSettings()),
      HOST: "127.0.0.1",
      PORT: `${port}`,
    });
    expect(exit.code).toBe(2);
    expect(output).toContain(`127.0.0.1:${port}`);
    expect(output).toContain("PORT");
  });

  test("refuses a directory without rule files, and exits 2", async () => {
    const root = await ruleDirectory({});
    const { exit, output } = await runBuilt("main.js", [], {
      ...(await freePortSettings()),
      RUNTIME_ROOT: root,
      RUNTIME_WATCH_ROOT: "false",
      RUNTIME_APPDIRECTORY: ".",
    });
    expect(exit.code).toBe(2);
    expect(output).toContain("no rule file found");
  });

  test("waits for good rules when the first ones are refused, and tells so through health", async () => {
    const root = await ruleDirectory({ "rules.yaml": "domain: ''\n" });
    const ports = await freePortSettings();
    const service = startBuilt("main.js", [], {
      ...ports,
      RUNTIME_ROOT: root,
      RUNTIME_WATCH_ROOT: "false",
      RUNTIME_APPDIRECTORY: ".",
    });
    cleanups.push(() => service.kill());
    const health = `http://127.0.0.1:${ports.PORT}/healthcheck`;
    await eventually(() => expect(service.log).toContain("config file cannot have empty domain"));
    expect((await fetch(health)).status).toBe(500);
    await writeFile(join(root, "rules.yaml"), goodRules);
    await eventually(async () => expect((await fetch(health)).status).toBe(200));
  });

  test("ends when Redis was not reached within REDIS_STARTUP_MAX_ELAPSED_TIME", async () => {
    const root = await ruleDirectory({ "rules.yaml": goodRules });
    const { exit, output } = await runBuilt("main.js", [], {
      ...(await freePortSettings()),
      RUNTIME_ROOT: root,
      RUNTIME_WATCH_ROOT: "false",
      RUNTIME_APPDIRECTORY: ".",
      REDIS_URL: "127.0.0.1:1",
      REDIS_SOCKET_TYPE: "tcp",
      REDIS_STARTUP_INITIAL_INTERVAL: "10ms",
      REDIS_STARTUP_MAX_ELAPSED_TIME: "100ms",
    });
    expect(exit.code).toBe(1);
    expect(output).toContain("the counters cannot be reached");
  });
});

describe("signals", () => {
  test("SIGTERM ends it in order, with exit code 0", async () => {
    const service = await gate({ rules: { "rules.yaml": goodRules } });
    const { code } = await service.terminate();
    expect(code).toBe(0);
  });

  test("SIGTERM turns health at once, and the service goes on for SHUTDOWN_DELAY", async () => {
    const service = await gate({
      rules: { "rules.yaml": goodRules },
      settings: { SHUTDOWN_DELAY: "60s", LOG_LEVEL: "info" },
    });
    service.signal("SIGTERM");
    await eventually(() => expect(service.log).toContain('"delayMs":60000'));
    const origin = `http://127.0.0.1:${service.httpPort}`;
    await eventually(async () => expect((await fetch(`${origin}/healthcheck`)).status).toBe(500));
    const body = '{"domain":"d","descriptors":[{"entries":[{"key":"k"}]}]}';
    const { status } = await fetch(`${origin}/json`, { method: "POST", body });
    expect(status).toBe(200);
    const { output } = await runBuilt("cli/main.js", [
      ...["ask", "--address", `127.0.0.1:${service.grpcPort}`, "--domain", "d", "k"],
    ]);
    expect(output).toMatch(/^OK/);
    service.signal("SIGTERM");
    expect((await service.exited).code).toBe(1);
  });

  test("SIGHUP looks at the rules and does not end it", async () => {
    const service = await gate({
      rules: { "rules.yaml": goodRules },
      settings: { LOG_LEVEL: "info" },
    });
    service.signal("SIGHUP");
    await eventually(() => expect(service.log).toContain("the rules did not change"));
    const { status } = await fetch(`http://127.0.0.1:${service.httpPort}/healthcheck`);
    expect(status).toBe(200);
  });

  test("calls over HTTP and gRPC that never end share one SHUTDOWN_GRACE, and the exit code is 0", async () => {
    const graceMs = 3000;
    const service = await gate({
      rules: { "rules.yaml": goodRules },
      settings: { SHUTDOWN_GRACE: `${graceMs}ms` },
    });
    await halfRequest(service.httpPort);
    const grpc = connectHttp2(`http://127.0.0.1:${service.grpcPort}`);
    cleanups.push(() => grpc.destroy());
    grpc.on("error", () => undefined);
    const call = grpc.request({
      ":method": "POST",
      ":path": "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit",
      "content-type": "application/grpc",
      te: "trailers",
    });
    call.on("error", () => undefined);
    call.write(Buffer.alloc(1));
    // Its answer says that the call, which was sent before on the same connection, has arrived.
    await new Promise((resolve) => grpc.ping(resolve));
    const signalledMs = performance.now();
    service.signal("SIGTERM");
    const { code } = await service.exited;
    expect(code).toBe(0);
    expect(performance.now() - signalledMs).toBeLessThan(2 * graceMs);
  });

  test("a second signal ends it at once while a call is still in flight", async () => {
    const service = await gate({
      rules: { "rules.yaml": goodRules },
      settings: { SHUTDOWN_GRACE: "60s" },
    });
    await halfRequest(service.httpPort);
    service.signal("SIGTERM");
    await eventually(async () => {
      const answered = await fetch(`http://127.0.0.1:${service.httpPort}/healthcheck`).then(
        () => true,
        () => false,
      );
      expect(answered).toBe(false);
    });
    service.signal("SIGTERM");
    const { code } = await service.exited;
    expect(code).toBe(1);
  });
});
