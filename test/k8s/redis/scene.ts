import type { Calls, Gate } from "./gate.ts";
import type { Pods } from "./pods.ts";

/** Something that happens to Redis while the service is called. */
export interface Scene {
  readonly name: string;
  /** The most calls that may fail. */
  readonly failedMax: number;
  /**
   * @param answers waits until calls to all counters are answered
   * @returns what else is worth telling
   * @throws Error when something is not as it has to be
   */
  play(pods: Pods, answers: () => Promise<void>): Promise<readonly string[]>;
}

export interface Outcome {
  readonly seconds: number;
  readonly calls: Calls;
  readonly facts: readonly string[];
}

/** @throws Error when something is not as it has to be, or more calls failed than may */
export async function play(scene: Scene, pods: Pods, gate: Gate): Promise<Outcome> {
  const startedMs = performance.now();
  let facts: readonly string[] = [];
  const calls = await gate.callsDuring(async () => {
    facts = await scene.play(pods, () => gate.answers());
  });
  await gate.answers();
  const seconds = (performance.now() - startedMs) / 1000;
  if (calls.failed > scene.failedMax) {
    const reasons = [...calls.failures].map(([reason, count]) => `${count} × ${reason}`).join("; ");
    throw new Error(`${calls.failed} calls failed, where ${scene.failedMax} may: ${reasons}`);
  }
  return { seconds, calls, facts };
}
