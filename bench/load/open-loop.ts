import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Calls } from "./calls.ts";
import type { Connection } from "./connection.ts";
import { LatencyRecord } from "./latencies.ts";
import { seededRandom } from "./random.ts";
import type { LoadSpec, Pace } from "./spec.ts";

/**
 * How far apart the instants are at which due calls are made. The loop's timers know whole milliseconds only; but to wake up costs
 * tens of microseconds of a machine that the servers run on, too.
 */
const tickMs = 0.5;

/** With so many calls unanswered the server is seconds behind, and its latencies say only how long the run was. */
const unansweredMaxDefault = 4_000;

/** How long such a server's answers are still waited for. */
const patienceMs = 1_000;

export interface OpenLoop {
  readonly lag: LatencyRecord;
  readonly isOverloaded: boolean;
  run(): Promise<void>;
}

/**
 * Calls come at random instants (a Poisson process), whether or not the ones before are answered. Their latency counts from the
 * instant at which they were due, so a server that is held up is charged for every call that would have met the delay.
 */
export async function prepareOpenLoop(
  calls: Calls,
  { connections, perSecond, unansweredMax = unansweredMaxDefault }: Extract<Pace, { kind: "open" }>,
  { secondsMax, callsMax, seed }: Pick<LoadSpec, "secondsMax" | "callsMax" | "seed">,
): Promise<OpenLoop> {
  const lag = new LatencyRecord(0);
  const random = seededRandom(seed + 1);
  const meanPauseMs = 1000 / perSecond;
  const unanswered = () => calls.made - calls.ended;
  let isOver = false;
  let isOverloaded = false;
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  await calls.open(connections, () => {
    if (isOver && unanswered() === 0) finish();
  });
  const ticker = new Worker(new URL("./ticker.js", import.meta.url), { workerData: { tickMs } });
  // A thread takes its time to start, in which calls would be due already.
  await once(ticker, "message");
  const run = async () => {
    let dueMs = performance.now() + pause();
    const endMs = dueMs + secondsMax * 1000;
    let turn = 0;
    const onTick = () => {
      const nowMs = performance.now();
      while (!isOver && dueMs <= nowMs) {
        if (unanswered() > unansweredMax) {
          isOverloaded = true;
          setTimeout(finish, patienceMs);
        }
        isOver = dueMs >= endMs || calls.made >= callsMax || isOverloaded;
        if (isOver) break;
        calls.make(calls.connections[turn] as Connection, dueMs);
        turn = (turn + 1) % connections;
        lag.add(nowMs - dueMs);
        dueMs += pause();
      }
      for (const connection of calls.connections) connection.flush();
      if (isOver && unanswered() === 0) finish();
    };
    ticker.on("message", onTick);
    try {
      await Promise.race([finished, calls.failed, once(ticker, "error").then(rethrow)]);
    } finally {
      await ticker.terminate();
    }
  };
  const pause = () => -Math.log(1 - random()) * meanPauseMs;
  return {
    lag,
    get isOverloaded() {
      return isOverloaded;
    },
    run,
  };
}

function rethrow([error]: unknown[]): never {
  throw error;
}
