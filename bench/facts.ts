import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Figures, Row } from "./figures.ts";
import { openIdle } from "./load/idle.ts";
import type { Users } from "./load/spec.ts";
import { firstNewUser } from "./load/users.ts";
import { processTree, readCpu, readRss } from "./measure/proc.ts";
import { type Bench, timeout, writeRules } from "./rounds.ts";
import type { Entrant } from "./stage/entrant.ts";
import { storeSettings } from "./stage/entrants.ts";
import { benchDomain, benchLimit, pathsOf } from "./stage/rule-file.ts";
import { type Engine, startService } from "./stage/velocitygate.ts";

/** Something that is measured of our own service alone, on a process that was just started, with counters in memory. */
export interface Fact {
  readonly name: string;
  readonly title: string;
  readonly isQuick: boolean;
  /** A quick run has the first of them only. */
  readonly rules: readonly number[];
  measure(entrant: Entrant, rules: number, bench: Bench): Promise<Figures>;
}

export const facts: readonly Fact[] = [
  {
    name: "start",
    title: "from the start of the process to its first answer",
    isQuick: true,
    rules: [10, 100_000],
    measure: async (entrant) => ({ start_ms: entrant.startMs, rss_mb: rssMb(entrant) }),
  },
  {
    name: "memory-use",
    title: "RSS, by what was asked",
    isQuick: false,
    rules: [10],
    measure: memoryUse,
  },
  {
    name: "idle",
    title: "CPU and memory while nobody asks",
    isQuick: false,
    rules: [10],
    measure: idle,
  },
];

/** Measures a fact on each engine, each time on a fresh process. */
export async function runFacts(fact: Fact, bench: Bench): Promise<readonly Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "velocitygate-bench-"));
  try {
    const rows: Row[] = [];
    for (const rules of bench.options.isQuick ? fact.rules.slice(0, 1) : fact.rules) {
      const ruleDirectory = writeRules(folder, rules);
      for (const engine of bench.contest.engines) {
        const rounds: Figures[] = [];
        for (let round = 0; round < bench.options.rounds; round++) {
          rounds.push(await measureOnce(fact, rules, ruleDirectory, engine, bench));
        }
        const server = engine === "" ? "grpc-js" : engine;
        rows.push({ scenario: fact.name, load: `${rules} rules`, server, rounds });
      }
    }
    return rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureOnce(
  fact: Fact,
  rules: number,
  ruleDirectory: string,
  engine: Engine,
  bench: Bench,
): Promise<Figures> {
  const entrant = await startService({
    name: engine,
    main: bench.contest.main,
    engine,
    ruleDirectory,
    settings: storeSettings(undefined),
    firstCall: { certificate: undefined, domain: benchDomain },
  });
  try {
    return await fact.measure(entrant, rules, bench);
  } finally {
    await entrant.stop();
  }
}

const millionCalls = 1_000_000;
const millionKeys = 1_000_000;
const descriptorsMax = 10;

async function memoryUse(entrant: Entrant, rules: number, bench: Bench): Promise<Figures> {
  const started = rssMb(entrant);
  await ask(entrant, rules, bench, { kind: "random", count: 10_000 }, 2, millionCalls);
  const afterCalls = rssMb(entrant);
  const users: Users = { kind: "new", first: firstNewUser };
  await ask(entrant, rules, bench, users, descriptorsMax, millionKeys / descriptorsMax);
  return {
    rss_mb_at_start: started,
    rss_mb_after_million_calls: afterCalls,
    rss_mb_with_million_keys: rssMb(entrant),
  };
}

async function ask(
  entrant: Entrant,
  rules: number,
  { generator }: Bench,
  users: Users,
  descriptors: number,
  callsMax: number,
): Promise<void> {
  await generator.run({
    port: entrant.port,
    certificate: undefined,
    request: { domain: benchDomain, descriptors, paths: pathsOf(rules), users, timeout },
    pace: { kind: "closed", connections: 4, streams: 100 },
    secondsMax: 600,
    callsMax,
    seed: 1,
    expected: { code: "OK", limit: benchLimit },
    serverPids: [],
    redisPids: [],
  });
}

const idleConnections = 5_000;
const idleSeconds = 5;

async function idle(entrant: Entrant): Promise<Figures> {
  const pids = processTree(entrant.process.pid);
  const alone = await cpuMsPerSecond(pids);
  const before = readRss(pids);
  const connections = await openIdle(entrant.port, idleConnections);
  const opened = readRss(pids);
  const withConnections = await cpuMsPerSecond(pids);
  connections.close();
  return {
    idle_cpu_ms_per_second: alone,
    idle_cpu_ms_per_second_with_5000_connections: withConnections,
    rss_kb_per_connection: (opened - before) / idleConnections / 1000,
  };
}

async function cpuMsPerSecond(pids: readonly number[]): Promise<number> {
  const before = readCpu(pids);
  await delay(idleSeconds * 1000);
  return ((readCpu(pids) - before) / idleSeconds) * 1000;
}

function rssMb(entrant: Entrant): number {
  return readRss(processTree(entrant.process.pid)) / 1e6;
}
