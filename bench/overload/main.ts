/**
 * `npm run bench:overload -- --seconds 5 --rounds 2`: how many calls are answered within 20 ms when more come than can be carried. Calls
 * come at random instants, answered or not, first at rates around what the server can do and then at three times that. What is compared
 * is the most that it ever answers in time with what it answers in time at three times the rate at which it did; `BENCH_RIVALS` as for
 * `npm run bench`. The server has a core of its own, so that the generator does not take its time away.
 */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Generator } from "../load/generator.ts";
import type { LoadResult, LoadSpec, Pace } from "../load/spec.ts";
import { readRss } from "../measure/proc.ts";
import { writeRules } from "../rounds.ts";
import { buildService } from "../stage/build.ts";
import type { Entrant } from "../stage/entrant.ts";
import { startSingle } from "../stage/redis.ts";
import { parseRivals, startRival } from "../stage/rivals.ts";
import { benchDomain, pathsOf } from "../stage/rule-file.ts";
import { startService } from "../stage/velocitygate.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "5" },
    rounds: { type: "string", default: "2" },
    connections: { type: "string", default: "8" },
    timeout: { type: "string", default: "20m" },
    help: { type: "boolean", default: false },
  },
});
const rules = 10;
const users = 20_000;
const connections = Number(values.connections);
const firstCall = { certificate: undefined, domain: benchDomain };
/** Shares of the closed loop's rate, from ease to more than the server can do. */
const climb = [0.3, 0.45, 0.6, 0.75, 0.9, 1.05, 1.2];
const overload = 3;

interface Row {
  readonly offered: number;
  /** Decided, and heard of within 20 ms, each second. */
  readonly goodput: number;
  /** Turned away within 20 ms, each second. */
  readonly refusedInTime: number;
  readonly result: LoadResult;
}

async function measure(generator: Generator, entrant: Entrant, round: number): Promise<number> {
  const run = (pace: Pace, seconds: number): Promise<LoadResult> =>
    generator.run(specOf(entrant, pace, seconds, round));
  const closed: Pace = { kind: "closed", connections: 4, streams: 50 };
  await run(closed, 2);
  const warm = await run(closed, 2);
  const reach = warm.calls / warm.seconds;
  const at = async (offered: number, seconds = Number(values.seconds)): Promise<Row> => {
    const pace: Pace = {
      kind: "open",
      connections,
      perSecond: offered,
      unansweredMax: Math.round(offered * 5),
    };
    const result = await run(pace, seconds);
    const inTime = result.calls * (1 - result.lateShare);
    return {
      offered,
      goodput: inTime / seconds,
      refusedInTime: result.refusedInTime / seconds,
      result,
    };
  };
  let best: Row | undefined;
  for (const share of climb) {
    const row = await at(reach * share);
    print(entrant, row, "");
    if (best === undefined || row.goodput > best.goodput) best = row;
  }
  if (best === undefined) throw new Error("nothing was measured");
  const rssBefore = readRss([entrant.process.pid]);
  const over = await at(best.offered * overload, 3 * Number(values.seconds));
  const ratio = over.goodput / best.goodput;
  const grown = (readRss([entrant.process.pid]) - rssBefore) / 2 ** 20;
  print(
    entrant,
    over,
    `${(100 * ratio).toFixed(1)} % of the best, memory ${grown.toFixed(0)} MB more`,
  );
  return ratio;
}

function specOf({ port, process }: Entrant, pace: Pace, seconds: number, round: number): LoadSpec {
  return {
    port,
    certificate: undefined,
    request: {
      domain: benchDomain,
      descriptors: 2,
      paths: pathsOf(rules),
      users: { kind: "random", count: users },
      timeout: pace.kind === "open" ? values.timeout : "5S",
    },
    pace,
    secondsMax: seconds,
    callsMax: Number.POSITIVE_INFINITY,
    seed: round + 1,
    // Which of several calls under way is counted first is not known, and some are not waited for: what remains is not compared.
    expected: { code: "OK", limit: undefined },
    mayRefuse: true,
    serverPids: [process.pid],
    redisPids: [],
  };
}

function print({ name }: Entrant, { offered, goodput, refusedInTime, result }: Row, note: string) {
  const cells = [
    name.padEnd(22),
    `offered ${Math.round(offered)}/s`.padEnd(18),
    `made ${result.made}`.padEnd(13),
    `in time ${Math.round(goodput)}/s`.padEnd(18),
    `turned away in time ${Math.round(refusedInTime)}/s`.padEnd(30),
    `p99 ${result.latencies.p99.toFixed(1)} ms, lag p99 ${result.lag.p99.toFixed(1)} ms, others ${(100 * result.foreignShare).toFixed(0)} %`,
    note,
  ];
  process.stdout.write(`${cells.join(" ").trimEnd()}\n`);
}

/** Where there are several, one core is the server's alone. */
function pin(pid: number, cores: string): void {
  spawnSync("taskset", ["-a", "-p", "-c", cores, String(pid)]);
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "velocitygate-overload-"));
  const redis = await startSingle();
  const generator = await Generator.start();
  const ruleDirectory = writeRules(folder, rules);
  const redisPort = redis.ports[0] ?? 0;
  const common = { main: buildService(), engine: "h2", ruleDirectory, firstCall } as const;
  const settings = { REDIS_URL: `127.0.0.1:${redisPort}`, LOG_LEVEL: "error" };
  const entrants = [
    await startService({ ...common, name: "VelocityGate", settings }),
    await startService({
      ...common,
      name: "without admission",
      settings: { ...settings, OVERLOAD_WAIT_MAX: "0" },
    }),
  ];
  for (const rival of parseRivals(process.env["BENCH_RIVALS"] ?? "")) {
    entrants.push(await startRival(rival, { redisPort, ruleDirectory }, firstCall));
  }
  try {
    const last = availableParallelism() - 1;
    if (last > 0) {
      for (const { process } of entrants) pin(process.pid, "0");
      for (const pid of [generator.pid, ...redis.pids]) pin(pid, `1-${last}`);
    }
    const ratios = new Map<string, number[]>();
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const entrant of entrants) {
        const ratio = await measure(generator, entrant, round);
        ratios.set(entrant.name, [...(ratios.get(entrant.name) ?? []), ratio]);
      }
    }
    for (const [name, each] of ratios) {
      const texts = each.map((ratio) => `${(100 * ratio).toFixed(2)} %`);
      process.stdout.write(
        `${name}: at ${overload} times its best rate ${texts.join(", ")} of its best\n`,
      );
    }
  } finally {
    for (const entrant of entrants) await entrant.stop();
    generator.stop();
    await redis.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

if (values.help) {
  process.stdout.write("Options: --seconds 5 --rounds 2 --connections 8 --timeout 20m\n");
} else await main();
