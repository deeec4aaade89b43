import { describe, expect, test } from "@jest/globals";
import { counterKey } from "../../../src/decision/key.ts";
import { windowStart } from "../../../src/decision/window.ts";
import type { Unit } from "../../../src/limits/limit.ts";
import { decodeText, encodeText } from "../../../src/text.ts";
import { descriptorOf } from "../../support/decisions.ts";

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
  return counterKey(prefix, "domain", entries, patterns, windowStart(unit, now));
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
    const key = counterKey("", "domain", entries, undefined, 1234);
    expect(encodeText(key)).toEqual(
      Buffer.concat([Buffer.from("domain_key_"), value, Buffer.from("_1234")]),
    );
  });
});
