import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { counterKey } from "../../../src/decision/key.ts";
import { secondsUntilReset, unitSeconds, windowStart } from "../../../src/decision/window.ts";
import { units } from "../../../src/limits/limit.ts";
import { plainKey } from "../../support/decisions.ts";

const unit = fc.constantFrom(...units);
const calendar = fc.boolean();
const part = fc.double({ min: 0, max: 1, noNaN: true });
/** Until the year 2800. */
const now = fc.nat({ max: 26_000_000_000 });

describe("windows", () => {
  test("hold the instant they are asked for, and end when they say", () => {
    fc.assert(
      fc.property(unit, now, calendar, (unit, now, calendar) => {
        const start = windowStart(unit, now, calendar);
        const end = now + secondsUntilReset(unit, now, calendar);
        expect(start <= now && now < end).toBe(true);
        if (unit !== "MONTH" || !calendar) expect(end - start).toBe(unitSeconds[unit]);
        else expect([28, 29, 30, 31]).toContain((end - start) / unitSeconds.DAY);
      }),
    );
  });

  test("tile time: where one ends the next begins, and all instants in between are of one", () => {
    fc.assert(
      fc.property(unit, now, calendar, part, (unit, now, calendar, part) => {
        const start = windowStart(unit, now, calendar);
        const end = now + secondsUntilReset(unit, now, calendar);
        expect(windowStart(unit, end, calendar)).toBe(end);
        expect(windowStart(unit, end - 1, calendar)).toBe(start);
        const within = start + Math.floor(part * (end - start - 1));
        expect(windowStart(unit, within, calendar)).toBe(start);
      }),
    );
  });

  test("of two instants share a counter key exactly when they are the same window", () => {
    const entries = [{ key: "key", value: "value" }];
    fc.assert(
      fc.property(
        unit,
        now,
        calendar,
        fc.nat({ max: 40_000_000 }),
        (unit, now, calendar, later) => {
          const keyAt = (at: number) =>
            counterKey("", "domain", entries, plainKey, windowStart(unit, at, calendar));
          const isSame = later < secondsUntilReset(unit, now, calendar);
          expect(keyAt(now) === keyAt(now + later)).toBe(isSame);
        },
      ),
    );
  });
});
