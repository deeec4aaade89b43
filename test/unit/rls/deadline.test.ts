import { describe, expect, test } from "@jest/globals";
import { storeDeadline } from "../../../src/rls/deadline.ts";

/** How many milliseconds the counters have, of a call whose caller waits so long. */
function timeOf(callerMs: number | undefined, callMs: number, marginMs = 2): number {
  const callerLeavesMs = callerMs === undefined ? undefined : Date.now() + callerMs;
  return storeDeadline(1_000, callerLeavesMs, { callMs, marginMs }) - 1_000;
}

const none = Number.POSITIVE_INFINITY;

describe("the time for the counters", () => {
  test.each([
    ["what the caller has, less the margin", 20, none, 2, 18],
    ["what a call may take, less the margin", undefined, 50, 2, 48],
    ["the shorter of both", 20, 50, 2, 18],
    ["the shorter of both, the other way round", 100, 50, 5, 45],
    ["all of it without a margin", 20, none, 0, 20],
    ["half of it when it is short", 3, none, 2, 1.5],
    ["half of it when the margin is long", undefined, 50, 1_000, 25],
    ["without end when nobody sets one", undefined, none, 2, none],
    ["over when the caller has gone", -5, none, 2, -5],
  ])("is %s", (_, callerMs, callMs, marginMs, expected) => {
    const time = timeOf(callerMs, callMs, marginMs);
    // The clock goes on between two readings.
    if (expected === none) expect(time).toBe(none);
    else expect(Math.abs(time - expected)).toBeLessThanOrEqual(callerMs === undefined ? 0 : 2);
  });
});
