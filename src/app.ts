import { Closers } from "./closers.ts";
import { Health } from "./health.ts";
import type { RuleSet } from "./limits/rule-set.ts";
import { startListeners } from "./listeners.ts";
import { createMetrics } from "./observe/metrics.ts";
import { openCounters } from "./open-counters.ts";
import { NoRuleFileError, RuleLoader } from "./reload/rule-loader.ts";
import { RuleWatch } from "./reload/watch.ts";
import { createRateLimitService } from "./rls/service.ts";
import type { Settings } from "./settings.ts";
import { version } from "./version.ts";
import type { World } from "./world.ts";

/** A running service. */
export interface App {
  /** `undefined` on a Unix socket. */
  readonly grpcPort: number | undefined;
  readonly httpPort: number;
  readonly debugPort: number;
  /** `undefined` until a first set could be loaded. */
  readonly rules: RuleSet | undefined;
  /** Where it counts, for people. */
  readonly counters: string;
  /** Rejects when the service cannot come to work, and the operator wants it to end then. */
  readonly working: Promise<void>;
  /** Looks at the rule files, changed or not. */
  reload(): Promise<void>;
  /** Turns unhealthy, lets calls in flight finish for at most `SHUTDOWN_GRACE`, and closes everything. */
  stop(): Promise<void>;
}

/**
 * Builds every part and starts it; each is paired with its end on the next line. The listeners come up before rules and counters
 * are there, and health tells the truth meanwhile.
 *
 * @throws VelocityGateError (rejects) `SETTINGS_INVALID` when an address cannot be had, `RULES_INVALID` when there is no rule file.
 */
export async function startApp(settings: Settings, world: World): Promise<App> {
  const closers = new Closers();
  try {
    return await start(settings, world, closers);
  } catch (error) {
    await closers.close();
    throw error;
  }
}

async function start(settings: Settings, world: World, closers: Closers): Promise<App> {
  const { log, clock, random } = world;
  const metrics = createMetrics({
    version,
    log,
    limitsMax: settings.metrics.limitsMax,
    responseTimeAsMilliseconds: settings.prometheus.responseTimeAsMilliseconds,
  });
  closers.add(() => metrics.close());
  const health = new Health(["rules", "store"]);
  const counters = openCounters(settings, { ...world, health, metrics });
  closers.add(() => counters.store.close());
  let isStopping = false;
  const working = counters.reached.catch((error: unknown) => {
    if (!isStopping) throw error;
  });
  // Whoever waits for it is told; nobody has to.
  working.catch(() => undefined);
  const rules = new RuleLoader({
    directory: settings.rules,
    mergeDomains: settings.rules.mergeDomains,
    mayBeEmpty: settings.rules.forceStartWithoutInitialConfig,
    log,
    onLoaded: (loaded) => {
      metrics.rulesLoaded(loaded);
      health.set("rules", !settings.rules.healthyWithAtLeastOneConfig || loaded.domains.size > 0);
    },
    onRefused: () => metrics.rulesRefused(),
  });

  const shouldRateLimit = createRateLimitService({
    rules,
    store: counters.store,
    knownOver: counters.knownOver,
    clock,
    stats: metrics,
    options: { ...settings.decision, random },
  });
  const listeners = await startListeners(settings, {
    shouldRateLimit,
    rules,
    health,
    metrics,
    log,
  });
  closers.add(() => listeners.close(settings.shutdownGraceMs));

  const refusal = await rules.load();
  // Wrong rules can be mended while the service waits; a directory without any is a wrong setting.
  if (refusal instanceof NoRuleFileError) throw refusal;
  const watch = await RuleWatch.start({ directory: settings.rules, loader: rules, log });
  closers.add(() => watch.close());

  return {
    ...listeners.ports,
    counters: counters.description,
    working,
    get rules() {
      return rules.current;
    },
    reload: async () => void (await rules.load()),
    stop: () => {
      isStopping = true;
      health.set("draining", false);
      return closers.close();
    },
  };
}
