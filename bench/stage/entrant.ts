import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { RunningProcess } from "../../test/support/processes.ts";
import { Connection } from "../load/connection.ts";
import { RequestTemplate } from "../load/request.ts";

/** A server that takes part in the rounds. */
export interface Entrant<Process extends RunningProcess = RunningProcess> {
  readonly name: string;
  readonly port: number;
  readonly process: Process;
  /** Whether what remains of a limit is held against exact counting, or codes only. */
  readonly isExact: boolean;
  /** From the start of the process to its first answer. */
  readonly startMs: number;
  stop(): Promise<void>;
}

/** Why a server takes no part: it refuses its settings, say. */
export class CannotStart extends Error {}

const startPatienceMs = 60_000;
const pauseMs = 2;

/** What is asked of a server to learn that it is there. */
export interface FirstCall {
  /** How long after its port is open a server is left alone: some are not ready then, and end when they are asked. */
  readonly graceMs?: number;
  readonly certificate: string | undefined;
  readonly domain: string;
}

/** Starts a server's process, and waits until it answers a call. */
export async function startEntrant<Process extends RunningProcess>(
  { name, isExact, port }: Pick<Entrant, "name" | "isExact" | "port">,
  launch: () => Process,
  firstCall: FirstCall,
): Promise<Entrant<Process>> {
  const startedMs = performance.now();
  const started = launch();
  const stop = async () => {
    started.signal("SIGTERM");
    const patience = setTimeout(() => started.signal("SIGKILL"), 5_000);
    await started.exited;
    clearTimeout(patience);
  };
  try {
    await firstAnswer(port, firstCall, started);
  } catch (error) {
    await stop();
    throw error;
  }
  return { name, port, process: started, isExact, startMs: performance.now() - startedMs, stop };
}

async function firstAnswer(port: number, call: FirstCall, server: RunningProcess): Promise<void> {
  const endMs = performance.now() + startPatienceMs;
  if (call.graceMs !== undefined) {
    while (!(server.hasExited || (await isOpen(port)) || performance.now() > endMs)) {
      await delay(pauseMs);
    }
    await delay(call.graceMs);
  }
  for (;;) {
    if (server.hasExited) throw new CannotStart(server.log.trim().slice(-500));
    try {
      await ask(port, call);
      return;
    } catch (error) {
      if (performance.now() > endMs) {
        throw new CannotStart(server.log.trim().slice(-500), { cause: error });
      }
    }
    await delay(pauseMs);
  }
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("error", () => resolve(false));
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
  });
}

/** Makes one call and waits for its answer, whatever it says. */
async function ask(port: number, { certificate, domain }: FirstCall): Promise<void> {
  let settle: (error?: Error) => void = () => undefined;
  const answered = new Promise<void>((resolve, reject) => {
    settle = (error) => (error === undefined ? resolve() : reject(error));
  });
  answered.catch(() => undefined);
  const opening = Connection.open({
    target: { port, certificate },
    template: new RequestTemplate({ domain, descriptors: 1, paths: 1 }),
    timeout: "5S",
    onMessage: () => undefined,
    onEnded: () => settle(),
    onError: (error) => settle(error),
  });
  const connection = await Promise.race([opening, answered.then(() => opening)]);
  try {
    connection.send({ user: 0, startMs: 0, ceiling: 0, hasAnswer: false });
    connection.flush();
    await answered;
  } finally {
    connection.close();
  }
}
