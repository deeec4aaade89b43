import type { Resolved } from "./resolve-scalar.ts";

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

/** A value as Go's `%#v` writes it: `map[interface {}]interface {}{"a":1}`. */
export function goSyntax(value: PlainValue): string {
  switch (value.type) {
    case "null":
      return "interface {}(nil)";
    case "string":
      return JSON.stringify(value.value);
    case "list":
      return `[]interface {}{${value.items.map(goSyntax).join(", ")}}`;
    case "map":
      return `map[interface {}]interface {}{${value.pairs
        .map(([key, item]) => `${goSyntax(key)}:${goSyntax(item)}`)
        .sort()
        .join(", ")}}`;
    default:
      return goText(value);
  }
}

/** Go writes the exponent with a sign and two digits, and from 1e21 on, as JavaScript does, or below 1e-4. */
function goFloat(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  const text = Math.abs(value) < 1e-4 && value !== 0 ? value.toExponential() : String(value);
  return text.replace(/e([-+])([0-9])$/, "e$10$2");
}
