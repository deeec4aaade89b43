import type { Scenario } from "../scenarios.ts";
import type { Certificate } from "./certificate.ts";
import { CannotStart, type Entrant } from "./entrant.ts";
import type { RedisStage } from "./redis.ts";
import { type Rival, startRival } from "./rivals.ts";
import { type Engine, startService } from "./velocitygate.ts";

/** Who takes part. */
export interface Contest {
  readonly main: string;
  /** The default first. */
  readonly engines: readonly Engine[];
  readonly rivals: readonly Rival[];
}

/** What the servers of a scenario are given. */
export interface Surroundings {
  readonly redis: RedisStage | undefined;
  readonly certificate: Certificate | undefined;
  readonly ruleDirectory: (rules: number) => string;
}

export interface Started {
  readonly entrants: readonly { readonly entrant: Entrant; readonly rules: number }[];
  /** Those that cannot take part, and why. */
  readonly absent: readonly { readonly name: string; readonly reason: string }[];
}

/** Starts all servers of a scenario. They stay up for all rounds; those that are not asked do next to nothing. */
export async function startEntrants(
  scenario: Scenario,
  contest: Contest,
  surroundings: Surroundings,
): Promise<Started> {
  const entrants: { entrant: Entrant; rules: number }[] = [];
  const absent: { name: string; reason: string }[] = [];
  for (const { name, rules, start } of candidates(scenario, contest, surroundings)) {
    try {
      entrants.push({ entrant: await start(), rules });
    } catch (error) {
      if (error instanceof CannotStart) {
        absent.push({ name, reason: error.message });
        continue;
      }
      for (const { entrant } of entrants) await entrant.stop();
      throw error;
    }
  }
  return { entrants, absent };
}

interface Candidate {
  readonly name: string;
  readonly rules: number;
  start(): Promise<Entrant>;
}

function candidates(scenario: Scenario, contest: Contest, surroundings: Surroundings): Candidate[] {
  const { redis, certificate, ruleDirectory } = surroundings;
  const engines = scenario.withAllEngines ? contest.engines : contest.engines.slice(0, 1);
  const firstCall = { certificate: certificate?.pem, domain: scenario.domain };
  const own = engines.flatMap((engine) =>
    scenario.rules.map((rules) => {
      const name = nameOf(engine, scenario.rules.length > 1 ? rules : undefined);
      const start = () =>
        startService({
          name,
          main: contest.main,
          engine,
          ruleDirectory: ruleDirectory(rules),
          settings: { ...storeSettings(redis), ...tlsSettings(certificate), ...scenario.settings },
          firstCall,
        });
      return { name, rules, start };
    }),
  );
  if (!scenario.withRivals || redis === undefined) return own;
  const [rules = 10] = scenario.rules;
  const [redisPort = 0] = redis.ports;
  const others = contest.rivals.map((rival) => ({
    name: rival.name,
    rules,
    start: () => startRival(rival, { redisPort, ruleDirectory: ruleDirectory(rules) }, firstCall),
  }));
  return [...own, ...others];
}

function nameOf(engine: Engine, rules: number | undefined): string {
  const name = engine === "" ? "grpc-js" : engine;
  return rules === undefined ? name : `${name}, ${rules} rules`;
}

export function storeSettings(redis: RedisStage | undefined): Readonly<Record<string, string>> {
  if (redis === undefined) return { BACKEND_TYPE: "memory" };
  return {
    BACKEND_TYPE: "redis",
    REDIS_SOCKET_TYPE: "tcp",
    REDIS_TYPE: redis.ports.length > 1 ? "CLUSTER" : "SINGLE",
    REDIS_URL: redis.ports.map((port) => `127.0.0.1:${port}`).join(","),
  };
}

function tlsSettings(certificate: Certificate | undefined): Readonly<Record<string, string>> {
  if (certificate === undefined) return {};
  return {
    GRPC_SERVER_USE_TLS: "true",
    GRPC_SERVER_TLS_CERT: certificate.certificatePath,
    GRPC_SERVER_TLS_KEY: certificate.keyPath,
  };
}
