import { expect, test } from "@jest/globals";
import { memcacheExpiry } from "../../../../src/counters/memcache/expiry.ts";

const nowMs = Date.parse("2026-11-24T12:00:00.400Z");
const now = 1_795_521_600;

test.each([
  ["a second", 1, 2],
  ["a minute and its jitter", 161, 162],
  ["a week", 604_800, 604_801],
  ["the longest that is relative", 2_591_999, 2_592_000],
  // From here on Memcached takes the number for an instant.
  ["a month", 2_592_000, now + 1 + 2_592_001],
  ["a month of 31 days and its jitter", 2_678_700, now + 1 + 2_678_701],
  ["a year and its jitter", 31_536_299, now + 1 + 31_536_300],
])("%s", (_, ttlSeconds, expiry) => {
  expect(memcacheExpiry(ttlSeconds, nowMs)).toBe(expiry);
});

test("an instant beyond 2038 is as late as Memcached can read", () => {
  expect(memcacheExpiry(31_536_000, Date.parse("2037-12-31T00:00:00Z"))).toBe(2 ** 31 - 1);
});
