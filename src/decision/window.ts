import type { Unit } from "../limits/limit.ts";

/**
 * Fixed windows tile time from the Unix epoch on: every instance finds the same window without asking. Weeks therefore start on
 * Thursday, and months and years are blocks of 30 and 365 days, as the reference has them.
 */
export const unitSeconds: Readonly<Record<Unit, number>> = {
  SECOND: 1,
  MINUTE: 60,
  HOUR: 3600,
  DAY: 86_400,
  WEEK: 604_800,
  MONTH: 2_592_000,
  YEAR: 31_536_000,
};

/** The first second of the window that `nowSeconds` (whole Unix seconds) falls in. */
export function windowStart(unit: Unit, nowSeconds: number): number {
  return nowSeconds - (nowSeconds % unitSeconds[unit]);
}

/** Whole seconds until the next window begins: 1 up to the window's length. */
export function secondsUntilReset(unit: Unit, nowSeconds: number): number {
  return unitSeconds[unit] - (nowSeconds % unitSeconds[unit]);
}
