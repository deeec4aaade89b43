// Roads to Redis beside each other: what one key costs here and there. `npm run bench:roads`.
import { parseArgs } from "node:util";
import { eventually } from "../../test/support/eventually.ts";
import { type RedisServer, startRedis } from "../../test/support/redis.ts";
import { environment } from "../measure/environment.ts";
import { readCpu } from "../measure/proc.ts";
import { readRedisCounts, redisPerCall } from "../measure/redis-counts.ts";
import { short, table } from "../report/text.ts";
import { type OpenRoad, type Road, roads } from "./roads.ts";

const usage = `npm run bench:roads -- [options]

  --rounds N    how often each road is taken, one after the other (5)
  --keys N      keys of each measurement (100000)
  --batches A,B how many keys a batch has (2,16,400)
`;

/** As many batches are under way as the store lets be. */
const batchesInFlight = 4;

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    keys: { type: "string", default: "100000" },
    batches: { type: "string", default: "2,16,400" },
    help: { type: "boolean", default: false },
  },
});

/** Keys as \`decision/key.ts\` makes them: known ones come again in every measurement. */
const keyOf = (kind: string, i: number) =>
  `bench_path_/items/${i % 10}_user_${kind}${1_000_000 + i}_1763985600`;

interface Sample {
  /** Microseconds of CPU for each key. */
  readonly clientCpu: number;
  readonly redisCpu: number;
  /** Within scripts, too. */
  readonly commands: number;
}

interface Stage {
  readonly road: Road;
  readonly server: RedisServer;
  readonly pid: number;
  readonly open: OpenRoad;
}

if (options.help) process.stdout.write(usage);
else await compare(Number(options.rounds), Number(options.keys));

async function compare(rounds: number, keyCount: number): Promise<void> {
  const about = environment();
  process.stdout.write(
    `${about.commit}, Node ${about.node}, Redis ${about.redis}, ${about.cores} cores of ${about.cpu}\n` +
      `CPU in us for each key, medians of ${rounds} rounds; ${batchesInFlight} batches under way\n`,
  );
  const single = await startRedis();
  const cluster = await startClusterNode();
  const stages: Stage[] = [];
  try {
    for (const road of roads) stages.push(await stageOf(road, road.isCluster ? cluster : single));
    for (const size of options.batches.split(",").map(Number)) {
      process.stdout.write(
        `\n${size} keys a batch\n${table(await measureAll(stages, size, rounds, keyCount))}`,
      );
    }
  } finally {
    for (const { open } of stages) await open.close();
    await single.stop();
    await cluster.stop();
  }
}

/** One node that owns all slots. */
async function startClusterNode(): Promise<RedisServer> {
  const server = await startRedis({ config: ["cluster-enabled yes"] });
  await server.ask("CLUSTER", "ADDSLOTSRANGE", 0, 16_383);
  await eventually(async () =>
    String(await server.ask("CLUSTER", "INFO")).includes("cluster_state:ok"),
  );
  return server;
}

async function stageOf(road: Road, server: RedisServer): Promise<Stage> {
  const info = String(await server.ask("INFO", "server"));
  const pid = Number(/process_id:(\d+)/.exec(info)?.[1]);
  return { road, server, pid, open: await road.open(server.address.port) };
}

async function measureAll(
  stages: readonly Stage[],
  size: number,
  rounds: number,
  keyCount: number,
): Promise<string[][]> {
  const known = new Map(stages.map((stage) => [stage, [] as Sample[]]));
  const fresh = new Map(stages.map((stage) => [stage, [] as Sample[]]));
  for (const server of new Set(stages.map((stage) => stage.server))) await server.ask("FLUSHALL");
  // The round before the first one makes the counters that are known then, and lets V8 compile.
  for (let round = 0; round <= rounds; round++) {
    for (const stage of stages) {
      const ofKnown = await measure(stage, "u", size, keyCount);
      const ofFresh = await measure(
        stage,
        `n${size}-${round}-${stages.indexOf(stage)}-`,
        size,
        keyCount,
      );
      if (round === 0) continue;
      known.get(stage)?.push(ofKnown);
      fresh.get(stage)?.push(ofFresh);
    }
  }
  const columns = (samples: readonly Sample[] = []) =>
    (["clientCpu", "redisCpu", "commands"] as const).map((name) =>
      short(median(samples.map((sample) => sample[name]))),
    );
  return [
    ["", "known: here", "Redis", "commands", "new: here", "Redis", "commands"],
    ...stages.map((stage) => [
      stage.road.name,
      ...columns(known.get(stage)),
      ...columns(fresh.get(stage)),
    ]),
  ];
}

async function measure(
  { server, pid, open }: Stage,
  kind: string,
  size: number,
  keyCount: number,
): Promise<Sample> {
  globalThis.gc?.();
  const counts = await readRedisCounts([server]);
  const here = readCpu([process.pid]);
  const there = readCpu([pid]);
  let next = 0;
  const lane = async () => {
    while (next < keyCount) {
      const keys: string[] = [];
      for (let i = 0; i < size; i++) keys.push(keyOf(kind, next++));
      await open.add(keys);
    }
  };
  await Promise.all(Array.from({ length: batchesInFlight }, lane));
  const clientCpu = readCpu([process.pid]) - here;
  const redisCpu = readCpu([pid]) - there;
  const { commands } = redisPerCall(counts, await readRedisCounts([server]), next);
  return {
    clientCpu: (clientCpu * 1e6) / next,
    redisCpu: (redisCpu * 1e6) / next,
    commands: Object.values(commands).reduce((sum, count) => sum + count, 0),
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
