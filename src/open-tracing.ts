import type { Closers } from "./closers.ts";
import type { Log } from "./observe/log.ts";
import type { Settings } from "./settings.ts";
import type { Tracing } from "./tracing/tracing.ts";

/**
 * Loads tracing, when the settings want it; otherwise nothing of it is loaded. Closed last, so that the spans of the last calls are
 * sent.
 *
 * @param graceMs what is left of the time to stop
 */
export async function openTracing(
  { tracing: settings, store }: Settings,
  log: Log,
  closers: Closers,
  graceMs: () => number,
): Promise<Tracing | undefined> {
  if (settings === undefined) return undefined;
  const { startTracing } = await import("./tracing/start-tracing.ts");
  const kind = { backend: store.backend, hasPerSecond: store.perSecond !== undefined };
  const tracing = await startTracing(settings, { log, store: kind });
  closers.add(() => tracing.close(graceMs()));
  return tracing;
}
