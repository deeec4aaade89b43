import type { LimitStats } from "../limits/limit.ts";
import { Exposition, metricName } from "./exposition.ts";
import type { LimitRow } from "./limit-table.ts";
import type { StatsName } from "./stats-name.ts";

export const limitPrefix = "ratelimit_service_rate_limit_";

interface LimitCounter {
  readonly stat: keyof LimitStats;
  /** The reference's name. */
  readonly name: string;
  readonly help: string;
  /** Whether the reference's Prometheus mapping knows it; else it writes the whole key into the metric's name. */
  readonly isMapped: boolean;
}

/** What is counted for each limit. */
export const limitCounters: readonly LimitCounter[] = [
  { stat: "totalHits", name: "total_hits", help: "Hits asked of the limit.", isMapped: true },
  { stat: "overLimit", name: "over_limit", help: "Hits beyond the limit.", isMapped: true },
  {
    stat: "nearLimit",
    name: "near_limit",
    help: "Hits admitted beyond the near limit ratio.",
    isMapped: true,
  },
  { stat: "withinLimit", name: "within_limit", help: "Hits admitted.", isMapped: true },
  {
    stat: "shadowMode",
    name: "shadow_mode",
    help: "Hits beyond a limit in shadow mode, which were admitted.",
    isMapped: true,
  },
  {
    stat: "overLimitWithLocalCache",
    name: "over_limit_with_local_cache",
    help: "Hits beyond the limit that the local cache answered; among those of over_limit.",
    isMapped: false,
  },
  {
    stat: "totalNegativeHits",
    name: "total_negative_hits",
    help: "Hits given back to the limit.",
    isMapped: false,
  },
];

/** How many samples are written at a time: about a millisecond's work. */
const samplesAtATime = 1000;

/**
 * Writes the counts of all limits, summed up by their labels, piece by piece so that other work may come in between.
 *
 * @param extraLabels of every sample
 */
export function* limitFamilies(rows: Iterable<LimitRow>, extraLabels: string): Iterable<string> {
  const all = [...rows];
  const sums = sumByLabels(all);
  yield "";
  for (const { stat, name, help } of limitCounters) {
    let text = new Exposition(extraLabels).family(limitPrefix + name, "counter", help);
    let samples = 0;
    for (const [labels, stats] of sums) {
      text.sample(stats[stat], labels);
      samples += 1;
      if (samples % samplesAtATime > 0) continue;
      yield text.toString();
      text = text.continued();
    }
    yield text.toString();
  }
  for (const counter of limitCounters)
    if (!counter.isMapped) yield unmappedFamilies(all, counter, extraLabels);
}

function sumByLabels(rows: readonly LimitRow[]): ReadonlyMap<string, LimitStats> {
  const sums = new Map<string, LimitStats>();
  for (const { labels, stats } of rows) {
    const sum = sums.get(labels);
    if (sum === undefined) sums.set(labels, { ...stats });
    else for (const { stat } of limitCounters) sum[stat] += stats[stat];
  }
  return sums;
}

/** Each of these is a metric of its own, so there are only so many; with labels, all are there. */
const unmappedMax = 1000;

/** As the reference names what its mapping does not know. Only what has been counted. */
function unmappedFamilies(
  rows: readonly LimitRow[],
  { stat, name, help }: LimitCounter,
  extraLabels: string,
): string {
  const sums = new Map<string, number>();
  for (const row of rows) {
    if (row.stats[stat] === 0) continue;
    if (sums.size >= unmappedMax) break;
    const metric = metricName(limitPrefix, fullKey(row.name), `_${name}`);
    sums.set(metric, (sums.get(metric) ?? 0) + row.stats[stat]);
  }
  const families = new Exposition(extraLabels);
  for (const [metric, count] of sums) families.family(metric, "counter", help).sample(count);
  return families.toString();
}

/** The reference's full key of a limit. */
export function fullKey({ domain, levels }: StatsName): string {
  return [domain, ...levels].join(".");
}
