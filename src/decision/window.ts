import type { Unit } from "../limits/limit.ts";

/**
 * Fixed windows tile time: every instance finds the same window without asking. Those of a length in seconds do so from the Unix
 * epoch on: weeks therefore start on Thursday, and months and years are blocks of 30 and 365 days, as the reference has them. Where the
 * operator wants calendar months (`USE_CALENDAR_MONTH_RATE_LIMIT`), a month begins with its first day in UTC; years stay.
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
export function windowStart(unit: Unit, nowSeconds: number, calendarMonths = false): number {
  return calendarMonths && unit === "MONTH"
    ? monthStart(nowSeconds, 0)
    : nowSeconds - (nowSeconds % unitSeconds[unit]);
}

/** Whole seconds until the next window begins: 1 up to the window's length. */
export function secondsUntilReset(unit: Unit, nowSeconds: number, calendarMonths = false): number {
  return calendarMonths && unit === "MONTH"
    ? monthStart(nowSeconds, 1) - nowSeconds
    : unitSeconds[unit] - (nowSeconds % unitSeconds[unit]);
}

/**
 * How long a counter that begins now has to live. A whole window, as in the reference, though less would do; of a calendar month
 * what is left of it.
 */
export function secondsToLive(unit: Unit, nowSeconds: number, calendarMonths: boolean): number {
  return calendarMonths && unit === "MONTH"
    ? secondsUntilReset(unit, nowSeconds, true)
    : unitSeconds[unit];
}

/** The first second of the calendar month that comes `later` months after that of `nowSeconds`. */
function monthStart(nowSeconds: number, later: number): number {
  const now = new Date(nowSeconds * 1000);
  return Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + later) / 1000;
}
