/** From the wire's tree of rules to the one that rule files are read into, so that both are compiled and refused alike. */
import {
  type RateLimitConfig,
  type RateLimitDescriptor,
  type RateLimitPolicy,
  RateLimitUnit,
} from "../gen/ratelimit/config/ratelimit/v3/rls_conf.ts";
import {
  emptyRule,
  type RateLimitSource,
  type RuleFileSource,
  type RuleSource,
} from "../limits/rule-source.ts";
import type { Place } from "../limits/yaml/node.ts";
import { plainMetadata } from "./plain-metadata.ts";

/**
 * A message has no lines. In a place, `line` counts the rules instead, depth first and from 1 (0: the domain), and `column` is one of
 * these, or tells an entry of `replaces`.
 */
const columns = { rule: 0, key: 1, unit: 2, metadata: 3, firstReplaces: 4 } as const;

export function sourceOf(config: RateLimitConfig): RuleFileSource {
  let count = 0;
  const ruleOf = (descriptor: RateLimitDescriptor): RuleSource => {
    count += 1;
    const place = (column: number): Place => ({ line, column });
    const line = count;
    const { rateLimit, metadata } = descriptor;
    return {
      ...emptyRule(place(columns.rule)),
      keyPlace: place(columns.key),
      metadataPlace: place(columns.metadata),
      key: descriptor.key,
      value: descriptor.value,
      rateLimit: rateLimit && rateLimitOf(rateLimit, place),
      shadowMode: descriptor.shadowMode,
      quotaMode: descriptor.quotaMode,
      detailedMetric: descriptor.detailedMetric,
      metadata: metadata && plainMetadata(metadata, place(columns.metadata)),
      descriptors: descriptor.descriptors.map(ruleOf),
    };
  };
  return {
    domain: config.domain,
    domainPlace: { line: 0, column: 0 },
    descriptors: config.descriptors.map(ruleOf),
  };
}

function rateLimitOf(policy: RateLimitPolicy, place: (column: number) => Place): RateLimitSource {
  return {
    unitPlace: place(columns.unit),
    unit: unitNames.get(policy.unit) ?? `${policy.unit}`,
    requestsPerUnit: policy.requestsPerUnit,
    unlimited: policy.unlimited,
    name: policy.name,
    replaces: policy.replaces.map(({ name }, index) => ({
      place: place(columns.firstReplaces + index),
      name,
    })),
  };
}

/** Enums are open: a number without a name comes from a newer server. */
const unitNames: ReadonlyMap<number, string> = new Map(
  Object.entries(RateLimitUnit).map(([name, number]) => [number, name]),
);

/** Where in the message a place is, for people: `descriptors[1].descriptors[0].rate_limit.unit`. */
export function fieldAt(config: RateLimitConfig, { line, column }: Place): string {
  if (line === 0) return "domain";
  let count = 0;
  const find = (descriptors: readonly RateLimitDescriptor[]): string | undefined => {
    for (const [index, descriptor] of descriptors.entries()) {
      count += 1;
      if (count === line) return `descriptors[${index}]${fieldOf(column)}`;
      const below = find(descriptor.descriptors);
      if (below !== undefined) return `descriptors[${index}].${below}`;
    }
    return undefined;
  };
  return find(config.descriptors) ?? "descriptors";
}

function fieldOf(column: number): string {
  switch (column) {
    case columns.rule:
      return "";
    case columns.key:
      return ".key";
    case columns.unit:
      return ".rate_limit.unit";
    case columns.metadata:
      return ".metadata";
    default:
      return `.rate_limit.replaces[${column - columns.firstReplaces}]`;
  }
}
