import type { LimitRow } from "./limit-table.ts";
import type { KindReading, ReadingKind } from "./readings.ts";
import type { ServiceCounts } from "./service-counts.ts";

/** One number by the reference's internal name (F.1), without extra tags. */
export interface Figure {
  readonly name: string;
  readonly kind: ReadingKind;
  readonly value: number;
}

/** Everything that is counted, as it stands now. */
export interface Counted {
  readonly counts: ServiceCounts;
  readonly limits: Iterable<LimitRow>;
  /** Counts by sanitised domain. */
  readonly unknownDomains: ReadonlyMap<string, number>;
  readonly calls: Iterable<readonly [method: string, count: number]>;
  readonly readings: readonly KindReading[];
}

/** What the names of a limit's counters begin with; its key, a dot and the counter's name follow. */
export const limitFigures = "ratelimit.service.rate_limit.";

const call = "ratelimit.service.call.should_rate_limit.";

/** All figures but those of limits. */
export function* serviceFigures(counted: Counted): Iterable<Figure> {
  const { counts, unknownDomains, calls, readings } = counted;
  for (const [domain, count] of unknownDomains) {
    yield counter(`${limitFigures}${domain}.domain_not_found`, count);
  }
  for (const [method, count] of calls) {
    yield counter(`ratelimit_server.${method}.total_requests`, count);
  }
  yield counter(`${call}redis_error`, counts.redisErrors);
  yield counter(`${call}service_error`, counts.serviceErrors);
  yield counter("ratelimit.service.config_load_success", counts.rulesLoads);
  yield counter("ratelimit.service.config_load_error", counts.rulesRefusals);
  yield counter("ratelimit.service.global_shadow_mode", counts.globalShadowMode);
  yield counter("runtime.load_attempts", counts.rulesLoads + counts.rulesRefusals);
  if (counts.rulesFiles !== undefined) {
    yield { name: "runtime.num_values", kind: "gauge", value: counts.rulesFiles };
  }
  for (const { statsName, kind, read } of readings) {
    const value = statsName === undefined ? undefined : read();
    if (statsName !== undefined && value !== undefined) yield { name: statsName, kind, value };
  }
}

function counter(name: string, value: number): Figure {
  return { name, kind: "counter", value };
}
