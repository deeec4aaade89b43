import type { Calls } from "./calls.ts";
import type { Connection } from "./connection.ts";
import type { LoadSpec } from "./spec.ts";

type Bounds = Pick<LoadSpec, "secondsMax" | "callsMax">;

/** Every stream calls again as soon as it is answered, until one of the bounds is reached. */
export async function prepareClosedLoop(
  calls: Calls,
  connections: number,
  streams: number,
  { secondsMax, callsMax }: Bounds,
): Promise<() => Promise<void>> {
  let endMs = 0;
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  await calls.open(connections, (connection, call, nowMs) => {
    if (nowMs < endMs && calls.made < callsMax) calls.make(connection, nowMs, call);
    else if (calls.ended === calls.made) finish();
  });
  return () => {
    const startMs = performance.now();
    endMs = startMs + secondsMax * 1000;
    for (const connection of calls.connections) {
      for (let i = 0; i < streams && calls.made < callsMax; i++) calls.make(connection, startMs);
      connection.flush();
    }
    return Promise.race([finished, calls.failed]);
  };
}

/** One connection makes `size` calls in one write, and the next ones when all of them are answered. */
export async function prepareBursts(
  calls: Calls,
  size: number,
  { secondsMax, callsMax }: Bounds,
): Promise<() => Promise<void>> {
  let endMs = 0;
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const burst = (connection: Connection, nowMs: number) => {
    for (let i = 0; i < size; i++) calls.make(connection, nowMs);
  };
  await calls.open(1, (connection, _call, nowMs) => {
    if (calls.ended < calls.made) return;
    if (nowMs < endMs && calls.made < callsMax) burst(connection, nowMs);
    else finish();
  });
  return () => {
    const startMs = performance.now();
    endMs = startMs + secondsMax * 1000;
    for (const connection of calls.connections) {
      burst(connection, startMs);
      connection.flush();
    }
    return Promise.race([finished, calls.failed]);
  };
}
