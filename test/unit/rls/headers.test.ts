import { describe, expect, test } from "@jest/globals";
import { limitHeaders } from "../../../src/rls/headers.ts";
import { checkOf, decisionOf, limitOf } from "../../support/decisions.ts";

const names = {
  limit: "RateLimit-Limit",
  remaining: "RateLimit-Remaining",
  reset: "RateLimit-Reset",
};

type Rows = readonly (readonly [limit: ReturnType<typeof limitOf> | undefined, after?: number])[];

/** The headers' values for limits and where their counters stand. */
function values(rows: Rows, options = {}): string[] {
  const totals = rows.flatMap(([, after]) => (after === undefined ? [] : [after]));
  const decision = decisionOf(
    rows.map(([limit]) => checkOf(limit)),
    totals,
    options,
    2222,
  );
  return limitHeaders(decision, names).map(({ value }) => value);
}

const quota = (perUnit: number) => limitOf(perUnit, "MINUTE", { quotaMode: true });
const shadow = (perUnit: number) => limitOf(perUnit, "MINUTE", { shadowMode: true });
const regular = (perUnit: number) => limitOf(perUnit, "MINUTE");

describe("limit headers", () => {
  test("are three: the limit, what is left and the seconds until it is whole again", () => {
    const decision = decisionOf([checkOf(regular(10))], [11], {}, 2222);
    const custom = { limit: "A-Limit", remaining: "A-Remaining", reset: "A-Reset" };
    const noBytes = Buffer.alloc(0);
    expect(limitHeaders(decision, names)).toEqual([
      { key: "RateLimit-Limit", value: "10", rawValue: noBytes },
      { key: "RateLimit-Remaining", value: "0", rawValue: noBytes },
      { key: "RateLimit-Reset", value: "58", rawValue: noBytes },
    ]);
    expect(limitHeaders(decision, custom).map(({ key }) => key)).toEqual(Object.values(custom));
  });

  test.each<readonly [string, Rows, string[]]>([
    ["no limit applies", [[undefined]], []],
    ["only an unlimited one does", [[limitOf(0, "SECOND", { unlimited: true })]], []],
    [
      "the one with least left",
      [
        [regular(10), 1],
        [regular(20), 15],
        [regular(30), 2],
      ],
      ["20", "5", "58"],
    ],
    [
      "the first of equals",
      [
        [regular(10), 5],
        [regular(20), 15],
      ],
      ["10", "5", "58"],
    ],
    [
      "least left of any unit",
      [
        [regular(10), 5],
        [limitOf(5, "HOUR"), 2],
      ],
      ["5", "3", "1378"],
    ],
    ["one without a limit is no competitor", [[undefined], [regular(10), 5]], ["10", "5", "58"]],
    [
      "the one that denies",
      [
        [regular(10), 10],
        [regular(20), 21],
      ],
      ["20", "0", "58"],
    ],
    [
      "the last that denies",
      [
        [regular(10), 11],
        [regular(20), 21],
        [regular(30), 30],
      ],
      ["20", "0", "58"],
    ],
    [
      "a quota that is over, when nothing denies",
      [
        [quota(10), 11],
        [quota(20), 5],
      ],
      ["10", "0", "58"],
    ],
    [
      "a limit that denies before a quota that is over",
      [
        [regular(10), 11],
        [quota(20), 21],
      ],
      ["10", "0", "58"],
    ],
    [
      "the first of quotas that deny together",
      [
        [quota(10), 11],
        [quota(20), 21],
      ],
      ["10", "0", "58"],
    ],
    // The reference tells nothing here: it looks for less than the largest uint32.
    ["the largest uint32 left", [[regular(4_294_967_295), 0]], ["4294967295", "4294967295", "58"]],
  ])("tell: %s", (_, rows, expected) => {
    expect(values(rows)).toEqual(expected);
  });

  test.each<readonly [string, Rows, string[]]>([
    [
      "one that is over",
      [
        [shadow(5), 6],
        [regular(10), 3],
      ],
      ["10", "7", "58"],
    ],
    [
      "one that has less left",
      [
        [shadow(5), 4],
        [regular(10), 3],
      ],
      ["10", "7", "58"],
    ],
    ["the only one", [[shadow(5), 4]], []],
  ])("leave out limits in shadow mode: %s", (_, rows, expected) => {
    expect(values(rows)).toEqual(expected);
  });

  test("tell in the global quota mode the first with least left: no limit denies by itself", () => {
    expect(
      values(
        [
          [regular(10), 11],
          [regular(20), 21],
        ],
        { quotaMode: true },
      ),
    ).toEqual(["10", "0", "58"]);
  });

  test("tell in the global shadow mode what would deny, as the statuses do", () => {
    expect(values([[regular(10), 11]], { shadowMode: true })).toEqual(["10", "0", "58"]);
  });
});
