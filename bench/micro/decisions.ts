import { bench, do_not_optimize, group } from "mitata";
import type { DecisionOptions } from "../../src/decision/algorithm.ts";
import type { Check, Decision } from "../../src/decision/check.ts";
import { matchRequest } from "../../src/decision/checks.ts";
import { decide } from "../../src/decision/decide.ts";
import { counterKey } from "../../src/decision/key.ts";
import { noneKnownOver } from "../../src/decision/known-over.ts";
import { planIncrements } from "../../src/decision/plan.ts";
import type { RateLimitRequest } from "../../src/limits/descriptor.ts";
import { benchDomain } from "../stage/rule-file.ts";
import { inTurn, requests, ruleSet } from "./requests.ts";

const options: DecisionOptions = {
  keyPrefix: "",
  unambiguousKeys: false,
  nearLimitRatio: 0.8,
  expirationJitterMaxSeconds: 300,
  boundJitterOfShortWindows: true,
  random: Math.random,
  calendarMonths: false,
  shadowMode: false,
  quotaMode: false,
  countsOnlyAdmitted: false,
};
const question = { domain: benchDomain, nowSeconds: 1_763_769_600 };
const tenRules = ruleSet(10);

/** What the answers to requests say whose counters stand somewhere. */
export function decisions(all: readonly RateLimitRequest[]): readonly Decision[] {
  return all.map((request, i) => {
    const checks = matchRequest(tenRules, request);
    const plan = planIncrements(checks, question, options, noneKnownOver);
    return decide(checks, plan, totalsOf(checks, i), question, options);
  });
}

function totalsOf(checks: readonly Check[], count: number): number[] {
  return checks.map((_, i) => count + i + 1);
}

/** From a request to the keys of its counters, and from their totals to a decision. */
export function deciding(): void {
  for (const rules of [10, 100_000]) {
    const set = rules === 10 ? tenRules : ruleSet(rules);
    const next = inTurn(requests(2, rules));
    group(`match 2 descriptors among ${rules} rules`, () => {
      bench("matchRequest", () => do_not_optimize(matchRequest(set, next())));
    });
  }
  const keyed = inTurn(requests(2).map((each) => matchRequest(tenRules, each)));
  group("a counter's key", () => {
    bench("counterKey", () => {
      const [, check] = keyed();
      if (check?.match === undefined) throw new Error("every request has two limits");
      const { entries } = check.descriptor;
      do_not_optimize(counterKey("", benchDomain, entries, check.match, 1_763_769_600));
    });
  });
  const checks = inTurn(requests(2).map((each) => matchRequest(tenRules, each)));
  const totals = [10, 20];
  group("decide on 2 checks", () => {
    bench("planIncrements", () => {
      do_not_optimize(planIncrements(checks(), question, options, noneKnownOver));
    });
    bench("planIncrements and decide", () => {
      const next = checks();
      const plan = planIncrements(next, question, options, noneKnownOver);
      do_not_optimize(decide(next, plan, totals, question, options));
    });
  });
}
