import { createMemoryStore } from "../../src/counters/memory.ts";
import type { CounterStore } from "../../src/counters/store.ts";
import type { DecisionOptions } from "../../src/decision/algorithm.ts";
import type { Code, Decision } from "../../src/decision/check.ts";
import type { Admission, Increment } from "../../src/decision/increment.ts";
import { type KnownOver, noneKnownOver } from "../../src/decision/known-over.ts";
import type { StoreFailure } from "../../src/errors.ts";
import type { RateLimitRequest } from "../../src/limits/descriptor.ts";
import type { FailurePolicy, LimitStats } from "../../src/limits/limit.ts";
import { loadRules } from "../../src/limits/load.ts";
import type { RuleSet } from "../../src/limits/rule-set.ts";
import type { RequestStats } from "../../src/rls/record.ts";
import { createRateLimitService } from "../../src/rls/service.ts";
import { decisionOf } from "../../src/rls/should-rate-limit.ts";
import { createDecideWithoutStore, type WithoutStoreStats } from "../../src/rls/without-store.ts";
import { plainOptions } from "./decisions.ts";

/** A store that answers what it was told to, one list of totals for each request, and keeps what it was asked. */
export class ScriptedStore implements CounterStore {
  readonly asked: (readonly Increment[])[] = [];
  readonly answers: (readonly number[] | Error)[] = [];
  /** Until when it was given time, for each request. */
  readonly deadlinesMs: (number | undefined)[] = [];

  async incrementAll(
    increments: readonly Increment[],
    deadlineMs?: number,
  ): Promise<readonly number[]> {
    this.asked.push(increments);
    this.deadlinesMs.push(deadlineMs);
    const answer = this.answers.shift();
    if (answer === undefined) throw new Error("the store was asked once more than expected");
    if (answer instanceof Error) throw answer;
    return answer;
  }

  admitAll(admissions: readonly Admission[], deadlineMs?: number): Promise<readonly number[]> {
    return this.incrementAll(admissions, deadlineMs);
  }

  async close(): Promise<void> {}
}

/** What is counted, by the name under which it is. */
export class CountedStats implements RequestStats, WithoutStoreStats {
  readonly limits = new Map<string, LimitStats>();
  readonly unknownDomains: string[] = [];
  globallyShadowed = 0;
  /** `<reason> <policy>` of each limit that was decided on without the store. */
  readonly decidedWithoutStore: string[] = [];
  /** How the requests ended, in their order. */
  readonly outcomes: string[] = [];
  /** How many increments each question to the store had. */
  readonly storeSizes: number[] = [];

  limitStats(statsKey: string): LimitStats {
    const known = this.limits.get(statsKey);
    if (known !== undefined) return known;
    const stats = {
      totalHits: 0,
      overLimit: 0,
      nearLimit: 0,
      withinLimit: 0,
      shadowMode: 0,
      overLimitWithLocalCache: 0,
      totalNegativeHits: 0,
    };
    this.limits.set(statsKey, stats);
    return stats;
  }

  domainNotFound(domain: string): void {
    this.unknownDomains.push(domain);
  }

  globalShadowMode(): void {
    this.globallyShadowed += 1;
  }

  withoutStore(reason: StoreFailure, policy: FailurePolicy): void {
    this.decidedWithoutStore.push(`${reason} ${policy}`);
  }

  observeStore(_seconds: number, increments: number): void {
    this.storeSizes.push(increments);
  }

  answered(overallCode: Code): void {
    this.outcomes.push(overallCode);
  }

  callError(kind: string): void {
    this.outcomes.push(kind);
  }

  /** Total, over, near and within, in the order of the reference's tables. */
  counts(statsKey: string): number[] {
    const { totalHits, overLimit, nearLimit, withinLimit } = this.limitStats(statsKey);
    return [totalHits, overLimit, nearLimit, withinLimit];
  }
}

export interface ServiceSettings {
  /** YAML of one rule file; `undefined`: no rules were loaded. */
  readonly rules: string | undefined;
  readonly nowSeconds?: number;
  readonly options?: Partial<DecisionOptions>;
  readonly knownOver?: KnownOver;
  /** Of limits that have none of their own; unset: `error`. */
  readonly failurePolicy?: FailurePolicy;
  /** How many share each limit without the store; unset: 1. */
  readonly instances?: number;
}

/** The real service with a store that answers what it is told to. */
export function scriptedService(settings: ServiceSettings) {
  const store = new ScriptedStore();
  const stats = new CountedStats();
  const rules = { current: settings.rules === undefined ? undefined : rulesOf(settings.rules) };
  const clock = { nowMs: () => (settings.nowSeconds ?? 1234) * 1000 };
  const options = { ...plainOptions, ...settings.options };
  const memory = createMemoryStore({ clock, keysMax: 100 });
  const decideWithoutStore = createDecideWithoutStore({
    policy: settings.failurePolicy ?? "error",
    memory,
    instances: () => settings.instances ?? 1,
    stats,
    options,
  });
  const service = createRateLimitService({
    rules,
    store,
    decideWithoutStore,
    clock,
    stats,
    knownOver: settings.knownOver ?? noneKnownOver,
    options,
  });
  const shouldRateLimit = (request: RateLimitRequest): Promise<Decision> =>
    decisionOf(service, request, Number.POSITIVE_INFINITY);
  return { service, shouldRateLimit, store, stats, rules, memory };
}

export function rulesOf(text: string): RuleSet {
  return loadRules([{ name: "config.yaml", text }], { mergeDomains: false });
}
