import { describe, expect, test } from "@jest/globals";
import type { YamlScalar } from "../../../../src/limits/yaml/node.ts";
import { resolveScalar, shortTag, tagOf } from "../../../../src/limits/yaml/resolve-scalar.ts";

function plain(text: string, flags: Partial<YamlScalar> = {}): YamlScalar {
  return { kind: "scalar", line: 1, column: 1, tag: "", text, isImplicit: true, ...flags };
}

function resolved(scalar: YamlScalar): string {
  const value = resolveScalar(scalar);
  return `${shortTag(tagOf(value))} ${value.value}`;
}

describe("plain text means in YAML 1.1", () => {
  test.each([
    ["!!bool true", ["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"]],
    ["!!bool false", ["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"]],
    ["!!null undefined", ["", "~", "null", "Null", "NULL"]],
    ["!!float NaN", [".nan", ".NaN", ".NAN"]],
    ["!!float Infinity", [".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"]],
    ["!!float -Infinity", ["-.inf", "-.Inf", "-.INF"]],
    [
      "!!int 15",
      ["15", "+15", "1_5", "017", "0o17", "0xf", "0XF", "0b1111", "0B1111", "0_17", "1__5"],
    ],
    ["!!int -15", ["-15", "-017", "-0xf", "-0b1111"]],
    ["!!int 9223372036854775808", ["9223372036854775808"]],
    ["!!float 1.5", ["1.5", "+1.5", "1.50", "15e-1", "1_.5"]],
    ["!!float 0.1", [".1", ".1_0"]],
    ["!!float 1", ["1.", "1.e0"]],
    ["!!float 8", ["08", "08.0"]],
    ["!!float 9223372036854776000", ["+9223372036854775808", "9223372036854775807.0"]],
  ])("%s", (meaning, texts) => {
    for (const text of texts) expect([text, resolved(plain(text))]).toEqual([text, meaning]);
  });

  test.each([
    "yEs",
    "oN",
    "nULL",
    ".iNF",
    "<<",
    "1e400",
    "0x",
    "0b",
    "0b2",
    "+",
    "-",
    ".",
    "..",
    "_1",
    "._1",
    ".1_",
    "1:30",
    "0o8x",
    "é",
  ])("text only: %j", (text) => {
    expect(resolved(plain(text))).toBe(`!!str ${text}`);
  });

  test.each([
    ["2020-01-31", "!!timestamp"],
    ["2020-1-1", "!!timestamp"],
    ["2020-02-29", "!!timestamp"],
    ["2020-01-01T01:02:03Z", "!!timestamp"],
    ["2020-01-01t1:2:3.5+01:30", "!!timestamp"],
    ["2020-01-01 01:02:03", "!!timestamp"],
    ["2021-02-29", "!!str"],
    ["2020-13-01", "!!str"],
    ["2020-01-01T24:00:00Z", "!!str"],
    ["2020-01-01T01:02:03", "!!str"],
    ["2020-01-01 01:02:03Z", "!!str"],
    ["20200-01-01", "!!str"],
  ])("%s is a date by its tag, and keeps its text", (text, tag) => {
    expect(resolved(plain(text))).toBe(`${tag} ${text}`);
  });
});

describe("text in quotes or blocks", () => {
  test.each(["yes", "5", "~", ""])("means itself: %j", (text) => {
    expect(resolved(plain(text, { isImplicit: false }))).toBe(`!!str ${text}`);
  });
});

describe("a tag", () => {
  const long = (name: string) => `tag:yaml.org,2002:${name}`;

  test.each([
    [long("str"), "5", "!!str 5"],
    [long("int"), "5", "!!int 5"],
    [long("float"), "5", "!!float 5"],
    [long("bool"), "yes", "!!bool true"],
    [long("null"), "", "!!null undefined"],
    [long("timestamp"), "2020-01-01", "!!timestamp 2020-01-01"],
    [long("binary"), "aGVs\nbG8=", "!!binary hello"],
    [long("binary"), "/w==", "!!binary \uDCFF"],
    ["!own", "5", "!own 5"],
    ["!", "5", "! 5"],
  ])("%s of %j", (tag, text, meaning) => {
    expect(resolved(plain(text, { tag, isImplicit: false }))).toBe(meaning);
  });

  test.each([
    [long("int"), "x", "yaml: cannot decode !!str `x` as a !!int"],
    [long("int"), "1.5", "yaml: cannot decode !!float `1.5` as a !!int"],
    [
      long("float"),
      "9223372036854775808",
      "yaml: cannot decode !!int `9223372036854775808` as a !!float",
    ],
    [long("timestamp"), "x", "yaml: cannot decode !!str `x` as a !!timestamp"],
    [long("binary"), "a", "yaml: !!binary value contains invalid base64 data"],
  ])("%s contradicts %j", (tag, text, message) => {
    expect(() => resolveScalar(plain(text, { tag }))).toThrow(message);
  });
});
