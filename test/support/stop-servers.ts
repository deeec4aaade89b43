interface Stoppable {
  stop(): Promise<void>;
}

/** Jest loads this file separately for the start and for the end of a run: only the global object is the same. */
const place = globalThis as { velocityGateServers?: Promise<Stoppable>[] };

/** Remembers something to be stopped at the end of the run, even when something else fails to start. */
export function keepRunning<T extends Stoppable>(starting: Promise<T>): Promise<T> {
  place.velocityGateServers ??= [];
  place.velocityGateServers.push(starting);
  return starting;
}

export default async function stopServers(): Promise<void> {
  const started = await Promise.allSettled(place.velocityGateServers ?? []);
  await Promise.all(
    started.map((outcome) => (outcome.status === "fulfilled" ? outcome.value.stop() : undefined)),
  );
}
