#!/usr/bin/env node
import { VelocityGateError } from "../errors.ts";
import { ask } from "./ask.ts";
import { check } from "./check.ts";
import { type Command, UsageError } from "./command.ts";
import { explain } from "./explain.ts";
import { healthcheck } from "./health.ts";

const commands: Readonly<Record<string, Command>> = { ask, check, explain, healthcheck };

const usage = `usage: velocitygate <command> …

  ask          asks a running service one question and prints its answer
  check        checks rule files and prints every mistake
  explain      shows which rule a descriptor matches, and why
  healthcheck  says whether a running service is well

«velocitygate <command> --help» says more.
`;

process.exitCode = await run(process.argv.slice(2));

/** @returns the exit code: 0 done, 1 the command found something wrong, 2 it could not be carried out. */
async function run([name, ...args]: readonly string[]): Promise<number> {
  const command = commands[name ?? ""];
  if (command === undefined) {
    const wanted = name === undefined || name === "--help" || name === "-h" || name === "help";
    (wanted ? process.stdout : process.stderr).write(
      wanted ? usage : `velocitygate: there is no command «${name}»\n\n${usage}`,
    );
    return name === undefined || !wanted ? 2 : 0;
  }
  if (args.includes("--help") || args.includes("-h")) {
    process.stdout.write(command.usage);
    return 0;
  }
  try {
    return await command.run(args);
  } catch (error) {
    if (error instanceof VelocityGateError) {
      process.stderr.write(`velocitygate ${name}: ${error.message}\n`);
      return 1;
    }
    if (!isUsageError(error)) throw error;
    process.stderr.write(`velocitygate ${name}: ${error.message}\n\n${command.usage}`);
    return 2;
  }
}

/** Ours, and those of `parseArgs` for options that do not exist. */
function isUsageError(error: unknown): error is Error {
  if (error instanceof UsageError) return true;
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" && code.startsWith("ERR_PARSE_ARGS");
}
