import { describe, expect, test } from "@jest/globals";
import { decide } from "../../../src/decision/decide.ts";
import { checkOf, decisionOf, limitOf, plainOptions } from "../../support/decisions.ts";

const regular = limitOf(10);
const quota = limitOf(10, "SECOND", { quotaMode: true });
const shadow = limitOf(10, "SECOND", { shadowMode: true });
const shadowQuota = limitOf(10, "SECOND", { shadowMode: true, quotaMode: true });
const unlimited = limitOf(0, "SECOND", { unlimited: true });
const unlimitedQuota = limitOf(0, "SECOND", { unlimited: true, quotaMode: true });
const none = undefined;

const over = 11;
const ok = 5;

/** Limits of a request and where their counters stand; one without a counter has no total. */
type Row = readonly [limit: typeof regular | undefined, after?: number];

function decideRows(rows: readonly Row[], options = {}) {
  const totals = rows.flatMap(([limit, after]) =>
    limit === undefined || after === undefined ? [] : [after],
  );
  return decisionOf(
    rows.map(([limit]) => checkOf(limit)),
    totals,
    options,
  );
}

describe("the status of a descriptor", () => {
  const bare = {
    code: "OK",
    limit: undefined,
    resetSeconds: 0,
    overLimitHits: 0,
    nearLimitHits: 0,
    isShadowed: false,
    fromLocalCache: false,
  };

  test("that no limit applies to is OK and nothing else", () => {
    const { overallCode, statuses } = decideRows([[none]]);
    expect(overallCode).toBe("OK");
    expect(statuses).toEqual([{ ...bare, remaining: 0, withinLimitHits: 0 }]);
  });

  test("with an unlimited limit is OK, has the largest uint32 left, and counts its hits", () => {
    const { statuses } = decisionOf([checkOf(unlimited, 3)], []);
    expect(statuses).toEqual([{ ...bare, remaining: 4_294_967_295, withinLimitHits: 3 }]);
  });

  test("with an unlimited limit that hits are given back to counts none", () => {
    const { statuses } = decisionOf([checkOf(unlimited, -3)], []);
    expect(statuses).toEqual([{ ...bare, remaining: 4_294_967_295, withinLimitHits: 0 }]);
  });

  test("stands where its descriptor stands", () => {
    const { checks, statuses } = decideRows([[none], [regular, over], [unlimited], [regular, ok]]);
    expect(statuses.map(({ code }) => code)).toEqual(["OK", "OVER_LIMIT", "OK", "OK"]);
    expect(statuses.map(({ limit }) => limit)).toEqual([undefined, regular, undefined, regular]);
    expect(checks).toHaveLength(4);
  });
});

describe("the overall code", () => {
  test.each<readonly [string, "OK" | "OVER_LIMIT", readonly Row[]]>([
    ["no limit at all", "OK", [[none]]],
    ["one limit, not over", "OK", [[regular, ok]]],
    ["one limit, over", "OVER_LIMIT", [[regular, over]]],
    ["one over, one without a limit", "OVER_LIMIT", [[regular, over], [none]]],
    ["the same in the other order", "OVER_LIMIT", [[none], [regular, over]]],
    ["one over, one unlimited", "OVER_LIMIT", [[unlimited], [regular, over]]],
    [
      "one of two over",
      "OVER_LIMIT",
      [
        [regular, ok],
        [regular, over],
      ],
    ],
    [
      "only a shadowed one over",
      "OK",
      [
        [shadow, over],
        [regular, ok],
      ],
    ],
    [
      "a quota over beside a limit that is not",
      "OVER_LIMIT",
      [
        [regular, ok],
        [quota, over],
      ],
    ],
    [
      "a limit over beside a quota that is not",
      "OVER_LIMIT",
      [
        [regular, over],
        [quota, ok],
      ],
    ],
    [
      "a limit and a quota, neither over",
      "OK",
      [
        [regular, ok],
        [quota, ok],
      ],
    ],
    [
      "both quotas over",
      "OVER_LIMIT",
      [
        [quota, over],
        [quota, over],
      ],
    ],
    [
      "the first of two quotas over",
      "OK",
      [
        [quota, over],
        [quota, ok],
      ],
    ],
    [
      "the second of two quotas over",
      "OK",
      [
        [quota, ok],
        [quota, over],
      ],
    ],
    ["a quota over beside a descriptor without a limit", "OVER_LIMIT", [[none], [quota, over]]],
    [
      "a quota in shadow mode counts as passed",
      "OK",
      [
        [quota, over],
        [shadowQuota, over],
      ],
    ],
    ["an unlimited quota is none", "OVER_LIMIT", [[quota, over], [unlimitedQuota]]],
    ["only unlimited ones", "OK", [[unlimited], [unlimitedQuota]]],
  ])("%s: %s", (_, code, rows) => {
    expect(decideRows(rows).overallCode).toBe(code);
  });

  test.each<readonly [string, "OK" | "OVER_LIMIT", readonly Row[]]>([
    [
      "two of two over",
      "OVER_LIMIT",
      [
        [regular, over],
        [regular, over],
      ],
    ],
    [
      "one of two over",
      "OK",
      [
        [regular, over],
        [regular, ok],
      ],
    ],
    [
      "a quota of its own is no different",
      "OVER_LIMIT",
      [
        [quota, over],
        [regular, over],
      ],
    ],
    // Kept as the reference has it: a descriptor without a limit always passes.
    ["one without a limit lets the request pass", "OK", [[regular, over], [none]]],
    ["an unlimited one does not count", "OVER_LIMIT", [[regular, over], [unlimited]]],
    ["nothing but unlimited ones", "OK", [[unlimited]]],
    [
      "one in shadow mode passes",
      "OK",
      [
        [regular, over],
        [shadow, over],
      ],
    ],
  ])("in the global quota mode: %s: %s", (_, code, rows) => {
    const decision = decideRows(rows, { quotaMode: true });
    expect(decision.overallCode).toBe(code);
    expect(decision.quotaMode).toBe(true);
  });

  test("in the global shadow mode is OK, the statuses stay, and the decision says so", () => {
    const decision = decideRows([[regular, over], [none]], { shadowMode: true });
    expect(decision).toMatchObject({ overallCode: "OK", isGloballyShadowed: true });
    expect(decision.statuses.map(({ code }) => code)).toEqual(["OVER_LIMIT", "OK"]);
  });

  test("in the global shadow mode shadows nothing that is not denied", () => {
    expect(decideRows([[regular, ok]], { shadowMode: true }).isGloballyShadowed).toBe(false);
    expect(
      decideRows(
        [
          [quota, over],
          [quota, ok],
        ],
        { shadowMode: true },
      ).isGloballyShadowed,
    ).toBe(false);
  });

  test("of quotas that are all over is shadowed by the global shadow mode", () => {
    expect(
      decideRows(
        [
          [quota, over],
          [quota, over],
        ],
        { shadowMode: true },
      ),
    ).toMatchObject({
      overallCode: "OK",
      isGloballyShadowed: true,
    });
  });
});

test("a store that answers fewer or more totals than were asked fails the request", () => {
  const question = { domain: "domain", nowSeconds: 1234 };
  const plan = { increments: [], places: [] };
  expect(() => decide([], plan, [1], question, plainOptions)).toThrow(/one to one/);
  expect(() => decisionOf([checkOf(regular)], [])).toThrow(/one to one/);
});
