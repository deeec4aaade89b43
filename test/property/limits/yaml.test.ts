import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { parse, stringify } from "yaml";
import { metadataOf } from "../../../src/limits/metadata.ts";
import { Visits } from "../../../src/limits/yaml/alias.ts";
import { toPlain } from "../../../src/limits/yaml/decode.ts";
import { YamlFailure } from "../../../src/limits/yaml/node.ts";
import { parseYaml } from "../../../src/limits/yaml/parser.ts";

/** The value of a text, by way of metadata, which may be anything. */
function read(text: string): unknown {
  const root = parseYaml(text);
  if (root === undefined) return undefined;
  return Object.values(metadataOf(new Map([["", toPlain(root, new Visits())]])).metadata ?? {})[0];
}

const characters = "abc01 -:?#&*!|>'\"%@`{}[],_~.\nYN=<\\é😀";

/** Whatever JSON can say, with texts of these characters. */
function anyOf(units: string) {
  const leaf = fc.oneof(
    fc.string({ unit: fc.constantFrom(...units), maxLength: 12 }),
    fc.integer(),
    fc
      .double({ noNaN: true, noDefaultInfinity: true })
      .map((number) => (number === 0 ? 0 : number)),
    fc.boolean(),
    fc.constant(null),
  );
  const key = fc.string({ unit: fc.constantFrom(..."abc-_"), minLength: 2, maxLength: 6 });
  return fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: "medium", withCrossShrink: true },
      leaf,
      fc.array(tie("value"), { maxLength: 4 }),
      fc.dictionary(key, tie("value"), { maxKeys: 4, noNullPrototype: true }),
    ),
  })).value;
}

test("JSON is read as what it says", () => {
  fc.assert(
    fc.property(anyOf(`${characters}\t`), fc.constantFrom(0, 2), (written, indent) => {
      expect(read(JSON.stringify(written, undefined, indent))).toEqual(written);
    }),
    { numRuns: 500 },
  );
});

test("what another YAML library writes is read as it was", () => {
  fc.assert(
    fc.property(anyOf(characters), fc.boolean(), (written, isWide) => {
      // In a list and without tabs, because YAML 1.1 and 1.2 differ on how texts are indented.
      const text = stringify([written], { version: "1.1", lineWidth: isWide ? 0 : 20 });
      // Some texts that library writes so that it does not read them back itself.
      fc.pre(isEqual(parse(text, { version: "1.1" }), [written]));
      expect(read(text)).toEqual([written]);
    }),
    { numRuns: 500 },
  );
});

function isEqual(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

test("no text does more than be read or be refused", () => {
  const pieces = fc.constantFrom(
    ..."abc:-?#&*!|>'\"%@{}[],\n\n\n  \t\r\\",
    ": ",
    "- ",
    "? ",
    "&a ",
    "*a",
    "!!str ",
    "<<: ",
    "---\n",
    "...\n",
    "%YAML 1.1\n",
    "\0",
    "\uD800",
  );
  fc.assert(
    fc.property(fc.string({ unit: pieces, maxLength: 30 }), (text) => {
      try {
        read(text);
      } catch (error) {
        expect(error).toBeInstanceOf(YamlFailure);
      }
    }),
    { numRuns: 2000 },
  );
});
