/**
 * `npm run bench:h2-idle -- --connections 10000`: the memory that an idle connection takes in the server, once nothing is left of its
 * greeting and a single call. Needs Linux and as many file descriptors.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { readCpu, readRss } from "../measure/proc.ts";
import { ClosedLoop } from "./closed-loop.ts";

const { values } = parseArgs({
  options: {
    connections: { type: "string", default: "10000" },
    engines: { type: "string", default: "h2-direct,node-http2,grpc-js" },
  },
});
const count = Number(values.connections);
/** Opened at a time: the backlog is finite. */
const portion = 200;

async function start(engine: string): Promise<{ process: ChildProcess; port: number }> {
  const loader = join(import.meta.dirname, "../typescript.js");
  const server = join(import.meta.dirname, "server.ts");
  const child = spawn(process.execPath, ["--expose-gc", "--import", loader, server, engine], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const port = await new Promise<number>((resolve) => {
    child.stdout?.once("data", (text: Buffer) => resolve(Number(text)));
  });
  return { process: child, port };
}

/** After a collection, which the server does when it is told. */
async function settledRss(pid: number): Promise<number> {
  process.kill(pid, "SIGUSR2");
  await delay(1500);
  return readRss([pid]);
}

async function measure(engine: string): Promise<void> {
  const server = await start(engine);
  const pid = server.process.pid ?? 0;
  const before = await settledRss(pid);
  const loops: ClosedLoop[] = [];
  for (let opened = 0; opened < count; opened += portion) {
    const loop = await ClosedLoop.open(server.port, Math.min(portion, count - opened), "same");
    await loop.callOnce();
    loops.push(loop);
  }
  const after = await settledRss(pid);
  // V8 tidies up once more after some seconds without work.
  await delay(20_000);
  const cpuBefore = readCpu([pid]);
  await delay(15_000);
  const cpu = (readCpu([pid]) - cpuBefore) / 15;
  process.stdout.write(
    `${engine.padEnd(12)} ${((after - before) / count / 1024).toFixed(2)} KiB of RSS for each of ${count} connections ` +
      `(${(before / 2 ** 20).toFixed(0)} to ${(after / 2 ** 20).toFixed(0)} MiB); ${(cpu * 100).toFixed(2)} % of a core while idle\n`,
  );
  for (const loop of loops) loop.close();
  server.process.kill();
}

for (const engine of values.engines.split(",")) await measure(engine);
