/**
 * Several processes as one service. This one, the primary, decides nothing: it keeps the workers alive, reads rules and certificates
 * for all of them, and answers over HTTP in the name of all.
 */
import type { App } from "../app.ts";
import { systemTimers } from "../clock.ts";
import { Closers } from "../closers.ts";
import { type Pages, probesOf, startHttpListeners } from "../http-listeners.ts";
import { printRules } from "../limits/print.ts";
import type { RuleHolder } from "../limits/rule-set.ts";
import { addExpositions, countersOfExposition } from "../observe/add-expositions.ts";
import { addStatsPages, countersOfStatsPage } from "../observe/add-stats-pages.ts";
import { expositionType } from "../observe/exposition.ts";
import type { Metrics } from "../observe/metrics.ts";
import { watchTls } from "../observe/watch-tls.ts";
import { openMetrics } from "../open-metrics.ts";
import { createRules } from "../open-rules.ts";
import { openStatsd, type StatsdParts } from "../open-statsd.ts";
import type { Settings } from "../settings.ts";
import { openTls, reloadTls, type TlsSources } from "../tls/open.ts";
import { traceHeadersOf } from "../tracing/trace-headers.ts";
import type { World } from "../world.ts";
import { AddedPage } from "./added-page.ts";
import { openGrpcPort } from "./connections.ts";
import { forkWorker } from "./fork.ts";
import { jsonByWorker } from "./json-by-worker.ts";
import { WorkerPool } from "./pool.ts";
import { failingOfPool } from "./pool-health.ts";

/** The same as `startApp`, with `settings.workers` processes that serve the gRPC port. */
export async function startWorkers(settings: Settings, world: World): Promise<App> {
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
  const tls = await openTls(settings.tls, world, closers);
  const pool = new WorkerPool({
    count: settings.workers,
    fork: forkWorker,
    timers: systemTimers,
    log,
  });
  // Whatever ends this process, no worker outlives it.
  process.on("exit", () => pool.kill());
  const metrics = openMetrics(settings, "primary", log, closers);
  showWorkers(metrics, pool, settings.workers);
  openStatsd(settings, { metrics, log, isWorker: false, ...gaugesOf(pool) }, closers);
  watchTls(metrics, tls);
  giveTls(pool, tls);
  const rules = await createRules(
    settings.rules,
    { ...world, tls },
    {
      onLoaded(loaded, isChanged, documents) {
        metrics.rulesLoaded(loaded);
        if (isChanged) pool.giveRules(documents);
      },
      onRefused: () => metrics.rulesRefused(),
    },
  );
  rules.addMetrics(metrics);

  let isStopping = false;
  const failing: Failing = (matters) => [
    ...failingOfPool(pool.failing, matters),
    ...(isStopping && matters("draining") ? ["draining"] : []),
  ];
  const http = await startHttpListeners(
    settings,
    pagesOf(settings, { pool, metrics, rules, failing }),
    log,
  );
  closers.add(() => http.close(isStopping ? settings.shutdownGraceMs : 0));
  const started = pool.start();
  closers.add(() => (isStopping ? pool.stop() : pool.kill()));
  await rules.follow(closers);
  const counters = (await started) ?? "nowhere yet, as no worker has started";
  const grpc = await openGrpcPort(settings.grpc.address, pool, log);
  closers.add(() => grpc.close());

  return {
    grpcPort: grpc.port,
    httpPort: http.httpPort,
    debugPort: http.debugPort,
    counters,
    working: pool.working,
    get rules() {
      return rules.current;
    },
    async reload() {
      await reloadTls(tls);
      await rules.reload();
    },
    retire() {
      isStopping = true;
      pool.retire();
    },
    stop: () => {
      isStopping = true;
      return closers.close();
    },
  };
}

function giveTls(pool: WorkerPool, tls: TlsSources): void {
  for (const [use, source] of tls) {
    pool.giveTls(use, source.current);
    source.onChange((material) => pool.giveTls(use, material));
  }
}

type Failing = (matters: (part: string) => boolean) => readonly string[];

function showWorkers(metrics: Metrics, pool: WorkerPool, workers: number): void {
  metrics.gauge({
    name: "velocitygate_workers",
    help: "Worker processes that there should be.",
    read: () => workers,
  });
  metrics.gauge({
    name: "velocitygate_workers_healthy",
    help: "Worker processes that are healthy.",
    read: () => pool.failing.filter((parts) => parts.length === 0).length,
  });
  metrics.counter({
    name: "velocitygate_worker_crashes_total",
    help: "Worker processes that ended without being told to.",
    read: () => pool.crashes,
  });
}

/** What the workers hold at present, all together. */
function gaugesOf(pool: WorkerPool): Required<Pick<StatsdParts, "gaugesOfOthers">> {
  const page = new AddedPage({ pool, about: "gauges", add: addStatsPages, keep: () => "" });
  return { gaugesOfOthers: () => page.read(() => "") };
}

interface PageParts {
  readonly pool: WorkerPool;
  readonly metrics: Metrics;
  readonly rules: RuleHolder;
  readonly failing: Failing;
}

function pagesOf({ tracing }: Settings, { pool, metrics, rules, failing }: PageParts): Pages {
  const expositions = new AddedPage({
    pool,
    about: "metrics",
    add: addExpositions,
    keep: countersOfExposition,
  });
  const stats = new AddedPage({
    pool,
    about: "stats",
    add: addStatsPages,
    keep: countersOfStatsPage,
  });
  return {
    probes: probesOf(failing),
    json: jsonByWorker(pool, tracing === undefined ? undefined : traceHeadersOf),
    async exposition() {
      const body = await expositions.read(async () => (await metrics.expose()).body.toString());
      return { status: 200, contentType: expositionType, body, isCompressible: true };
    },
    rules: () => (rules.current === undefined ? "" : printRules(rules.current)),
    stats: () => stats.read(() => metrics.stats()),
  };
}
