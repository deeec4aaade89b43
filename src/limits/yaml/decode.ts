import { isMergeKey, mergedMappings, targetOf, type Visits } from "./alias.ts";
import { YamlFailure, type YamlMapping, type YamlNode } from "./node.ts";
import { goSyntax, type PlainValue } from "./plain-value.ts";
import { type Resolved, resolveScalar } from "./resolve-scalar.ts";

/** @throws YamlFailure where yaml.v2 cannot make a value of the text. */
export function toPlain(node: YamlNode, visits: Visits): PlainValue {
  visits.enter(node);
  const value = plainOf(node, visits);
  visits.leave(node);
  return value;
}

function plainOf(node: YamlNode, visits: Visits): PlainValue {
  switch (node.kind) {
    case "alias":
      return toPlain(node.target, visits);
    case "scalar":
      return resolveScalar(node);
    case "sequence":
      return { type: "list", items: node.items.map((item) => toPlain(item, visits)) };
    case "mapping": {
      const pairs: (readonly [Resolved, PlainValue])[] = [];
      for (const { key, valueNode } of effectivePairs(node, visits)) {
        pairs.push([key, toPlain(valueNode, visits)]);
      }
      return { type: "map", pairs };
    }
  }
}

export interface EffectivePair {
  readonly key: Resolved;
  readonly keyNode: YamlNode;
  readonly valueNode: YamlNode;
}

/**
 * The pairs that count: of equal keys the last, and what `<<` merges in. yaml.v2 takes pairs as they come, so a merged key yields
 * only to one that stands below the `<<`.
 */
export function effectivePairs(mapping: YamlMapping, visits: Visits): Iterable<EffectivePair> {
  const pairs = new Map<string, EffectivePair>();
  collectPairs(mapping, visits, pairs);
  return pairs.values();
}

function collectPairs(
  mapping: YamlMapping,
  visits: Visits,
  into: Map<string, EffectivePair>,
): void {
  for (const { key: keyNode, value: valueNode } of mapping.pairs) {
    if (isMergeKey(keyNode)) {
      for (const merged of mergedMappings(valueNode)) {
        visits.enter(merged);
        collectPairs(targetOf(merged) as YamlMapping, visits, into);
        visits.leave(merged);
      }
      continue;
    }
    const key = resolveKey(keyNode, visits);
    into.set(identityOf(key), { key, keyNode, valueNode });
  }
}

function resolveKey(node: YamlNode, visits: Visits): Resolved {
  const key = toPlain(node, visits);
  if (key.type !== "map" && key.type !== "list") return key;
  throw new YamlFailure(`invalid map key: ${goSyntax(key)}`, node);
}

function identityOf(key: Resolved): string {
  return `${key.type}:${key.value}`;
}
