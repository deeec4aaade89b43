import type { Place } from "./node.ts";
import type { Resolved } from "./resolve-scalar.ts";

/** A YAML value that nothing is expected of: metadata, or a file before it is known to hold rules. */
export type PlainValue = Resolved | PlainMap | PlainList;

export interface PlainMap {
  readonly type: "map";
  /** By a text that is the same for equal keys only. */
  readonly pairs: ReadonlyMap<string, PlainPair>;
}

export interface PlainPair {
  readonly key: Resolved;
  readonly keyPlace: Place;
  readonly value: PlainValue;
  readonly place: Place;
}

export interface PlainList {
  readonly type: "list";
  readonly items: readonly PlainItem[];
}

export interface PlainItem {
  readonly value: PlainValue;
  readonly place: Place;
}

/** A value as Go's `%v` writes it: `map[a:1 b:2]`, `[x y]`, `<nil>`. */
export function goText(value: PlainValue): string {
  switch (value.type) {
    case "null":
      return "<nil>";
    case "float":
      return goFloat(value.value);
    case "list":
      return `[${value.items.map((item) => goText(item.value)).join(" ")}]`;
    case "map":
      return `map[${sortedPairs(value, goText).join(" ")}]`;
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
      return `[]interface {}{${value.items.map((item) => goSyntax(item.value)).join(", ")}}`;
    case "map":
      return `map[interface {}]interface {}{${sortedPairs(value, goSyntax).join(", ")}}`;
    default:
      return goText(value);
  }
}

function sortedPairs({ pairs }: PlainMap, write: (value: PlainValue) => string): string[] {
  const written = Array.from(pairs.values(), ({ key, value }) => `${write(key)}:${write(value)}`);
  return written.sort((left, right) => (left < right ? -1 : 1));
}

/** Go writes an exponent below 1e-4 and from a million on, of at least two digits. */
function goFloat(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  const scientific = value.toExponential();
  const exponent = Number(scientific.slice(scientific.indexOf("e") + 1));
  if (exponent >= -4 && exponent < 6) return String(value);
  return scientific.replace(/e([-+])([0-9])$/, "e$10$2");
}
