import { fork } from "node:child_process";
import { once } from "node:events";
import type { ExitStatus, RunningProcess } from "../../test/support/processes.ts";

/** How much of its output is kept, in characters. */
const logMax = 16_384;

/** What can be asked of a server from within. */
export type Action =
  | { readonly action: "startProfile" | "startAllocations" | "memory" | "collect" }
  | { readonly action: "stopProfile" | "stopAllocations"; readonly path: string };

export interface ProbedProcess extends RunningProcess {
  /** @throws (rejects) what the probe says went wrong */
  probe(action: Action): Promise<unknown>;
}

type Reply = { readonly answer: unknown } | { readonly error: string };

/** Starts a Node program with a probe in it. */
export function startProbed(
  main: string,
  env: NodeJS.ProcessEnv,
  nodeOptions: readonly string[],
): ProbedProcess {
  const child = fork(main, {
    env,
    execArgv: ["--import", new URL("./probe.js", import.meta.url).href, ...nodeOptions],
    silent: true,
  });
  let log = "";
  const keep = (chunk: string) => {
    log = (log + chunk).slice(-logMax);
  };
  child.stdout?.setEncoding("utf8").on("data", keep);
  child.stderr?.setEncoding("utf8").on("data", keep);
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  let hasExited = false;
  const exited = once(child, "exit").then(([code, signal]): ExitStatus => {
    hasExited = true;
    process.removeListener("exit", kill);
    return { code: code ?? undefined, signal: signal ?? undefined };
  });
  return {
    pid: child.pid ?? -1,
    get log() {
      return log;
    },
    get hasExited() {
      return hasExited;
    },
    exited,
    signal: (signal) => child.kill(signal),
    async kill() {
      kill();
      await exited;
    },
    async probe(action) {
      child.send(action);
      const ended = exited.then(() => [{ error: "the server has ended" }]);
      const [reply] = (await Promise.race([once(child, "message"), ended])) as [Reply];
      if ("error" in reply) throw new Error(reply.error);
      return reply.answer;
    },
  };
}
