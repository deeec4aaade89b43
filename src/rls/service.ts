import type { Clock } from "../clock.ts";
import type { CounterStore } from "../counters/store.ts";
import type { DecisionOptions } from "../decision/algorithm.ts";
import type { Decision } from "../decision/check.ts";
import { matchRequest } from "../decision/checks.ts";
import { decide } from "../decision/decide.ts";
import { type KnownOver, rememberOver } from "../decision/known-over.ts";
import { planIncrements } from "../decision/plan.ts";
import { StoreError, VelocityGateError } from "../errors.ts";
import type { RateLimitRequest } from "../limits/descriptor.ts";
import type { RuleHolder } from "../limits/rule-set.ts";
import { count } from "./count.ts";
import { validateRequest } from "./decode.ts";
import {
  type RequestStats,
  recordDecision,
  recordFailure,
  recordHits,
  recordStore,
  recordUnknownDomain,
} from "./record.ts";
import type { Asker, ShouldRateLimit } from "./should-rate-limit.ts";
import type { DecideWithoutStore } from "./without-store.ts";

/** What a request meets on its way. */
export interface ServiceParts {
  readonly rules: RuleHolder;
  readonly store: CounterStore;
  readonly decideWithoutStore: DecideWithoutStore;
  readonly knownOver: KnownOver;
  readonly clock: Clock;
  readonly stats: RequestStats;
  readonly options: DecisionOptions;
}

/** The rate limit service, free of any wire: gRPC and `/json` stand in front of it alike. */
export function createRateLimitService(parts: ServiceParts): ShouldRateLimit {
  const { rules, store, decideWithoutStore, knownOver, clock, stats, options } = parts;
  return (request, asker) => void shouldRateLimit(request, asker);

  /** One request, start to finish. The rules and the instant are read once: nothing changes under a request. */
  async function shouldRateLimit(request: RateLimitRequest, asker: Asker): Promise<void> {
    try {
      validateRequest(request);
      const ruleSet = rules.current;
      if (ruleSet === undefined) throw noRules();
      const question = { domain: request.domain, nowSeconds: Math.floor(clock.nowMs() / 1000) };

      const checks = matchRequest(ruleSet, request);
      if (!ruleSet.domains.has(request.domain)) recordUnknownDomain(stats, request);
      recordHits(stats, request.domain, checks);

      const plan = planIncrements(checks, question, options, knownOver);
      const askedMs = performance.now();
      let decision: Decision;
      try {
        const totals =
          plan.increments.length > 0
            ? await count(store, checks, plan, options, asker.deadlineMs)
            : [];
        recordStore(stats, plan, askedMs);
        decision = decide(checks, plan, totals, question, options);
        rememberOver(plan, decision, question, options, knownOver);
      } catch (error) {
        if (error instanceof StoreError) recordStore(stats, plan, askedMs);
        decision = await decideWithoutStore(error, checks, plan, question);
      }
      asker.answer(decision);
      recordDecision(stats, decision);
    } catch (error) {
      recordFailure(stats, error);
      asker.fail(error);
    }
  }
}

function noRules(): VelocityGateError {
  return new VelocityGateError("RULES_MISSING", "no rate limit configuration loaded");
}
