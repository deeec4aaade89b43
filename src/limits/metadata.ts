import type { JsonObject, JsonValue } from "./limit.ts";
import { goText, type PlainValue } from "./yaml/plain-value.ts";

/**
 * A rule's metadata as a `google.protobuf.Struct` holds it: every number a double, every key a string. `metadata` is `undefined`
 * when there is nothing in it.
 */
export function metadataOf(source: ReadonlyMap<string, PlainValue> | undefined): {
  readonly metadata: JsonObject | undefined;
  readonly problem: string | undefined;
} {
  if (source === undefined || source.size === 0) return { metadata: undefined, problem: undefined };
  const invalid: string[] = [];
  const metadata = objectOf(source, invalid);
  return { metadata, problem: invalid[0] };
}

function objectOf(pairs: Iterable<readonly [string, PlainValue]>, invalid: string[]): JsonObject {
  const object: Record<string, JsonValue> = {};
  for (const [name, value] of pairs) {
    checkText(name, invalid);
    // Not by assignment, which would set the prototype where the key is `__proto__`.
    Object.defineProperty(object, name, {
      value: jsonOf(value, invalid),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return object;
}

function jsonOf(value: PlainValue, invalid: string[]): JsonValue {
  switch (value.type) {
    case "null":
      return null;
    case "int":
      return Number(value.value);
    case "list":
      return value.items.map((item) => jsonOf(item.value, invalid));
    case "map":
      return objectOf(
        Array.from(value.pairs.values(), (pair) => [goText(pair.key), pair.value] as const),
        invalid,
      );
    case "string":
      checkText(value.value, invalid);
      return value.value;
    default:
      return value.value;
  }
}

/** Only text from `!!binary` can be other than UTF-8. */
function checkText(text: string, invalid: string[]): void {
  if (text.isWellFormed()) return;
  const quoted = JSON.stringify(text).replaceAll(/\\udc([89a-f][0-9a-f])/g, "\\x$1");
  invalid.push(`proto: invalid UTF-8 in string: ${quoted}`);
}
