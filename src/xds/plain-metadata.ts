import type { Place } from "../limits/yaml/node.ts";
import type { PlainPair, PlainValue } from "../limits/yaml/plain-value.ts";
import { tags } from "../limits/yaml/resolve-scalar.ts";

/** A `google.protobuf.Struct`, as the generated code hands it out. */
type StructObject = Readonly<Record<string, unknown>>;

/** The metadata of a rule, as if it had been read from a rule file. */
export function plainMetadata(object: StructObject, place: Place): Map<string, PlainValue> {
  return new Map(Object.entries(object).map(([name, value]) => [name, plainOf(value, place)]));
}

function plainOf(value: unknown, place: Place): PlainValue {
  switch (typeof value) {
    case "string":
      return { type: "string", value, tag: tags.string };
    case "number":
      return { type: "float", value };
    case "boolean":
      return { type: "bool", value };
    default:
      // A value of no kind at all counts as null.
      if (value === null || value === undefined) return { type: "null", value: undefined };
  }
  if (Array.isArray(value)) {
    return { type: "list", items: value.map((item) => ({ value: plainOf(item, place), place })) };
  }
  const pairs = Object.entries(value as StructObject).map(([name, item]): [string, PlainPair] => {
    const key = { type: "string", value: name, tag: tags.string } as const;
    return [name, { key, keyPlace: place, value: plainOf(item, place), place }];
  });
  return { type: "map", pairs: new Map(pairs) };
}
