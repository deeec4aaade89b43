import { setTimeout as delay } from "node:timers/promises";

/**
 * Calls `check` until it neither throws nor answers `false`, and returns its answer. After `timeoutMs` its last error is thrown, or
 * one that says that it stayed false.
 */
export async function eventually<Result>(
  check: () => Result | Promise<Result>,
  { timeoutMs = 4000, intervalMs = 5 } = {},
): Promise<Result> {
  const endMs = performance.now() + timeoutMs;
  for (;;) {
    let failure: unknown = new Error(`still false after ${timeoutMs} ms: ${check.toString()}`);
    try {
      const result = await check();
      if (result !== false) return result;
    } catch (error) {
      failure = error;
    }
    if (performance.now() > endMs) throw failure;
    await delay(intervalMs);
  }
}
