import { beforeEach, describe, expect, test } from "@jest/globals";
import type { Check } from "../../../src/decision/check.ts";
import { decide } from "../../../src/decision/decide.ts";
import { rememberOver } from "../../../src/decision/known-over.ts";
import { planIncrements } from "../../../src/decision/plan.ts";
import { CountingKnownOver, checkOf, limitOf, plainOptions } from "../../support/decisions.ts";

describe("counters known to be over their limit", () => {
  let known: CountingKnownOver;
  beforeEach(() => {
    known = new CountingKnownOver();
  });

  /** One request, with the totals that the store answers. */
  function ask(checks: readonly Check[], totals: readonly number[], nowSeconds = 1234) {
    const question = { domain: "domain", nowSeconds };
    const plan = planIncrements(checks, question, plainOptions, known);
    const decision = decide(checks, plan, totals, question, plainOptions);
    rememberOver(plan, decision, question, plainOptions, known);
    return decision;
  }

  test("are remembered until their window ends", () => {
    ask([checkOf(limitOf(10, "MINUTE"))], [11]);
    expect([...known.untilSeconds]).toEqual([["domain_key_value_1200", 1260]]);
  });

  test("are not those at their limit or within it, and not those without a limit", () => {
    ask([checkOf(limitOf(10)), checkOf(undefined), checkOf(limitOf(10, "HOUR"))], [10, 1]);
    expect(known.untilSeconds.size).toBe(0);
  });

  test("are found by a look as well, for it says the same", () => {
    ask([checkOf(limitOf(10), 0)], [11]);
    expect(known.untilSeconds.size).toBe(1);
  });

  test("are those of limits in shadow mode, too", () => {
    ask([checkOf(limitOf(10, "SECOND", { shadowMode: true }))], [11]);
    expect(known.untilSeconds.size).toBe(1);
  });

  test("are forgotten once hits are given back, whatever the total", () => {
    ask([checkOf(limitOf(10))], [15]);
    ask([checkOf(limitOf(10), -1)], [14]);
    expect(known.untilSeconds.size).toBe(0);
  });

  test("stay remembered when they are answered from memory, without moving the end", () => {
    ask([checkOf(limitOf(10, "MINUTE"))], [11], 1201);
    ask([checkOf(limitOf(10, "MINUTE"))], [], 1234);
    expect([...known.untilSeconds]).toEqual([["domain_key_value_1200", 1260]]);
  });

  test.each([
    ["2 hits", 2, "OVER_LIMIT", false, [2, 0, 0]],
    ["a look", 0, "OVER_LIMIT", false, [0, 0, 0]],
    ["2 hits in shadow mode", 2, "OK", true, [2, 0, 0]],
  ] as const)("deny %s without the store, and say how", (_, hits, code, shadowMode, counts) => {
    const limit = limitOf(5, "MINUTE", { shadowMode });
    known.remember("domain_key_value_1200", 1260);
    const [status] = ask([checkOf(limit, hits)], []).statuses;
    expect(status).toEqual({
      code,
      limit,
      remaining: 0,
      resetSeconds: 26,
      overLimitHits: counts[0],
      nearLimitHits: counts[1],
      withinLimitHits: counts[2],
      isShadowed: shadowMode,
      fromLocalCache: true,
    });
  });

  test("do not deny other descriptors of the request", () => {
    known.remember("domain_a_1_1234", 1235);
    const { overallCode, statuses } = ask(
      [checkOf(limitOf(10), 1, { a: "1" }), checkOf(limitOf(10), 1, { a: "2" })],
      [4],
    );
    expect(overallCode).toBe("OVER_LIMIT");
    expect(statuses.map(({ code, remaining }) => [code, remaining])).toEqual([
      ["OVER_LIMIT", 0],
      ["OK", 6],
    ]);
  });
});
