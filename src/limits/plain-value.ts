import { type Resolved, resolveScalar } from "./resolve-scalar.ts";
import { effectivePairs, type Visits } from "./yaml-mapping.ts";
import type { YamlNode } from "./yaml-node.ts";

/** A YAML value without any schema, as yaml.v2 makes it for metadata and for its error messages. */
export type PlainValue = Resolved | PlainMap | PlainList;

export interface PlainMap {
  readonly type: "map";
  readonly pairs: readonly (readonly [Resolved, PlainValue])[];
}

export interface PlainList {
  readonly type: "list";
  readonly items: readonly PlainValue[];
}

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

/** A value as Go's `%v` writes it: `map[a:1 b:2]`, `[x y]`, `<nil>`. */
export function goText(value: PlainValue): string {
  switch (value.type) {
    case "null":
      return "<nil>";
    case "float":
      return goFloat(value.value);
    case "list":
      return `[${value.items.map(goText).join(" ")}]`;
    case "map":
      return `map[${value.pairs
        .map(([key, item]) => `${goText(key)}:${goText(item)}`)
        .sort()
        .join(" ")}]`;
    default:
      return String(value.value);
  }
}

/** Go writes the exponent with a sign and two digits, and from 1e21 on, as JavaScript does, or below 1e-4. */
function goFloat(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  const text = Math.abs(value) < 1e-4 && value !== 0 ? value.toExponential() : String(value);
  return text.replace(/e([-+])([0-9])$/, "e$10$2");
}
