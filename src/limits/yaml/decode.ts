import { isMergeKey, mergedMappings, targetOf, type Visits } from "./alias.ts";
import { YamlFailure, type YamlMapping, type YamlNode } from "./node.ts";
import { goSyntax, type PlainPair, type PlainValue } from "./plain-value.ts";
import { type Resolved, resolveScalar } from "./resolve-scalar.ts";

/**
 * Makes a value of a node without knowing what is expected of it, as yaml.v2 does when it decodes into an empty interface. Of equal
 * keys the last counts; what `<<` merges in counts as if it stood there, so it yields only to keys further down.
 *
 * @throws YamlFailure where yaml.v2 gives up: a tag that contradicts its value, a map as a key, aliases without end.
 */
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
    case "sequence": {
      const items = node.items.map((item) => ({ value: toPlain(item, visits), place: item }));
      return { type: "list", items };
    }
    case "mapping": {
      const pairs = new Map<string, PlainPair>();
      decodePairs(node, visits, pairs);
      return { type: "map", pairs };
    }
  }
}

function decodePairs(mapping: YamlMapping, visits: Visits, into: Map<string, PlainPair>): void {
  for (const { key: keyPlace, value: place } of mapping.pairs) {
    if (isMergeKey(keyPlace)) {
      for (const merged of mergedMappings(place)) {
        visits.enter(merged);
        decodePairs(targetOf(merged) as YamlMapping, visits, into);
        visits.leave(merged);
      }
    } else {
      const key = decodeKey(keyPlace, visits);
      const value = toPlain(place, visits);
      into.set(`${key.type}:${key.value}`, { key, keyPlace, value, place });
    }
  }
}

function decodeKey(node: YamlNode, visits: Visits): Resolved {
  const key = toPlain(node, visits);
  if (key.type !== "map" && key.type !== "list") return key;
  throw new YamlFailure(`invalid map key: ${goSyntax(key)}`, node);
}
