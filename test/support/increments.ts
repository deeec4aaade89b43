import type { Admission, Increment } from "../../src/decision/increment.ts";

/** An increment of one hit that lives for a minute, unless `changes` say otherwise. */
export function increment(changes: Partial<Increment> & { readonly key: string }): Increment {
  return { hits: 1, ttlSeconds: 60, perSecond: false, ...changes };
}

/** The same, with a limit of 10 that denies its request. */
export function admission(changes: Partial<Admission> & { readonly key: string }): Admission {
  return { ...increment(changes), limit: 10, denies: "alone", ...changes };
}
