import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { counterKey, unambiguousKey } from "../../../src/decision/key.ts";
import { windowStart } from "../../../src/decision/window.ts";
import type { Unit } from "../../../src/limits/limit.ts";
import { decodeText, encodeText } from "../../../src/text.ts";
import { descriptorOf, plainKey } from "../../support/decisions.ts";

/** Entries written `key=value,key=value`. */
function keyOf(
  text: string,
  unit: Unit,
  now: number,
  prefix = "",
  patterns?: (string | undefined)[],
) {
  const entries =
    text === ""
      ? []
      : text.split(",").map((entry) => {
          const [key = "", value = ""] = entry.split("=");
          return { key, value };
        });
  return counterKey(
    prefix,
    "domain",
    entries,
    { ...plainKey, sharePatterns: patterns },
    windowStart(unit, now),
  );
}

describe("the counter key", () => {
  test.each([
    ["key=value", "SECOND", 1234, "domain_key_value_1234"],
    ["key2=value2,subkey2=subvalue2", "MINUTE", 1234, "domain_key2_value2_subkey2_subvalue2_1200"],
    ["key3=value3", "HOUR", 1_000_000, "domain_key3_value3_997200"],
    [
      "key3=value3,subkey3=subvalue3",
      "DAY",
      1_000_000,
      "domain_key3_value3_subkey3_subvalue3_950400",
    ],
    ["key=value", "WEEK", 1_000_000, "domain_key_value_604800"],
    ["key=value", "MONTH", 2_600_000, "domain_key_value_2592000"],
    ["key=value", "YEAR", 31_536_001, "domain_key_value_31536000"],
    // An empty value leaves its two underscores; so does an empty key.
    ["key=", "SECOND", 1234, "domain_key__1234"],
    ["=value", "SECOND", 1234, "domain__value_1234"],
    // A limit that a request without entries brings along.
    ["", "MINUTE", 1234, "domain_1200"],
  ] as const)("of %s per %s at %d is the reference's", (entries, unit, now, key) => {
    expect(keyOf(entries, unit, now)).toBe(key);
  });

  test("begins with the operator's prefix", () => {
    expect(keyOf("key=value", "SECOND", 1234, "prefix:")).toBe("prefix:domain_key_value_1234");
  });

  test.each([
    ["files=files/a.pdf", ["files/*"], "domain_files_files/*_1234"],
    [
      "parent=value1,files=nested/a",
      [undefined, "nested/*"],
      "domain_parent_value1_files_nested/*_1234",
    ],
    ["files=top/a,files=nested/b", ["top/*", "nested/*"], "domain_files_top/*_files_nested/*_1234"],
  ] as const)("of %s holds the shared pattern in the value's place", (entries, patterns, key) => {
    expect(keyOf(entries, "SECOND", 1234, "", [...patterns])).toBe(key);
  });

  test("holds the caller's bytes, whatever they are", () => {
    const value = Buffer.from([0x61, 0xff, 0xe2, 0x82, 0xc3, 0xa4]);
    const { entries } = descriptorOf({ key: decodeText(value) });
    const key = counterKey("", "domain", entries, plainKey, 1234);
    expect(encodeText(key)).toEqual(
      Buffer.concat([Buffer.from("domain_key_"), value, Buffer.from("_1234")]),
    );
  });
});

describe("the unambiguous key", () => {
  const keyOf = (
    domain: string,
    entries: readonly (readonly [string, string])[],
    patterns?: readonly (string | undefined)[],
    unit: Unit = "HOUR",
  ) =>
    unambiguousKey(
      "p:",
      domain,
      entries.map(([key, value]) => ({ key, value })),
      patterns,
      unit,
      3600,
    );

  test("reads like the other, with the unit", () => {
    expect(keyOf("domain", [["key", "a/b"]])).toBe("p:domain_key_a/b_hour_3600");
  });

  test.each([
    ["the domain ends", keyOf("a_b", [["c", "d"]]), keyOf("a", [["b_c", "d"]])],
    ["a key ends", keyOf("d", [["a_b", "c"]]), keyOf("d", [["a", "b_c"]])],
    [
      "an entry ends",
      keyOf("d", [["a", "b_c_d"]]),
      keyOf("d", [
        ["a", "b"],
        ["c", "d"],
      ]),
    ],
    ["a pattern is no value", keyOf("d", [["a", "x*"]], ["x*"]), keyOf("d", [["a", "x*"]])],
    ["a unit is another", keyOf("d", [], undefined, "HOUR"), keyOf("d", [], undefined, "MINUTE")],
    ["an escape is none", keyOf("d", [["a", "%5F"]]), keyOf("d", [["a", "_"]])],
  ])("tells where %s", (_where, one, other) => {
    expect(one).not.toBe(other);
  });

  test("is taken apart to what it was made of, whatever that is", () => {
    const part = fc.string({ unit: fc.constantFrom("_", "%", "~", "a", "5", "F", "é", "*") });
    const entry = fc.record({ key: part, value: part, isPattern: fc.boolean() });
    fc.assert(
      fc.property(part, fc.array(entry, { maxLength: 3 }), (domain, entries) => {
        const key = unambiguousKey(
          "",
          domain,
          entries,
          entries.map(({ value, isPattern }) => (isPattern ? value : undefined)),
          "DAY",
          86_400,
        );
        const [first = "", ...rest] = key.split("_");
        expect(rest.splice(-2)).toEqual(["day", "86400"]);
        expect(decodeURIComponent(first)).toBe(domain);
        const found = [];
        while (rest.length > 0) {
          const [name = "", pattern] = rest.shift()?.split("~") ?? [];
          const value = pattern ?? rest.shift() ?? "";
          found.push({
            key: decodeURIComponent(name),
            value: decodeURIComponent(value),
            isPattern: pattern !== undefined,
          });
        }
        expect(found).toEqual(entries);
      }),
    );
  });
});
