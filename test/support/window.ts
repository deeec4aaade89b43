import { setTimeout as delay } from "node:timers/promises";

/**
 * Waits, when the current minute of the clock has less than this left, for the next: what follows then falls into one window of a
 * minute, and of an hour and a day.
 */
export async function roomInMinute(seconds: number): Promise<void> {
  const leftMs = 60_000 - (Date.now() % 60_000);
  if (leftMs < seconds * 1000) await delay(leftMs + 50);
}

/** The same for the day, in UTC. */
export async function roomInDay(seconds: number): Promise<void> {
  const leftMs = 86_400_000 - (Date.now() % 86_400_000);
  if (leftMs < seconds * 1000) await delay(leftMs + 50);
}
