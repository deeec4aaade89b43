import { systemTimers } from "./clock.ts";
import type { Closers } from "./closers.ts";
import { wayOf } from "./observe/add-up.ts";
import { type StatTag, statTags } from "./observe/extra-tags.ts";
import type { Log } from "./observe/log.ts";
import type { Metrics } from "./observe/metrics.ts";
import { dogStatsdLines, type LineWriter, statsdLines } from "./observe/statsd/line.ts";
import { createLines } from "./observe/statsd/lines.ts";
import { StatsdSender } from "./observe/statsd/sender.ts";
import { TcpTransport } from "./observe/statsd/tcp.ts";
import { Timings } from "./observe/statsd/timings.ts";
import { UdpTransport } from "./observe/statsd/udp.ts";
import type { Settings, StatsdSettings } from "./settings.ts";

export interface StatsdParts {
  readonly metrics: Metrics;
  readonly log: Log;
  /** Of the process: one of several workers, or not. */
  readonly isWorker: boolean;
  /** What there is now in other processes, `name: value` a line; absent: there are none. */
  readonly gaugesOfOthers?: () => Promise<string>;
}

/** Sends metrics to statsd from now on, if the operator wants that. */
export function openStatsd(settings: Settings, parts: StatsdParts, closers: Closers): void {
  const { statsd, metrics: chosen } = settings;
  if (statsd === undefined) return;
  const { metrics, log, isWorker, gaugesOfOthers } = parts;
  const timings = new Timings();
  metrics.onCall((method, seconds) => timings.observe(method, seconds));
  const writer = writerOf(statsd, statTags(chosen.extraTags));
  const ownLines = createLines({ metrics, timings, writer }, isWorker);
  const sender = new StatsdSender({
    transport: statsd.protocol === "udp" ? new UdpTransport(statsd) : new TcpTransport(statsd),
    lines: gaugesOfOthers === undefined ? ownLines : withOthers(ownLines, gaugesOfOthers, writer),
    intervalMs: statsd.flushMs,
    timers: systemTimers,
    log,
    server: `${statsd.host}:${statsd.port} (${statsd.protocol})`,
  });
  closers.add(() => sender.close());
  showSender(metrics, sender);
}

function writerOf({ form, ...options }: StatsdSettings, tags: readonly StatTag[]): LineWriter {
  return form === "statsd" ? statsdLines(tags) : dogStatsdLines(tags, options);
}

function withOthers(
  ownLines: () => Iterable<readonly string[]>,
  gaugesOfOthers: () => Promise<string>,
  writer: LineWriter,
): () => AsyncIterable<readonly string[]> {
  return async function* lines() {
    const some: string[] = [];
    for (const line of (await gaugesOfOthers()).split("\n")) {
      const [name, value] = line.split(": ");
      if (name === undefined || value === undefined) continue;
      // What all processes know alike is told once, by this one.
      if (wayOf(name) === "sum") some.push(writer.write(name, "g", Number(value)));
    }
    yield some;
    yield* ownLines();
  };
}

function showSender(metrics: Metrics, sender: StatsdSender): void {
  metrics.counter({
    name: "velocitygate_statsd_flushes_total",
    help: "Times that metrics were sent to statsd.",
    read: () => sender.flushes,
  });
  metrics.counter({
    name: "velocitygate_statsd_flush_failures_total",
    help: "Times that metrics could not be sent to statsd; counts were kept for the next time.",
    read: () => sender.failures,
  });
}
