import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  admit,
  expectedTotals,
  isDenied,
  looksOf,
  planAdmissions,
} from "../../../src/decision/admission.ts";
import type { Check } from "../../../src/decision/check.ts";
import { decide } from "../../../src/decision/decide.ts";
import { type KnownOver, noneKnownOver, rememberOver } from "../../../src/decision/known-over.ts";
import { planIncrements } from "../../../src/decision/plan.ts";
import { CounterModel } from "../../support/counter-model.ts";
import { CountingKnownOver, checkOf, limitOf, plainOptions } from "../../support/decisions.ts";

const question = { domain: "domain", nowSeconds: 1234 };
const onlyAdmitted = { ...plainOptions, countsOnlyAdmitted: true };

const regular = (a: string, hits = 1) => checkOf(limitOf(10), hits, { a });
const shadow = (a: string, hits = 1) =>
  checkOf(limitOf(10, "SECOND", { shadowMode: true }), hits, { a });
const quota = (a: string, hits = 1) =>
  checkOf(limitOf(10, "SECOND", { quotaMode: true }), hits, { a });
const shadowQuota = (a: string) =>
  checkOf(limitOf(10, "SECOND", { quotaMode: true, shadowMode: true }), 1, { a });
const unlimited = checkOf(limitOf(0, "SECOND", { unlimited: true }));
const none = checkOf(undefined);

describe("what an increment means for its request", () => {
  const kinds = (checks: readonly Check[], quotaMode = false) => {
    const options = { ...onlyAdmitted, quotaMode };
    const plan = planIncrements(checks, question, options, noneKnownOver);
    return planAdmissions(checks, plan, options).admissions.map(({ denies }) => denies);
  };

  test.each<readonly [string, readonly Check[], boolean, readonly string[]]>([
    ["limits deny alone", [regular("1"), regular("2")], false, ["alone", "alone"]],
    ["in shadow mode they never do", [shadow("1"), regular("2")], false, ["never", "alone"]],
    ["hits given back never do", [regular("1", -1), regular("2")], false, ["never", "alone"]],
    [
      "quotas deny together",
      [quota("1"), quota("2"), regular("3")],
      false,
      ["together", "together", "alone"],
    ],
    [
      "a shadowed quota keeps the others from it",
      [quota("1"), shadowQuota("2")],
      false,
      ["never", "never"],
    ],
    [
      "so does one that hits are given back to",
      [quota("1"), quota("2", -1)],
      false,
      ["never", "never"],
    ],
    [
      "unlimited and missing limits are no quotas",
      [quota("1"), unlimited, none],
      false,
      ["together"],
    ],
    [
      "the global quota mode makes quotas of all",
      [regular("1"), quota("2"), unlimited],
      true,
      ["together", "together"],
    ],
    ["in which a missing limit lets the request pass", [regular("1"), none], true, ["never"]],
  ])("%s", (_, checks, quotaMode, expected) => {
    expect(kinds(checks, quotaMode)).toEqual(expected);
  });
});

/** One request after another over the same counters, as the service does it. */
class Service {
  readonly model = new CounterModel();
  readonly #knownOver: KnownOver;

  constructor(knownOver: KnownOver = noneKnownOver) {
    this.#knownOver = knownOver;
  }

