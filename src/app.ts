import { Closers } from "./closers.ts";
import { type Core, openCore } from "./core.ts";
import { startGrpc } from "./grpc-listener.ts";
import { type Pages, probesOf, startHttpListeners } from "./http-listeners.ts";
import { printRules } from "./limits/print.ts";
import type { RuleHolder, RuleSet } from "./limits/rule-set.ts";
import { watchTls } from "./observe/watch-tls.ts";
import { createRules } from "./open-rules.ts";
import { openTracing } from "./open-tracing.ts";
import type { Settings } from "./settings.ts";
import { openTls, reloadTls } from "./tls/open.ts";
import type { World } from "./world.ts";

/** A running service: of one process (below), or of several (`workers/primary.ts`). */
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
  /** Looks at the files of TLS and of rules, changed or not; or asks the xDS server anew. */
  reload(): Promise<void>;
  /** Turns unhealthy for good and goes on serving, so that callers who look leave by themselves. */
  retire(): void;
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
  const { log } = world;
  /** When calls in flight have to be over, of all ports together; a start that fails waits for none. */
  let graceEndsMs = 0;
  const graceMs = () => Math.max(0, graceEndsMs - performance.now());
  const tls = await openTls(settings.tls, world, closers);
  const rules = await createRules(
    settings.rules,
    { ...world, tls },
    {
      onLoaded: (loaded) => core.rulesLoaded(loaded),
      onRefused: () => core.metrics.rulesRefused(),
    },
  );
  const tracing = await openTracing(settings, log, closers, graceMs);
  const core: Core = openCore(settings, { ...world, tracing, tls }, rules, closers);
  watchTls(core.metrics, tls);
  rules.addMetrics(core.metrics);

  // Closed after gRPC: whoever asks how the service does is answered until its calls are over.
  const http = await startHttpListeners(settings, pagesOf(core, rules), log);
  closers.add(() => http.close(graceMs()));
  const grpc = await startGrpc(settings, { ...core, log, tls });
  closers.add(() => grpc.drain(graceMs()));
  await rules.follow(closers);

  return {
    grpcPort: grpc.port,
    httpPort: http.httpPort,
    debugPort: http.debugPort,
    counters: core.counters,
    working: core.working,
    get rules() {
      return rules.current;
    },
    async reload() {
      await reloadTls(tls);
      await rules.reload();
    },
    retire: () => core.beginStop(),
    stop: () => {
      graceEndsMs = performance.now() + settings.shutdownGraceMs;
      core.beginStop();
      return closers.close();
    },
  };
}

function pagesOf({ health, json, metrics }: Core, rules: RuleHolder): Pages {
  return {
    probes: probesOf((matters) => health.failing.filter(matters)),
    json,
    exposition: () => metrics.expose(),
    rules: () => (rules.current === undefined ? "" : printRules(rules.current)),
    stats: () => metrics.stats(),
  };
}
