/** Memcached takes more than 30 days for an instant: seconds since 1970. */
const relativeSecondsMax = 2_592_000;

/** It reads the number as an int32. */
const expirySecondsMax = 0x7fff_ffff;

/**
 * What Memcached is told for a counter to live so long. It gets one second more, since Memcached counts whole seconds of a clock of its
 * own, the present one of which has partly passed: a counter that lived shorter than its window would let hits through.
 */
export function memcacheExpiry(ttlSeconds: number, nowMs: number): number {
  const seconds = ttlSeconds + 1;
  return seconds <= relativeSecondsMax
    ? seconds
    : Math.min(Math.ceil(nowMs / 1000) + seconds, expirySecondsMax);
}
