import { type ChildProcess, spawn } from "node:child_process";

/** How much of a process's output is kept, in characters; the beginning goes first. */
const logMax = 16_384;

/** A process that a test started and has to stop. */
export interface RunningProcess {
  readonly pid: number;
  /** The end of what it wrote to standard output and standard error. */
  readonly log: string;
  readonly hasExited: boolean;
  /** Settles when it has ended, however it did. */
  readonly exited: Promise<ExitStatus>;
  signal(signal: NodeJS.Signals): void;
  /** Ends it at once, also when it was stopped by SIGSTOP. */
  kill(): Promise<void>;
}

export interface ExitStatus {
  /** `undefined`: a signal ended it. */
  readonly code: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
}

const running = new Set<ChildProcess>();

// Whatever ends the test process, nothing that it started stays behind.
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export function startProcess(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): RunningProcess {
  const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  let log = "";
  const keep = (chunk: string) => {
    log = (log + chunk).slice(-logMax);
  };
  child.stdout.setEncoding("utf8").on("data", keep);
  child.stderr.setEncoding("utf8").on("data", keep);
  const exited = new Promise<ExitStatus>((resolve) => {
    child.once("error", (error) => {
      keep(`${error.message}\n`);
      running.delete(child);
      resolve({ code: undefined, signal: undefined });
    });
    child.once("close", (code, signal) => {
      running.delete(child);
      resolve({ code: code ?? undefined, signal: signal ?? undefined });
    });
  });
  return {
    pid: child.pid ?? -1,
    get log() {
      return log;
    },
    get hasExited() {
      return !running.has(child);
    },
    exited,
    signal: (signal) => child.kill(signal),
    async kill() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}
