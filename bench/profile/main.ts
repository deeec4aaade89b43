import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Generator } from "../load/generator.ts";
import type { LoadResult, LoadSpec, Users } from "../load/spec.ts";
import { processTree } from "../measure/proc.ts";
import { percent, short, table } from "../report/text.ts";
import { timeout, writeRules } from "../rounds.ts";
import { type Load, scenarios } from "../scenarios.ts";
import { buildService } from "../stage/build.ts";
import type { Entrant } from "../stage/entrant.ts";
import { storeSettings } from "../stage/entrants.ts";
import { type RedisStage, startMasters, startSingle } from "../stage/redis.ts";
import { benchDomain, benchLimit, pathsOf } from "../stage/rule-file.ts";
import { type Engine, enginesOf, startProbedService } from "../stage/velocitygate.ts";
import { allocations, byOrigin, type Share, selfTimes } from "./cpu-profile.ts";
import type { ProbedProcess } from "./probed-process.ts";

const usage = `npm run bench:profile -- [options]

  --store S        memory, single or cluster (single)
  --load L         1x1 4x4 4x16 4x100 200x1 1k/s 2k/s 5k/s 20k/s (4x100)
  --engine E       h2 or grpc-js (the default one)
  --rules N        how many rules there are (10)
  --users N        how many users (10000)
  --allocations    who allocates, instead of who takes time
  --seconds S      how long (4)
  --top N          how many functions are shown (25)

The profile itself is written to bench/results, for the developer tools of a browser.
`;

const resultsFolder = join(import.meta.dirname, "../results");

const { values: options } = parseArgs({
  options: {
    store: { type: "string", default: "single" },
    load: { type: "string", default: "4x100" },
    engine: { type: "string" },
    rules: { type: "string", default: "10" },
    users: { type: "string", default: "10000" },
    allocations: { type: "boolean", default: false },
    seconds: { type: "string", default: "4" },
    top: { type: "string", default: "25" },
    help: { type: "boolean", default: false },
  },
});
const rules = Number(options.rules);
const users: Users = { kind: "random", count: Number(options.users) };
const load = scenarios.flatMap(({ loads }) => loads).find(({ name }) => name === options.load);
if (options.help || load === undefined) process.stdout.write(usage);
else await profile(load);

async function profile(load: Load): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "velocitygate-bench-"));
  const redis = await startStore();
  const generator = await Generator.start();
  let entrant: Entrant<ProbedProcess> | undefined;
  try {
    const main = buildService();
    const engine = (options.engine ?? enginesOf(main)[0] ?? "") as Engine;
    entrant = await startProbedService(
      {
        name: engine,
        main,
        engine,
        ruleDirectory: writeRules(folder, rules),
        settings: storeSettings(redis),
        firstCall: { certificate: undefined, domain: benchDomain },
      },
      [],
    );
    await measure(entrant, generator, redis, load, engine || "grpc-js");
  } finally {
    generator.stop();
    await entrant?.stop();
    await redis?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function startStore(): Promise<RedisStage | undefined> {
  if (options.store === "single") return startSingle();
  return options.store === "cluster" ? startMasters() : Promise.resolve(undefined);
}

async function measure(
  { port, process: server }: Entrant<ProbedProcess>,
  generator: Generator,
  redis: RedisStage | undefined,
  load: Load,
  engine: string,
): Promise<void> {
  const spec: LoadSpec = {
    port,
    certificate: undefined,
    request: { domain: benchDomain, descriptors: 2, paths: pathsOf(rules), users, timeout },
    pace: { kind: "closed", connections: 4, streams: 100 },
    secondsMax: 60,
    callsMax: 30_000,
    seed: 1,
    expected: { code: "OK", limit: benchLimit },
    serverPids: processTree(server.pid),
    redisPids: redis?.pids ?? [],
  };
  await generator.run(spec);
  mkdirSync(resultsFolder, { recursive: true });
  const name = [engine, options.store, load.name.replace("/", "-per-")].join("-");
  const path = join(resultsFolder, `${name}.${options.allocations ? "heapprofile" : "cpuprofile"}`);
  await server.probe({ action: options.allocations ? "startAllocations" : "startProfile" });
  const result = await generator.run({
    ...spec,
    pace: load.pace,
    secondsMax: Number(options.seconds),
    callsMax: Number.POSITIVE_INFINITY,
    seed: 2,
  });
  await server.probe({ action: options.allocations ? "stopAllocations" : "stopProfile", path });
  show(`${engine}, ${options.store}, ${load.name}`, path, result);
}

function show(title: string, path: string, result: LoadResult): void {
  const { calls, serverCpu, foreignShare } = result;
  const file = JSON.parse(readFileSync(path, "utf8"));
  const allocated = options.allocations ? allocations(file) : undefined;
  const functions = allocated?.shares ?? selfTimes(file);
  const perCall = (allocated ? allocated.bytes : serverCpu * 1e6) / calls;
  const unit = allocated ? "bytes" : "us";
  const line = ({ name, place, share }: Share) => [
    place === "" ? name : `${name}  ${place}`,
    percent(share),
    short(share * perCall),
  ];
  process.stdout.write(
    `\n${title}: ${short(perCall)} ${unit} a call with the profiler on; others used ${percent(foreignShare)} of the machine\n\n` +
      `${table([["by origin", "", unit], ...byOrigin(functions).slice(0, 15).map(line)])}\n` +
      `${table([["by function, itself", "", unit], ...functions.slice(0, Number(options.top)).map(line)])}\nwritten: ${path}\n`,
  );
}
