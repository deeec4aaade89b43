import { expect, test } from "@jest/globals";
import { decodeRuleFile } from "../../../src/limits/decode-rule-file.ts";
import { refusal } from "../../support/rules.ts";

const text = "domain: dé😀\n";

test.each([
  ["UTF-8", Buffer.from(text)],
  ["UTF-8 with a byte order mark", Buffer.from(`\uFEFF${text}`)],
  ["UTF-16, low byte first", Buffer.from(`\uFEFF${text}`, "utf16le")],
  ["UTF-16, high byte first", Buffer.from(`\uFEFF${text}`, "utf16le").swap16()],
])("a rule file may be %s", (_, bytes) => {
  expect(decodeRuleFile(bytes)).toBe(text);
});

test("decoding changes nothing in the bytes it is given", () => {
  const bytes = Buffer.from(`\uFEFF${text}`, "utf16le").swap16();
  const before = Buffer.from(bytes);
  decodeRuleFile(bytes);
  expect(bytes).toEqual(before);
});

test.each([
  ["a byte that is none of UTF-8", Buffer.from([0x61, 0xff]), "invalid leading UTF-8 octet"],
  [
    "half a character of UTF-16",
    Buffer.from([0xff, 0xfe, 0x61, 0x00, 0x62]),
    "unexpected low surrogate area",
  ],
  [
    "half a character of UTF-16, high byte first",
    Buffer.from([0xfe, 0xff, 0x00, 0x61, 0x00]),
    "unexpected low surrogate area",
  ],
  [
    "half a pair of UTF-16",
    Buffer.from([0xff, 0xfe, 0x00, 0xd8, 0x61, 0x00]),
    "expected low surrogate area",
  ],
])("%s is left for the loader to refuse", (_, bytes, problem) => {
  expect(refusal({ f: decodeRuleFile(bytes) })).toBe(
    `f: error loading config file: yaml: ${problem}`,
  );
});
