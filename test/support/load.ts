import { setTimeout as delay } from "node:timers/promises";
import type { CounterStore } from "../../src/counters/store.ts";
import type { VelocityGateError } from "../../src/errors.ts";
import { increment } from "./increments.ts";

/** Callers that add one hit after another to some counters, until they are told to stop. */
export interface Load {
  /** The totals that were answered, by key, in the order of the answers. */
  readonly totals: ReadonlyMap<string, readonly number[]>;
  /** `CODE: message` of every increment that failed, by key. */
  readonly errors: ReadonlyMap<string, readonly string[]>;
  /** Increments that were answered or failed. */
  readonly count: number;
  /** Lets the increments under way come to their end. */
  stop(): Promise<void>;
}

/** Starts `callers` callers, who go through the keys in turn. */
export function startLoad(store: CounterStore, keys: readonly string[], callers: number): Load {
  const totals = new Map(keys.map((key) => [key, [] as number[]]));
  const errors = new Map(keys.map((key) => [key, [] as string[]]));
  let isStopped = false;
  let count = 0;
  const call = async (key: string) => {
    try {
      const [total] = await store.incrementAll([increment({ key })]);
      totals.get(key)?.push(total as number);
    } catch (error) {
      const { code, message } = error as VelocityGateError;
      errors.get(key)?.push(`${code}: ${message}`);
      // Increments that fail at once would otherwise take all the time there is.
      await delay(1);
    }
    count += 1;
  };
  const caller = async (_: unknown, first: number) => {
    for (let at = first; !isStopped; at++) {
      await call(keys[at % keys.length] as string);
    }
  };
  const running = Array.from({ length: callers }, caller);
  return {
    totals,
    errors,
    get count() {
      return count;
    },
    async stop() {
      isStopped = true;
      await Promise.all(running);
    },
  };
}
