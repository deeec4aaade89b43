import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, expect } from "@jest/globals";
import { eventually } from "./eventually.ts";
import { get } from "./http-client.ts";
import { parseExposition, sampleValue } from "./parse-exposition.ts";
import { RateLimitClient } from "./rate-limit-client.ts";
import { sharedRedis, uniquePrefix } from "./shared-redis.ts";
import { startGate, type TestGate } from "./velocitygate.ts";

const cleanups: (() => unknown)[] = [];

/** Ends something after the test, the latest first. */
export function cleanUp(how: () => unknown): void {
  cleanups.push(how);
}

afterEach(async () => {
  for (let clean = cleanups.pop(); clean !== undefined; clean = cleanups.pop()) await clean();
}, 60_000);

export const rulesOf = (limit: number) =>
  `domain: d\ndescriptors:\n  - key: k\n    rate_limit: {unit: day, requests_per_unit: ${limit}}\n`;

/** Two workers on the shared Redis. */
export async function startTwo(settings: Readonly<Record<string, string>> = {}, limit = 1_000) {
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
  cleanUp(() => gate.stop());
  await bothListen(gate);
  return gate;
}

export async function bothListen(gate: TestGate): Promise<void> {
  await eventually(async () => expect(await healthyWorkers(gate)).toBe(2), { timeoutMs: 20_000 });
}

export async function metricsOf(gate: TestGate) {
  return parseExposition((await get(gate.httpPort, "/metrics")).body);
}

export async function healthyWorkers(gate: TestGate): Promise<number | undefined> {
  return sampleValue(await metricsOf(gate), "velocitygate_workers_healthy");
}

/** Process ids by worker, the latest of each. */
function pidsOf({ log }: TestGate): ReadonlyMap<number, number> {
  const lines = log.split("\n").filter((line) => line.includes("a worker was forked"));
  return new Map(
    lines.map((line) => {
      const { worker, pid } = JSON.parse(line) as { worker: number; pid: number };
      return [worker, pid];
    }),
  );
}

export function signalWorker(gate: TestGate, worker: number, signal: NodeJS.Signals): void {
  process.kill(pidsOf(gate).get(worker) ?? Number.NaN, signal);
}

/** Waits until the end is known to the primary. */
export async function killWorker(gate: TestGate, worker: number): Promise<void> {
  const pid = pidsOf(gate).get(worker);
  signalWorker(gate, worker, "SIGKILL");
  await eventually(() => expect(gate.log).toMatch(new RegExp(`"pid":${pid},.*a worker ended`)));
}

/** Clients with a connection each. */
export function clientsOf(gate: TestGate, count: number): readonly RateLimitClient[] {
  const clients = Array.from({ length: count }, () => new RateLimitClient(gate.grpcPort));
  cleanUp(() => Promise.all(clients.map((client) => client.stop())));
  return clients;
}

/** What an HTTP/2 client says first: the preface and empty SETTINGS. The server's answer shows that a worker has the connection. */
const clientPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/** Without it the server would close the connection after a while. */
const settingsAck = "\0\0\0\x04\x01\0\0\0\0";

/** A connection without calls, and how it goes on. */
export interface Watched {
  readonly isServed: boolean;
  readonly isClosed: boolean;
}

/** Opens so many at once, and waits until all are served. */
export async function connectMany(port: number, count: number): Promise<readonly Watched[]> {
  const all = await Promise.all(Array.from({ length: count }, () => connectTo(port)));
  await eventually(() => all.every(({ isServed }) => isServed));
  return all;
}

export async function connectTo(port: number): Promise<Watched> {
  const socket = connect(port, "127.0.0.1");
  cleanUp(() => socket.destroy());
  const watched = { isServed: false, isClosed: false };
  socket.on("error", () => undefined);
  socket.once("data", () => {
    socket.write(settingsAck);
    watched.isServed = true;
  });
  socket.resume();
  socket.on("close", () => {
    watched.isClosed = true;
  });
  await once(socket, "connect");
  socket.write(clientPreface);
  return watched;
}

/** The process ids of workers that are still there. */
export function livingOf(gate: TestGate): readonly number[] {
  return [...pidsOf(gate).values()].filter((pid) => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  });
}
