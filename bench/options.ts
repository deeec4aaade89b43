import { parseArgs } from "node:util";
import { parseRivals, type Rival } from "./stage/rivals.ts";

export interface Options {
  readonly isQuick: boolean;
  /** Names of scenarios; empty: all of them. */
  readonly names: readonly string[];
  readonly rounds: number;
  /** Of each measurement. */
  readonly seconds: number;
  /** How many users there are when they have counters. */
  readonly users: number;
  readonly seed: number;
  /** Loads by name; empty: all of the scenario. */
  readonly loads: readonly string[];
  readonly rivals: readonly Rival[];
}

export const usage = `npm run bench -- [options] [scenario …]

  --quick          about a minute: fewer users, scenarios and loads, one second each
  --rounds N       how often each server meets each load (3)
  --seconds S      length of each measurement (3; quick 1)
  --users N        users with counters (100000; quick 10000)
  --loads A,B      only these: 1x1 4x4 4x16 4x100 200x1 1k/s 2k/s 5k/s 20k/s
  --seed N         of all randomness (1)
  --list           names the scenarios

  BENCH_RIVALS     other servers, one a line: name=command with {grpcPort} {redisPort} {rules} {httpPort} {debugPort}
  BENCH_SERVICE    the main.js of another build of this service, to be measured instead of the one in src/
`;

/** @throws Error that says what is wrong */
export function parseOptions(
  args: readonly string[],
  { BENCH_RIVALS = "" }: NodeJS.ProcessEnv,
): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      quick: { type: "boolean", default: false },
      rounds: { type: "string" },
      seconds: { type: "string" },
      users: { type: "string" },
      loads: { type: "string", default: "" },
      seed: { type: "string" },
    },
  });
  const isQuick = values.quick;
  return {
    isQuick,
    names: positionals,
    rounds: number("--rounds", values.rounds, 3, 1, 99),
    seconds: number("--seconds", values.seconds, isQuick ? 1 : 3, 0.1, 600),
    users: number("--users", values.users, isQuick ? 10_000 : 100_000, 1, 9_999_999),
    seed: number("--seed", values.seed, 1, 0, 2 ** 31 - 1),
    loads: values.loads.split(",").filter((name) => name !== ""),
    rivals: parseRivals(BENCH_RIVALS),
  };
}

function number(name: string, text: string | undefined, usual: number, min: number, max: number) {
  if (text === undefined) return usual;
  const value = Number(text);
  if (value >= min && value <= max) return value;
  throw new Error(`${name} ${text}: a number from ${min} to ${max} is accepted`);
}
