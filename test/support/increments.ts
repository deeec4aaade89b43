import type { Increment } from "../../src/decision/increment.ts";

/** An increment of one hit that lives for a minute, unless `changes` say otherwise. */
export function increment(changes: Partial<Increment> & { readonly key: string }): Increment {
  return { hits: 1, ttlSeconds: 60, perSecond: false, ...changes };
}
