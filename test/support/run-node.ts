import { join } from "node:path";
import { type ExitStatus, type RunningProcess, startProcess } from "./processes.ts";

const built = join(import.meta.dirname, "../../dist");

export interface Finished {
  readonly exit: ExitStatus;
  /** Standard output and standard error. */
  readonly output: string;
}

/** Starts a file of the built service with nothing of this process's environment but the way to programs. */
export function startBuilt(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): RunningProcess {
  const path = process.env["PATH"] ?? "";
  return startProcess(process.execPath, [join(built, file), ...args], {
    env: { PATH: path, ...env },
  });
}

/** Runs it to its end. */
export async function runBuilt(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Finished> {
  const running = startBuilt(file, args, env);
  const exit = await running.exited;
  return { exit, output: running.log };
}
