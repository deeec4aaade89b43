import { fork } from "node:child_process";
import { extname, join } from "node:path";
import type { Ended, FromWorker, ToWorker } from "./messages.ts";
import type { Child } from "./worker-process.ts";

/** As this file: compiled, or not. */
const program = join(import.meta.dirname, `worker-main${extname(import.meta.filename)}`);

/** Forks worker `number`, with the environment, the Node options and the output of this process. */
export function forkWorker(number: number): Child {
  const child = fork(program, [`${number}`], { serialization: "advanced" });
  return {
    pid: child.pid,
    send: (message) => void child.send(message, ignore),
    give(socket) {
      const message: ToWorker = { type: "connection" };
      // Node would close it when the worker's Node has it, and never if the worker dies before that.
      child.send(message, socket, { keepOpen: true }, ignore);
    },
    kill: () => void child.kill("SIGKILL"),
    onMessage: (listener) => void child.on("message", (message) => listener(message as FromWorker)),
    onEnd(listener) {
      let hasEnded = false;
      const end = (how: Ended) => {
        if (hasEnded) return;
        hasEnded = true;
        listener(how);
      };
      child.once("exit", (code, signal) =>
        end({ code: code ?? undefined, signal: signal ?? undefined }),
      );
      child.on("error", () => {
        // A process that was never there does not exit.
        if (child.pid === undefined) end({ code: undefined, signal: undefined });
      });
    },
  };
}

/** A message to a worker that has ended is lost with it; its end is told in its own way. */
function ignore(): void {}
