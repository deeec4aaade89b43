import type { ChildProcess, SpawnOptions } from "node:child_process";

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The program could not be started. */
  readonly error?: Error;
}

export interface Launched {
  readonly child: ChildProcess;
  readonly exited: Promise<Ended>;
  /**
   * Waits until `holds`. Rejects, with the end of the output, when the program exits first, or when it takes longer than that, and then
   * stops it.
   */
  until(state: string, timeoutMs: number, holds: () => Promise<boolean>): Promise<void>;
  /** Asks the program to end and waits for that; after `graceMs` (15 s) it is killed. */
  stop(graceMs?: number): Promise<Ended>;
  /** The end of what it printed, at most 64 KiB. */
  log(): string;
}

export declare function launch(
  name: string,
  command: string,
  args: readonly string[],
  options?: Pick<SpawnOptions, "cwd" | "env" | "uid" | "gid">,
): Launched;

/** The body of an answer of 200 from this machine; `undefined` when there is none. */
export declare function ask(
  port: number,
  path: string,
  method?: string,
): Promise<string | undefined>;

/** TCP ports of 127.0.0.1 on which nothing listened a moment ago. */
export declare function freePorts(count: number): Promise<number[]>;
