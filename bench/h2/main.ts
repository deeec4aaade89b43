/**
 * `npm run bench:h2`: what a call costs the server in CPU time when there is nothing to do but to answer it, on each engine; medians of
 * rounds that take turns. `BENCH_RIVALS="name=command;…"` puts servers of others beside them: each is started with PORT and answers
 * the same method. Needs Linux.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { cpus } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { readCpu } from "../measure/proc.ts";
import { ClosedLoop, type Fields } from "./closed-loop.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "1" },
    engines: { type: "string", default: "h2-direct,h2-unary,h2-promise,node-http2,grpc-js" },
  },
});

interface Entrant {
  readonly name: string;
  readonly port: number;
  readonly process: ChildProcess;
}

const shapes: readonly (readonly [connections: number, streams: number, fields: Fields])[] = [
  [4, 100, "same"],
  [4, 16, "same"],
  [4, 4, "same"],
  [4, 1, "same"],
  [4, 100, "traced"],
];

async function startEngine(name: string): Promise<Entrant> {
  const root = join(import.meta.dirname, "../..");
  const loader = join(root, "bench/typescript.js");
  const child = spawn(
    process.execPath,
    ["--import", loader, join(import.meta.dirname, "server.ts"), name],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout?.once("data", (text: Buffer) => resolve(Number(text)));
    child.once("exit", () => reject(new Error(`${name} did not start`)));
  });
  return { name, port, process: child };
}

async function startRival(description: string): Promise<Entrant> {
  const at = description.indexOf("=");
  const port = await freePort();
  const [command = "", ...options] = description.slice(at + 1).split(" ");
  const child = spawn(command, options, {
    env: { ...process.env, PORT: String(port) },
    stdio: ["ignore", "ignore", "inherit"],
  });
  await delay(1500);
  return { name: description.slice(0, at), port, process: child };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" ? (address?.port ?? 0) : 0;
}

/** Microseconds of CPU time for each call, over `seconds` of calls. */
async function measure(entrant: Entrant, connections: number, streams: number, fields: Fields) {
  const pids = [entrant.process.pid ?? 0];
  const loop = await ClosedLoop.open(entrant.port, connections, fields);
  loop.start(streams);
  await delay(500);
  const before = { cpu: readCpu(pids), calls: loop.answered, ms: performance.now() };
  await delay(Number(values.seconds) * 1000);
  const calls = loop.answered - before.calls;
  const microseconds = ((readCpu(pids) - before.cpu) / calls) * 1e6;
  const perSecond = calls / ((performance.now() - before.ms) / 1000);
  loop.close();
  return { microseconds, perSecond };
}

function rivalsOf({ BENCH_RIVALS = "" }: NodeJS.ProcessEnv): readonly string[] {
  return BENCH_RIVALS.split(";").filter((each) => each !== "");
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;
}

const rivals = rivalsOf(process.env);
const entrants = [
  ...(await Promise.all(values.engines.split(",").map(startEngine))),
  ...(await Promise.all(rivals.map(startRival))),
];
// However this ends, they end with it.
process.once("exit", () => {
  for (const entrant of entrants) entrant.process.kill();
});
process.stdout.write(
  `Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model}; microseconds of the server's CPU time per call (calls a second)\n`,
);
for (const [connections, streams, fields] of shapes) {
  const figures = entrants.map(() => ({ microseconds: [] as number[], perSecond: [] as number[] }));
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const [index, entrant] of entrants.entries()) {
      const figure = await measure(entrant, connections, streams, fields);
      figures[index]?.microseconds.push(figure.microseconds);
      figures[index]?.perSecond.push(figure.perSecond);
    }
  }
  process.stdout.write(`\n${connections} x ${streams}, ${fields} fields\n`);
  for (const [index, { name }] of entrants.entries()) {
    const { microseconds = [], perSecond = [] } = figures[index] ?? {};
    const cost = median(microseconds).toFixed(2).padStart(8);
    process.stdout.write(`${name.padEnd(14)} ${cost} us  (${Math.round(median(perSecond))})\n`);
  }
}
process.exit();
