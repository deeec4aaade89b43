import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Figures, figuresOf, type Row } from "./figures.ts";
import type { Generator } from "./load/generator.ts";
import type { LoadResult, LoadSpec, Pace, Users } from "./load/spec.ts";
import { firstNewUser } from "./load/users.ts";
import { processTree, readRss } from "./measure/proc.ts";
import { readRedisCounts, redisPerCall } from "./measure/redis-counts.ts";
import type { Options } from "./options.ts";
import type { Reporter } from "./report/reporter.ts";
import type { Load, Scenario } from "./scenarios.ts";
import { type Certificate, makeCertificate } from "./stage/certificate.ts";
import type { Entrant } from "./stage/entrant.ts";
import { type Contest, startEntrants } from "./stage/entrants.ts";
import { type RedisStage, startMasters, startSingle } from "./stage/redis.ts";
import { benchDomain, benchLimit, overDomain, pathsOf, ruleFile } from "./stage/rule-file.ts";

/** What all scenarios of a run share. */
export interface Bench {
  readonly options: Options;
  readonly contest: Contest;
  readonly generator: Generator;
  readonly reporter: Reporter;
}

/** Starts everything that a scenario needs, measures it in interleaved rounds, and stops it again. */
export async function runScenario(scenario: Scenario, bench: Bench): Promise<readonly Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "velocitygate-bench-"));
  const closers: (() => Promise<void>)[] = [];
  try {
    const redis = await startStore(scenario);
    if (redis !== undefined) closers.push(() => redis.stop());
    const certificate = scenario.tls ? makeCertificate(folder) : undefined;
    const { entrants, absent } = await startEntrants(scenario, bench.contest, {
      redis,
      certificate,
      ruleDirectory: (rules) => writeRules(folder, rules),
    });
    closers.push(
      ...entrants.map(
        ({ entrant }) =>
          () =>
            entrant.stop(),
      ),
    );
    for (const { name, reason } of absent) bench.reporter.absent(scenario, name, reason);
    return await new Rounds(scenario, bench, redis, certificate).run(entrants);
  } finally {
    for (const close of closers.reverse()) await close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function startStore({ store }: Scenario): Promise<RedisStage | undefined> {
  if (store === "single") return startSingle();
  return store === "cluster" ? startMasters() : Promise.resolve(undefined);
}

/** The runtime root of a rule set: the files lie where service and reference look for them unless told otherwise. */
export function writeRules(folder: string, rules: number): string {
  const root = mkdtempSync(join(folder, `rules-${rules}-`));
  mkdirSync(join(root, "config"));
  writeFileSync(join(root, "config/bench.yaml"), ruleFile(benchDomain, rules, benchLimit));
  writeFileSync(join(root, "config/over.yaml"), ruleFile(overDomain, 10, 1));
  return root;
}

/** A server and the number of rules that it has. */
export interface Competitor {
  readonly entrant: Entrant;
  readonly rules: number;
}

/**
 * What callers say of their patience (`grpc-timeout`). Envoy's is 20 ms; but a server that gives up on late calls and one that answers
 * them could not be compared. What takes longer than 20 ms is counted instead.
 */
export const timeout = "5S";

const warmUp: Pace = { kind: "closed", connections: 4, streams: 100 };
/** Enough for V8 to have compiled what it will compile. */
const warmUpCallsMin = 20_000;
const warmUpRound = -1;

class Rounds {
  readonly #scenario: Scenario;
  readonly #bench: Bench;
  readonly #redis: RedisStage | undefined;
  readonly #certificate: Certificate | undefined;
  readonly #failed = new Set<Competitor>();
  #nextNewUser = firstNewUser;

  constructor(
    scenario: Scenario,
    bench: Bench,
    redis: RedisStage | undefined,
    certificate: Certificate | undefined,
  ) {
    this.#scenario = scenario;
    this.#bench = bench;
    this.#redis = redis;
    this.#certificate = certificate;
  }

  /** Round by round, load by load, one server after the other; who comes first changes with each round. */
  async run(competitors: readonly Competitor[]): Promise<readonly Row[]> {
    const { options, reporter } = this.#bench;
    for (const competitor of competitors) {
      await this.#unlessRivalFails(competitor, () => this.#warmUp(competitor));
    }
    const loads = this.#scenario.loads.filter(({ name, isQuick }) =>
      options.loads.length > 0 ? options.loads.includes(name) : isQuick || !options.isQuick,
    );
    const figures = new Map<string, { readonly row: Row; readonly rounds: Figures[] }>();
    for (let round = 0; round < options.rounds; round++) {
      for (const load of loads) {
        for (let i = 0; i < competitors.length; i++) {
          const competitor = competitors[(round + i) % competitors.length] as Competitor;
          const measure = () => this.#measure(competitor, load, round);
          const measured = await this.#unlessRivalFails(competitor, measure);
          if (measured === undefined) continue;
          const key = `${load.name} ${competitor.entrant.name}`;
          const rounds = figures.get(key)?.rounds ?? [];
          rounds.push(measured);
          const server = competitor.entrant.name;
          const row = { scenario: this.#scenario.name, load: load.name, server, rounds };
          figures.set(key, { row, rounds });
          reporter.measured(row, round);
        }
      }
    }
    const inRace = competitors.filter((competitor) => !this.#failed.has(competitor));
    return loads.flatMap(({ name }) =>
      inRace.flatMap(({ entrant }) => figures.get(`${name} ${entrant.name}`)?.row ?? []),
    );
  }

  /** What goes wrong with our own service ends everything; another server that fails is left out from then on. */
  async #unlessRivalFails<Result>(
    competitor: Competitor,
    action: () => Promise<Result>,
  ): Promise<Result | undefined> {
    const { name, isExact } = competitor.entrant;
    if (this.#failed.has(competitor)) return undefined;
    try {
      return await action();
    } catch (error) {
      if (isExact || !(error instanceof Error)) throw error;
      this.#failed.add(competitor);
      this.#bench.reporter.absent(this.#scenario, name, error.message);
      return undefined;
    }
  }

  /** Gives every user a counter, and V8 the time that it needs. */
  async #warmUp(competitor: Competitor): Promise<void> {
    const { users } = this.#bench.options;
    this.#bench.reporter.warmingUp(competitor.entrant.name);
    const callsMax = Math.max(users, warmUpCallsMin);
    const sweep: Users =
      this.#scenario.users === "known" ? { kind: "sweep", count: users } : this.#users();
    const servers = this.#redis?.servers ?? [];
    const before = await readRedisCounts(servers);
    await this.#load(competitor, warmUp, sweep, { secondsMax: 120, callsMax }, warmUpRound);
    const { commands } = redisPerCall(before, await readRedisCounts(servers), callsMax);
    if (servers.length > 0 && Object.keys(commands).length === 0) {
      throw new Error("it asked nothing of Redis, so it has no rules for these requests");
    }
  }

  async #measure(competitor: Competitor, load: Load, round: number): Promise<Figures> {
    const { options } = this.#bench;
    const redis = this.#redis;
    // What one run counts must not grow over all of them: memory here, and what some rival can still count there.
    if (this.#scenario.users !== "known" && !this.#isOver) await redis?.flush();
    const before = redis && (await readRedisCounts(redis.servers));
    const bounds = { secondsMax: options.seconds, callsMax: Number.POSITIVE_INFINITY };
    const result = await this.#load(competitor, load.pace, this.#users(), bounds, round);
    const after = redis && (await readRedisCounts(redis.servers));
    const perCall = before && after && redisPerCall(before, after, result.calls);
    return figuresOf(result, perCall, readRss(processTree(competitor.entrant.process.pid)));
  }

  /** Whether all calls but the first are refused. */
  get #isOver(): boolean {
    return this.#scenario.domain === overDomain;
  }

  #users(): Users {
    switch (this.#scenario.users) {
      case "known":
        return { kind: "random", count: this.#bench.options.users };
      case "hot":
        return { kind: "hot" };
      case "new":
        return { kind: "new", first: this.#nextNewUser };
    }
  }

  async #load(
    { entrant, rules }: Competitor,
    pace: Pace,
    users: Users,
    bounds: Pick<LoadSpec, "secondsMax" | "callsMax">,
    round: number,
  ): Promise<LoadResult> {
    const { domain, descriptors } = this.#scenario;
    const isOver = this.#isOver;
    const result = await this.#bench.generator.run({
      port: entrant.port,
      certificate: this.#certificate?.pem,
      request: {
        domain,
        descriptors,
        paths: Math.min(pathsOf(rules), this.#scenario.pathsMax),
        users,
        timeout,
      },
      pace,
      ...bounds,
      seed: this.#bench.options.seed + round,
      expected: {
        // The first calls of all are still within the limit.
        code: isOver ? (round === warmUpRound ? "EITHER" : "OVER_LIMIT") : "OK",
        limit: entrant.isExact && !isOver ? benchLimit : undefined,
      },
      serverPids: processTree(entrant.process.pid),
      redisPids: this.#redis?.pids ?? [],
    });
    if (users.kind === "new") this.#nextNewUser += result.calls;
    return result;
  }
}
