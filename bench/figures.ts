import type { LoadResult } from "./load/spec.ts";
import type { redisPerCall } from "./measure/redis-counts.ts";

/** What one run of one server came to, by the name of the measure. */
export type Figures = Readonly<Record<string, number>>;

/** One server under one load of one scenario: the figures of every round. */
export interface Row {
  readonly scenario: string;
  readonly load: string;
  readonly server: string;
  readonly rounds: readonly Figures[];
}

export function figuresOf(
  result: LoadResult,
  redis: ReturnType<typeof redisPerCall> | undefined,
  rssBytes: number,
): Figures {
  const { calls, latencies, lag } = result;
  const perCallUs = (cpuSeconds: number) => (cpuSeconds / calls) * 1e6;
  return {
    calls,
    calls_per_second: calls / result.seconds,
    server_cpu_us: perCallUs(result.serverCpu),
    redis_cpu_us: perCallUs(result.redisCpu),
    generator_cpu_us: perCallUs(result.generatorCpu),
    p50_ms: result.isOverloaded ? Number.POSITIVE_INFINITY : latencies.p50,
    p99_ms: result.isOverloaded ? Number.POSITIVE_INFINITY : latencies.p99,
    p999_ms: result.isOverloaded ? Number.POSITIVE_INFINITY : latencies.p999,
    late_share: result.isOverloaded ? 1 : result.lateShare,
    lag_p50_ms: lag.p50,
    lag_p99_ms: lag.p99,
    request_bytes: result.bytesSent / calls,
    answer_bytes: result.bytesReceived / calls,
    server_writes: result.serverWrites / calls,
    server_reads: result.serverReads / calls,
    foreign_share: result.foreignShare,
    rss_mb: rssBytes / 1e6,
    ...(redis === undefined ? {} : redisFigures(redis)),
  };
}

function redisFigures({ commands, bytesIn, bytesOut }: ReturnType<typeof redisPerCall>): Figures {
  const counts = Object.entries(commands);
  return {
    redis_bytes_in: bytesIn,
    redis_bytes_out: bytesOut,
    redis_commands: counts.reduce((sum, [, count]) => sum + count, 0),
    ...Object.fromEntries(counts.map(([name, count]) => [`redis_${name}`, count])),
  };
}

/** The median of a measure over the rounds; a round that lacks it counts as 0. */
export function median({ rounds }: Pick<Row, "rounds">, measure: string): number {
  const sorted = rounds.map((figures) => figures[measure] ?? 0).toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}

/** The medians of all measures. */
export function medians(row: Pick<Row, "rounds">): Figures {
  const names = new Set(row.rounds.flatMap((figures) => Object.keys(figures)));
  return Object.fromEntries([...names].map((name) => [name, median(row, name)]));
}

/** The lowest and the highest value of a measure. */
export function range({ rounds }: Pick<Row, "rounds">, measure: string): readonly [number, number] {
  const values = rounds.map((figures) => figures[measure] ?? 0);
  return [Math.min(...values), Math.max(...values)];
}
