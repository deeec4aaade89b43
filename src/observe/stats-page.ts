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
  const lines: string[] = [...serviceLines(sources)];
  const byKey = new Map<string, LimitRow["stats"][]>();
  for (const { name, stats } of sources.limits) {
    const key = onOneLine(fullKey(name));
    byKey.set(key, [...(byKey.get(key) ?? []), stats]);
  }
  for (const [key, all] of byKey) {
    for (const { stat, name } of limitCounters) {
      const total = all.reduce((sum, stats) => sum + stats[stat], 0);
      lines.push(`${perLimit}.${key}.${name}: ${total}\n`);
    }
  }
  return lines.sort(byCodeUnits).join("");
}

const perLimit = "ratelimit.service.rate_limit";

function* serviceLines(sources: StatsSources): Iterable<string> {
  const { counts, unknownDomains, calls, readings } = sources;
  for (const [domain, count] of unknownDomains) {
    yield `${perLimit}.${onOneLine(domain)}.domain_not_found: ${count}\n`;
  }
  for (const [method, count] of calls)
    yield `ratelimit_server.${method}.total_requests: ${count}\n`;
  const call = "ratelimit.service.call.should_rate_limit";
  yield `${call}.redis_error: ${counts.redisErrors}\n`;
  yield `${call}.service_error: ${counts.serviceErrors}\n`;
  yield `ratelimit.service.config_load_success: ${counts.rulesLoads}\n`;
  yield `ratelimit.service.config_load_error: ${counts.rulesRefusals}\n`;
  yield `ratelimit.service.global_shadow_mode: ${counts.globalShadowMode}\n`;
  for (const { statsName, read } of readings) {
    const value = read();
    if (statsName !== undefined && value !== undefined) yield `${statsName}: ${value}\n`;
  }
}

/** A value with a line break must not make a line of its own. */
function onOneLine(text: string): string {
  return text.toWellFormed().replace(/\p{Cc}/gu, "\uFFFD");
}

function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
