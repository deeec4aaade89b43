import { fullKey, limitCounters } from "./limit-families.ts";
import type { LimitRow } from "./limit-table.ts";
import type { Reading } from "./readings.ts";
import type { ServiceCounts } from "./service-counts.ts";

export interface StatsSources {
  readonly counts: ServiceCounts;
  readonly limits: Iterable<LimitRow>;
  readonly unknownDomains: ReadonlyMap<string, number>;
  readonly calls: Iterable<readonly [method: string, count: number]>;
  readonly readings: readonly Reading[];
}

/** All counts by the reference's internal names (F.1), one line each, ordered by name. */
export function statsPage(sources: StatsSources): string {
  const lines = new Map<string, number>();
  for (const [name, value] of allStats(sources)) {
    // A value with a line break must not make a line of its own.
    const line = name.toWellFormed().replace(/[\p{Cc}]/gu, "\uFFFD");
    lines.set(line, (lines.get(line) ?? 0) + value);
  }
  const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  return [...lines.keys()]
    .sort(compare)
    .map((name) => `${name}: ${lines.get(name)}\n`)
    .join("");
}

function* allStats(sources: StatsSources): Iterable<readonly [name: string, value: number]> {
  const { counts, limits, unknownDomains, calls, readings } = sources;
  const perLimit = "ratelimit.service.rate_limit";
  for (const { name, stats } of limits) {
    const prefix = `${perLimit}.${fullKey(name)}`;
    for (const counter of limitCounters) yield [`${prefix}.${counter.name}`, stats[counter.stat]];
  }
  for (const [domain, count] of unknownDomains) {
    yield [`${perLimit}.${domain}.domain_not_found`, count];
  }
  for (const [method, count] of calls) yield [`ratelimit_server.${method}.total_requests`, count];
  yield ["ratelimit.service.call.should_rate_limit.redis_error", counts.redisErrors];
  yield ["ratelimit.service.call.should_rate_limit.service_error", counts.serviceErrors];
  yield ["ratelimit.service.config_load_success", counts.rulesLoads];
  yield ["ratelimit.service.config_load_error", counts.rulesRefusals];
  yield ["ratelimit.service.global_shadow_mode", counts.globalShadowMode];
  for (const { statsName, read } of readings) {
    const value = read();
    if (statsName !== undefined && value !== undefined) yield [statsName, value];
  }
}
