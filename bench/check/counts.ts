import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Generator } from "../load/generator.ts";
import type { LoadResult, LoadSpec, Pace, Users } from "../load/spec.ts";
import { firstNewUser } from "../load/users.ts";
import { processTree } from "../measure/proc.ts";
import { readRedisCounts, redisPerCall } from "../measure/redis-counts.ts";
import type { ProbedProcess } from "../profile/probed-process.ts";
import { timeout, writeRules } from "../rounds.ts";
import type { Entrant } from "../stage/entrant.ts";
import { storeSettings } from "../stage/entrants.ts";
import { type RedisStage, startSingle } from "../stage/redis.ts";
import { benchDomain, benchLimit, pathsOf } from "../stage/rule-file.ts";
import { type Engine, startProbedService } from "../stage/velocitygate.ts";

/** What is counted for each decision, by name. */
export type Counts = Readonly<Record<string, number>>;

const rules = 10;
const knownUsers = 2_000;
/** After so many calls V8 has compiled what it will compile, and allocates as it will from then on. */
const warmUpCalls = 40_000;
const countedCalls = 4_000;

/** Everything in one write, answers in one write: what is then counted does not depend on how fast anyone is. */
const bursts: Pace = { kind: "bursts", size: 100 };
const oneByOne: Pace = { kind: "bursts", size: 1 };

/** So large a young generation that nothing is collected while it is counted: what is in use then grows by what is allocated. */
const heapOptions = ["--expose-gc", "--min-semi-space-size=512", "--max-semi-space-size=512"];

/** Counts what a decision takes on a service that was started for it. */
export async function countService(main: string, engine: Engine): Promise<Counts> {
  const folder = mkdtempSync(join(tmpdir(), "velocitygate-bench-"));
  const generator = await Generator.start();
  try {
    const ruleDirectory = writeRules(folder, rules);
    const start = (redis: RedisStage | undefined) =>
      startProbedService(
        {
          name: "service",
          main,
          engine,
          ruleDirectory,
          settings: storeSettings(redis),
          firstCall: { certificate: undefined, domain: benchDomain },
        },
        heapOptions,
      );
    return {
      ...(await withMemory(await start(undefined), generator)),
      ...(await withRedis(start, generator)),
    };
  } finally {
    generator.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function withMemory(entrant: Entrant<ProbedProcess>, generator: Generator): Promise<Counts> {
  try {
    const counting = new Counting(entrant, generator, undefined);
    await counting.run(bursts, known, warmUpCalls);
    return {
      memory_heap_bytes: await counting.heapBytes(bursts),
      memory_writes: (await counting.run(bursts, known, countedCalls)).writes,
    };
  } finally {
    await entrant.stop();
  }
}

async function withRedis(
  start: (redis: RedisStage) => Promise<Entrant<ProbedProcess>>,
  generator: Generator,
): Promise<Counts> {
  const redis = await startSingle();
  const entrant = await start(redis);
  try {
    const counting = new Counting(entrant, generator, redis);
    await counting.run(bursts, known, warmUpCalls);
    const ofKnown = await counting.run(bursts, known, countedCalls);
    const ofNew = await counting.run(bursts, { kind: "new", first: firstNewUser }, countedCalls);
    const ofHot = await counting.run(bursts, { kind: "hot" }, countedCalls);
    const ofOne = await counting.run(oneByOne, known, countedCalls);
    return {
      redis_heap_bytes: await counting.heapBytes(bursts),
      redis_writes: ofKnown.writes,
      redis_writes_one_by_one: ofOne.writes,
      redis_commands_known: ofKnown.commands,
      redis_commands_new: ofNew.commands,
      redis_commands_hot: ofHot.commands,
      redis_bytes_in_known: ofKnown.bytesIn,
      redis_bytes_out_known: ofKnown.bytesOut,
      redis_bytes_in_new: ofNew.bytesIn,
    };
  } finally {
    await entrant.stop();
    await redis.stop();
  }
}

/** Each of them once in a row, so that no burst has one twice. */
const known: Users = { kind: "sweep", count: knownUsers };

interface PerCall {
  readonly writes: number;
  readonly commands: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

class Counting {
  readonly #entrant: Entrant<ProbedProcess>;
  readonly #generator: Generator;
  readonly #redis: RedisStage | undefined;

  constructor(
    entrant: Entrant<ProbedProcess>,
    generator: Generator,
    redis: RedisStage | undefined,
  ) {
    this.#entrant = entrant;
    this.#generator = generator;
    this.#redis = redis;
  }

  async run(pace: Pace, users: Users, callsMax: number): Promise<PerCall> {
    const servers = this.#redis?.servers ?? [];
    const before = await readRedisCounts(servers);
    const { calls, serverWrites } = await this.#load(pace, users, callsMax);
    const redis = redisPerCall(before, await readRedisCounts(servers), calls);
    const commands = Object.values(redis.commands).reduce((sum, count) => sum + count, 0);
    return { ...redis, commands, writes: serverWrites / calls };
  }

  /** Bytes allocated on V8's heap for each call: the median of five runs, since V8 itself allocates now and then. */
  async heapBytes(pace: Pace): Promise<number> {
    const runs: number[] = [];
    for (let i = 0; i < 5; i++) runs.push(await this.#allocated(pace));
    return runs.toSorted((a, b) => a - b)[2] ?? 0;
  }

  async #allocated(pace: Pace): Promise<number> {
    const { process: server } = this.#entrant;
    await server.probe({ action: "collect" });
    const before = (await server.probe({ action: "memory" })) as Memory;
    const { calls } = await this.#load(pace, known, countedCalls);
    const after = (await server.probe({ action: "memory" })) as Memory;
    if (after.collections !== before.collections) {
      throw new Error("memory was collected while allocations were counted");
    }
    return (after.heap - before.heap) / calls;
  }

  #load(pace: Pace, users: Users, callsMax: number): Promise<LoadResult> {
    const spec: LoadSpec = {
      port: this.#entrant.port,
      certificate: undefined,
      request: { domain: benchDomain, descriptors: 2, paths: pathsOf(rules), users, timeout },
      pace,
      secondsMax: 120,
      callsMax,
      seed: 1,
      expected: { code: "OK", limit: benchLimit },
      serverPids: processTree(this.#entrant.process.pid),
      redisPids: [],
    };
    return this.#generator.run(spec);
  }
}

interface Memory {
  readonly heap: number;
  readonly collections: number;
}
