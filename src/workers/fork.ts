/**
 * Workers as node:cluster forks them. It opens the gRPC port in the primary when the first worker listens on it, and hands every
 * connection to the next worker that has taken its previous one; docs/decisions/0007-workers.md says why.
 */
import type { ChildProcess } from "node:child_process";
import cluster from "node:cluster";
import { extname, join } from "node:path";
import type { Ended, FromWorker } from "./messages.ts";
import type { Child } from "./worker-process.ts";

/** As this file: compiled, or not. */
const program = join(import.meta.dirname, `worker-main${extname(import.meta.filename)}`);

/** Forks worker `number`, with the environment and the Node options of this process. */
export function forkWorker(number: number): Child {
  cluster.schedulingPolicy = cluster.SCHED_RR;
  cluster.setupPrimary({ exec: program, args: [`${number}`], serialization: "advanced" });
  const worker = cluster.fork();
  const dropPending = watchHandover(worker.process);
  return {
    pid: worker.process.pid,
    send: (message) => void worker.send(message, ignore),
    kill: () => void worker.process.kill("SIGKILL"),
    onMessage: (listener) => void worker.on("message", (message: FromWorker) => listener(message)),
    onEnd(listener) {
      let hasEnded = false;
      const end = (how: Ended) => {
        if (hasEnded) return;
        hasEnded = true;
        dropPending();
        listener(how);
      };
      worker.once("exit", (code, signal) =>
        end({ code: code ?? undefined, signal: signal ?? undefined }),
      );
      worker.on("error", () => {
        // A process that was never there does not exit.
        if (worker.process.pid === undefined) end({ code: undefined, signal: undefined });
      });
    },
  };
}

/**
 * The connection that is being handed over when a worker dies is left open by node:cluster and served by nobody: its client would
 * wait for ever. There is at most one, since the next is handed over once the worker has confirmed the last.
 *
 * @returns what closes it, or does nothing when the last one was confirmed
 */
function watchHandover(child: ChildProcess): () => void {
  let last: { close(): void } | undefined;
  const send = child.send.bind(child) as (...args: unknown[]) => boolean;
  child.send = (...args: unknown[]) => {
    const handle = args[1];
    if (isHandle(handle)) last = handle;
    return send(...args);
  };
  return () => last?.close();
}

function isHandle(value: unknown): value is { close(): void } {
  return (
    typeof value === "object" &&
    value !== null &&
    "close" in value &&
    typeof value.close === "function"
  );
}

/** A message to a worker that has ended is lost with it; its end is told in its own way. */
function ignore(): void {}
