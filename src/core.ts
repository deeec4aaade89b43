import { systemTimers } from "./clock.ts";
import type { Closers } from "./closers.ts";
import { overloadedStore } from "./counters/overloaded.ts";
import { Health } from "./health.ts";
import type { JsonHandler } from "./http/main-routes.ts";
import type { RuleHolder, RuleSet } from "./limits/rule-set.ts";
import type { Metrics } from "./observe/metrics.ts";
import { watchTracing } from "./observe/watch.ts";
import { type CounterParts, openCounters } from "./open-counters.ts";
import { openInsurance } from "./open-insurance.ts";
import { openMetrics } from "./open-metrics.ts";
import { openStatsd } from "./open-statsd.ts";
import { createJsonAnswer, createJsonWriter } from "./rls/json.ts";
import type { Excess } from "./rls/methods.ts";
import { createRateLimitService, type ServiceParts } from "./rls/service.ts";
import type { ShouldRateLimit } from "./rls/should-rate-limit.ts";
import { followRulesHealth } from "./rules-health.ts";
import type { Settings } from "./settings.ts";
import type { Tracing } from "./tracing/tracing.ts";
import type { World } from "./world.ts";

/** What decides, without its ports and without the source of its rules: the same in a single process and in each of several. */
export interface Core {
  readonly metrics: Metrics;
  readonly health: Health;
  /** Where it counts, for people. */
  readonly counters: string;
  /** Rejects when the counters could not be reached in the time that the operator allows for it; not once it is being stopped. */
  readonly working: Promise<void>;
  readonly shouldRateLimit: ShouldRateLimit;
  /** The same for calls that are more than can be carried. */
  readonly excess: Excess;
  readonly json: JsonHandler;
  readonly tracing: Tracing | undefined;
  /** To be told when `rules` has others in force. */
  rulesLoaded(rules: RuleSet): void;
  /** Turns unhealthy for good: the first step of an orderly end. */
  beginStop(): void;
}

export function openCore(
  settings: Settings,
  world: World & Pick<CounterParts, "tls">,
  rules: RuleHolder,
  closers: Closers,
): Core {
  const { log, random, tracing } = world;
  const isWorker = settings.workers > 1;
  const metrics = openMetrics(settings, isWorker ? "worker" : "alone", log, closers);
  if (tracing !== undefined) watchTracing(metrics, tracing.counts);
  openStatsd(settings, { metrics, log, isWorker }, closers);
  const health = new Health(["rules", "store"]);
  const counters = openCounters(settings, { ...world, health, metrics });
  closers.add(() => counters.close());
  let isStopping = false;
  const working = counters.reached.catch((error: unknown) => {
    if (!isStopping) throw error;
  });
  // Whoever waits for it is told; nobody has to.
  working.catch(() => undefined);

  const parts: ServiceParts = {
    rules,
    store: tracing?.traceStore(counters.store) ?? counters.store,
    decideWithoutStore: openInsurance(settings, { counters, rules, metrics, random }, closers),
    knownOver: counters.knownOver,
    clock: counters.clock,
    stats: metrics,
    options: { ...settings.decision, random },
  };
  const service = createRateLimitService(parts);
  const shouldRateLimit = tracing?.traceService(service) ?? service;
  const write = createJsonWriter(settings.answer);
  const json = createJsonAnswer({
    shouldRateLimit,
    deadlines: settings.deadlines,
    write: tracing?.traceJsonWriter(write) ?? write,
    onError: (error) => log.error("a /json request failed", { error }),
  });
  const rulesInForce = followRulesHealth(health, settings.rules, systemTimers);
  return {
    metrics,
    health,
    counters: counters.description,
    working,
    shouldRateLimit,
    excess: excessOf(parts, settings),
    json: tracing?.traceJson(json) ?? json,
    tracing,
    rulesLoaded(loaded) {
      metrics.rulesLoaded(loaded);
      rulesInForce(loaded);
    },
    beginStop() {
      isStopping = true;
      health.set("draining", false);
    },
  };
}

/** Nothing is asked of the store that has to wait for it: there is more to do than can be done. */
function excessOf(parts: ServiceParts, { failures, answer }: Settings): Excess {
  const { policy } = failures;
  const tellsWhy = answer.failureHeader !== undefined;
  const isCheap = policy === "error" || (policy === "allow" && !tellsWhy);
  return {
    shouldRateLimit: createRateLimitService({ ...parts, store: overloadedStore }),
    policyOfAll: () => (isCheap && parts.rules.current?.ownPolicyCount === 0 ? policy : undefined),
  };
}
