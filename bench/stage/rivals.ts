import { freePort } from "../../test/support/ports.ts";
import { startProcess } from "../../test/support/processes.ts";
import { type Entrant, type FirstCall, startEntrant } from "./entrant.ts";

/** Another server for the same protocol that takes part in the rounds, by the command that starts it. */
export interface Rival {
  readonly name: string;
  readonly command: string;
}

/** What a command may name in braces. */
export interface Places {
  readonly redisPort: number;
  readonly ruleDirectory: string;
}

const graceMs = 500;

const example = "BENCH_RIVALS='prototype=PORT={grpcPort} RPORT={redisPort} node server.cjs'";

/**
 * Reads `BENCH_RIVALS`: a line `name=command` for each.
 * @throws Error when a line is none
 */
export function parseRivals(text: string): readonly Rival[] {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.map((line) => {
    const [, name, command] = /^\s*([^={}]+?)\s*=\s*(.*\S)\s*$/.exec(line) ?? [];
    if (name === undefined || command === undefined || !command.includes("{grpcPort}")) {
      throw new Error(
        `BENCH_RIVALS: «${line}» is not a name, an equals sign and a command with {grpcPort}. Example: ${example}`,
      );
    }
    return { name, command };
  });
}

export async function startRival(
  { name, command }: Rival,
  { redisPort, ruleDirectory }: Places,
  firstCall: FirstCall,
): Promise<Entrant> {
  const port = await freePort();
  const values: Readonly<Record<string, string>> = {
    grpcPort: `${port}`,
    httpPort: `${await freePort()}`,
    debugPort: `${await freePort()}`,
    redisPort: `${redisPort}`,
    rules: ruleDirectory,
  };
  const line = command.replace(/\{(\w+)\}/g, (whole, key: string) => values[key] ?? whole);
  // `env` takes the assignments in front; with `exec` the process is the server itself, not a shell that waits for it.
  const call = { ...firstCall, graceMs };
  const launch = () => startProcess("sh", ["-c", `exec env ${line}`]);
  return startEntrant({ name, isExact: false, port }, launch, call);
}