  ask(checks: readonly Check[], flags: { quotaMode?: boolean; shadowMode?: boolean } = {}) {
    const options = { ...onlyAdmitted, ...flags };
    const plan = planIncrements(checks, question, options, this.#knownOver);
    const { admissions, isDenied: isDeniedByMemory } = planAdmissions(checks, plan, options);
    const look = () => looksOf(admissions).map((each) => this.model.increment(each, 0));
    const totals = isDeniedByMemory
      ? expectedTotals(admissions, look())
      : this.model.admit(admissions, 0);
    const decision = decide(checks, plan, totals, question, options);
    rememberOver(plan, decision, question, options, this.#knownOver);
    return { ...decision, isDeniedByStore: isDeniedByMemory || isDenied(admissions, totals) };
  }

  count(a: string): number {
    return this.model.increment(
      { key: `domain_a_${a}_1234`, hits: 0, ttlSeconds: 1, perSecond: true },
      0,
    );
  }
}

describe("a denied request", () => {
  test("adds nothing, and says of each descriptor what is left without it", () => {
    const service = new Service();
    service.ask([regular("1", 7), regular("2", 9)]);
    const { overallCode, statuses } = service.ask([
      regular("1", 2),
      regular("2", 2),
      regular("3", 2),
    ]);
    expect(overallCode).toBe("OVER_LIMIT");
    expect(statuses.map(({ code, remaining }) => [code, remaining])).toEqual([
      ["OK", 3],
      ["OVER_LIMIT", 0],
      ["OK", 10],
    ]);
    expect([service.count("1"), service.count("2"), service.count("3")]).toEqual([7, 9, 0]);
  });

  test("counts its hits as over where they were, and nowhere else", () => {
    const service = new Service();
    service.ask([regular("1", 8), regular("2", 9)]);
    const { statuses } = service.ask([regular("1", 2), regular("2", 3)]);
    expect(statuses.map((s) => [s.overLimitHits, s.nearLimitHits, s.withinLimitHits])).toEqual([
      [0, 0, 0],
      [2, 1, 0],
    ]);
  });

  test("leaves room for a smaller one", () => {
    const known = new CountingKnownOver();
    const service = new Service(known);
    service.ask([regular("1", 8)]);
    expect(service.ask([regular("1", 5)]).overallCode).toBe("OVER_LIMIT");
    expect(service.ask([regular("1", 2)]).overallCode).toBe("OK");
    expect(service.ask([regular("1", 1)]).overallCode).toBe("OVER_LIMIT");
    expect([...known.untilSeconds.keys()]).toEqual(["domain_a_1_1234"]);
  });

  test("in the global shadow mode is answered OK, and counts as little", () => {
    const service = new Service();
    service.ask([regular("1", 10)]);
    const { overallCode, isGloballyShadowed } = service.ask([regular("1"), regular("2")], {
      shadowMode: true,
    });
    expect([overallCode, isGloballyShadowed, service.count("2")]).toEqual(["OK", true, 0]);
  });
});

describe("a request that passes although a counter is exhausted", () => {
  test("because that limit is in shadow mode counts in the others", () => {
    const service = new Service();
    service.ask([shadow("1", 10)]);
    const { overallCode, statuses } = service.ask([shadow("1"), regular("2")]);
    expect([overallCode, statuses[0]?.isShadowed]).toEqual(["OK", true]);
    expect([service.count("1"), service.count("2")]).toEqual([10, 1]);
  });

  test("because another quota has room counts there, until that is exhausted as well", () => {
    const service = new Service();
    service.ask([quota("1", 10)]);
    for (let i = 0; i < 10; i++) {
      expect(service.ask([quota("1"), quota("2")]).overallCode).toBe("OK");
    }
    expect(service.ask([quota("1"), quota("2"), regular("3")]).overallCode).toBe("OVER_LIMIT");
    expect([service.count("1"), service.count("2"), service.count("3")]).toEqual([10, 10, 0]);
  });
});

describe("a counter remembered as exhausted", () => {
  test("denies without the store, and nothing is added to the others", () => {
    const service = new Service(new CountingKnownOver());
    service.ask([regular("1", 10)]);
    service.ask([regular("1")]);
    const { overallCode, statuses } = service.ask([regular("1"), regular("2"), regular("3", -1)]);
    expect(overallCode).toBe("OVER_LIMIT");
    expect(statuses.map(({ fromLocalCache, remaining }) => [fromLocalCache, remaining])).toEqual([
      [true, 0],
      [false, 10],
      [false, 10],
    ]);
    expect(service.count("2")).toBe(0);
  });

  test("does not answer a look, to which it is not over", () => {
    const service = new Service(new CountingKnownOver());
    service.ask([regular("1", 10)]);
    service.ask([regular("1")]);
    expect(service.ask([regular("1", 0)]).statuses[0]).toMatchObject({ code: "OK", remaining: 0 });
  });

  test("of the only quotas denies as well; of one among several it does not", () => {
    const service = new Service(new CountingKnownOver());
    service.ask([quota("1", 10)]);
    service.ask([quota("1")]);
    expect(service.ask([quota("1"), quota("2")]).overallCode).toBe("OK");
    expect(service.ask([quota("1"), regular("3")]).overallCode).toBe("OVER_LIMIT");
    expect([service.count("2"), service.count("3")]).toEqual([1, 0]);
  });
});

const anyCheck = fc
  .record({
    kind: fc.constantFrom("regular", "shadow", "quota", "shadowQuota", "unlimited", "none"),
    name: fc.constantFrom("1", "2", "3"),
    hits: fc.integer({ min: -3, max: 6 }),
    requestsPerUnit: fc.integer({ min: 0, max: 9 }),
  })
  .map(({ kind, name, hits, requestsPerUnit }) => {
    const flags = {
      shadowMode: kind === "shadow" || kind === "shadowQuota",
      quotaMode: kind === "quota" || kind === "shadowQuota",
      unlimited: kind === "unlimited",
    };
    const limit = kind === "none" ? undefined : limitOf(requestsPerUnit, "SECOND", flags);
    return checkOf(limit, hits, { a: name });
  });

test("the store denies exactly the requests that are answered with a denial, whatever they consist of", () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(anyCheck, { minLength: 1, maxLength: 5 }), { maxLength: 8 }),
      fc.boolean(),
      fc.boolean(),
      (requests, quotaMode, isRemembering) => {
        const service = new Service(isRemembering ? new CountingKnownOver() : noneKnownOver);
        for (const checks of requests) {
          const { overallCode, isDeniedByStore } = service.ask(checks, { quotaMode });
          expect(overallCode === "OVER_LIMIT").toBe(isDeniedByStore);
        }
      },
    ),
    { numRuns: 500 },
  );
});

test("the pure rule and the plain model agree, whatever comes", () => {
  const anyAdmissions = fc.array(
    fc.record({
      key: fc.constantFrom("a", "b"),
      hits: fc.integer({ min: -3, max: 6 }),
      limit: fc.integer({ min: 0, max: 9 }),
      denies: fc.constantFrom("alone" as const, "together" as const, "never" as const),
      ttlSeconds: fc.constant(60),
      perSecond: fc.constant(false),
    }),
  );
  fc.assert(
    fc.property(anyAdmissions, fc.nat({ max: 9 }), fc.nat({ max: 9 }), (admissions, a, b) => {
      const model = new CounterModel();
      const seed = { ttlSeconds: 60, perSecond: false };
      model.increment({ ...seed, key: "a", hits: a }, 0);
      model.increment({ ...seed, key: "b", hits: b }, 0);
      const { totals } = admit(admissions, (key) => (key === "a" ? a : b));
      expect(totals).toEqual(model.admit(admissions, 0));
    }),
    { numRuns: 500 },
  );
});
