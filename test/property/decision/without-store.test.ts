import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { shareOf } from "../../../src/decision/without-store.ts";

test("the shares of a limit admit all of it together, and at most one less than there are instances beyond it", () => {
  fc.assert(
    fc.property(
      fc.nat({ max: 4_294_967_295 }),
      fc.integer({ min: 1, max: 1_000_000 }),
      (limit, n) => {
        const share = shareOf(limit, n);
        expect(Number.isInteger(share)).toBe(true);
        expect(share * n).toBeGreaterThanOrEqual(limit);
        expect(share * n).toBeLessThanOrEqual(limit + n - 1);
        expect(share > 0).toBe(limit > 0);
      },
    ),
  );
});
