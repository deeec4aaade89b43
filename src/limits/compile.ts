import { extensionsOf } from "./extensions.ts";
import { LevelBuilder } from "./level-builder.ts";
import { type Limit, type Match, type Unit, units } from "./limit.ts";
import { metadataOf } from "./metadata.ts";
import type { Finding } from "./rule-problem.ts";
import type { RateLimitSource, RuleSource } from "./rule-source.ts";
import type { Level, RuleNode } from "./rule-tree.ts";
import type { Place } from "./yaml/node.ts";

/** The compiled rules of one domain. */
export interface DomainRules {
  readonly name: string;
  readonly root: Level;
}

/** The file that rules are compiled from, and where what is found goes. */
export interface CompileContext {
  readonly file: string;
  readonly findings: Finding[];
  /** Added to: how many rules carry a limit, nested ones included, and how many of them the failure policy `local`. */
  readonly counts: { limits: number; localLimits: number; ownPolicies: number };
}

/**
 * Compiles rules into a level, and checks them in the reference's order. A rule with a mistake is reported and checked to its end;
 * whether it was added does not matter, because a file with a mistake is refused as a whole.
 */
export function compileRules(
  sources: readonly RuleSource[],
  level: LevelBuilder,
  context: CompileContext,
): void {
  for (const source of sources) compileRule(source, level, context);
}

function compileRule(source: RuleSource, level: LevelBuilder, context: CompileContext): void {
  const { key, value } = source;
  const { file, findings, counts } = context;
  const finalKey = value === "" ? key : `${key}_${value}`;
  const fullKey = `${level.path}.${finalKey}`;
  // Under a wildcard a counter has the caller's own value.
  const isKeyKnown = level.keyPath !== undefined && !finalKey.includes("*");
  const keyPath = isKeyKnown ? `${level.keyPath}${finalKey}_` : undefined;
  const report = (place: Place, text: string, accepted: string) =>
    findings.push({ place, text, accepted });

  const isDuplicate = level.has(finalKey);
  if (key === "") report(source.keyPlace, "descriptor has empty key", "a key that is not empty");
  else if (isDuplicate) {
    report(
      source.place,
      `duplicate descriptor composite key '${fullKey}'`,
      "each key, or key and value, once among its siblings",
    );
  }
  const limit = source.rateLimit && compileLimit(source, source.rateLimit, report);
  if (source.shareThreshold && !finalKey.includes("*")) {
    report(
      source.shareThresholdPlace,
      `share_threshold can only be used with wildcard values (containing '*'), but found key '${finalKey}'`,
      "share_threshold beside a value with a '*'",
    );
  }
  const { metadata, failurePolicy } = compileMetadata(source, report);
  counts.limits += limit === undefined ? 0 : 1;
  counts.localLimits += limit !== undefined && failurePolicy === "local" ? 1 : 0;
  counts.ownPolicies += limit !== undefined && failurePolicy !== undefined ? 1 : 0;

  const nested = new LevelBuilder(fullKey, value === "" ? undefined : keyPath);
  compileRules(source.descriptors, nested, context);
  if (key !== "" && !isDuplicate) {
    const place = { file, line: source.place.line };
    const whole = limit && { ...limit, metadata, failurePolicy };
    const names = { finalKey, fullKey, keyPath };
    level.add(ruleNode(source, names, whole, nested.build(), place));
  }
}

type Report = (place: Place, text: string, accepted: string) => void;

function compileLimit(rule: RuleSource, source: RateLimitSource, report: Report): Limit {
  const unit = unitOf(source.unit);
  if (source.unlimited && unit !== undefined) {
    report(
      source.unitPlace,
      "should not specify rate limit unit when unlimited",
      "unlimited without a unit, or a unit without unlimited",
    );
  } else if (!source.unlimited && unit === undefined) {
    report(
      source.unitPlace,
      `invalid rate limit unit '${source.unit}'`,
      "one of second, minute, hour, day, week, month, year, in any case",
    );
  }
  for (const { place, name } of source.replaces) {
    if (name === "") {
      report(place, "should not have an empty replaces entry", "- name: <the name of a limit>");
    } else if (name === source.name) {
      report(
        place,
        "replaces should not contain name of same descriptor",
        "the names of other limits",
      );
    }
  }
  return {
    requestsPerUnit: source.requestsPerUnit,
    unit: unit ?? "SECOND",
    algorithm: "fixed_window",
    unlimited: source.unlimited,
    name: source.name,
    replaces: source.replaces.length === 0 ? none : source.replaces.map(({ name }) => name),
    shadowMode: rule.shadowMode,
    quotaMode: rule.quotaMode,
    metadata: undefined,
    failurePolicy: undefined,
  };
}

const none: readonly string[] = [];

/** Upper-casing is Unicode's, so `mınute` is a unit, as in the reference. */
function unitOf(text: string): Unit | undefined {
  const upper = text.toUpperCase();
  return units.find((unit) => unit === upper);
}

function compileMetadata(source: RuleSource, report: Report) {
  const { metadata, problem } = metadataOf(source.metadata);
  if (problem !== undefined) {
    report(
      source.metadataPlace,
      `error parsing metadata: ${problem}`,
      "maps, lists, strings, numbers, booleans and null",
    );
  }
  const { failurePolicy, problem: ourProblem } = extensionsOf(metadata);
  if (ourProblem !== undefined) {
    report(source.metadataPlace, ourProblem.text, ourProblem.accepted);
  }
  return { metadata, failurePolicy };
}

function ruleNode(
  source: RuleSource,
  { finalKey, fullKey, keyPath }: Pick<RuleNode, "finalKey" | "fullKey"> & Pick<Match, "keyPath">,
  limit: Limit | undefined,
  children: Level | undefined,
  place: RuleNode["source"],
): RuleNode {
  const match: Match | undefined = limit && {
    limit,
    statsKey: fullKey,
    sharePatterns: undefined,
    keyPath,
    isValueKeyed: source.value === "",
    stats: undefined,
  };
  return {
    finalKey,
    fullKey,
    key: source.key,
    value: source.value,
    limit,
    match,
    detailedMetric: source.detailedMetric,
    valueToMetric: source.valueToMetric,
    shareThreshold: source.shareThreshold,
    children,
    source: place,
  };
}
