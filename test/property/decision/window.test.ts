import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { counterKey } from "../../../src/decision/key.ts";
import { secondsUntilReset, unitSeconds, windowStart } from "../../../src/decision/window.ts";
import { units } from "../../../src/limits/limit.ts";

const unit = fc.constantFrom(...units);
/** Until the year 2800. */
const now = fc.nat({ max: 26_000_000_000 });

describe("windows", () => {
  test("hold the instant they are asked for, and end when they say", () => {
    fc.assert(
      fc.property(unit, now, (unit, now) => {
        const start = windowStart(unit, now);
        const end = now + secondsUntilReset(unit, now);
        expect(start <= now && now < end).toBe(true);
        expect(end - start).toBe(unitSeconds[unit]);
      }),
    );
  });

  test("tile time: where one ends the next begins, and all instants in between are of one", () => {
    fc.assert(
      fc.property(unit, now, fc.double({ min: 0, max: 1, noNaN: true }), (unit, now, part) => {
        const start = windowStart(unit, now);
        const end = now + secondsUntilReset(unit, now);
        expect(windowStart(unit, end)).toBe(end);
        expect(windowStart(unit, end - 1)).toBe(start);
        expect(windowStart(unit, start + Math.floor(part * (end - start - 1)))).toBe(start);
      }),
    );
  });

  test("of two instants share a counter key exactly when they are the same window", () => {
    const entries = [{ key: "key", value: "value" }];
    fc.assert(
      fc.property(unit, now, fc.nat({ max: 40_000_000 }), (unit, now, later) => {
        const keyAt = (at: number) =>
          counterKey("", "domain", entries, undefined, windowStart(unit, at));
        const isSame = later < secondsUntilReset(unit, now);
        expect(keyAt(now) === keyAt(now + later)).toBe(isSame);
      }),
    );
  });
});
