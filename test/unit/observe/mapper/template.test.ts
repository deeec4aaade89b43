import { describe, expect, test } from "@jest/globals";
import { compileGoPattern } from "../../../../src/observe/go-pattern.ts";
import { globTemplate, regexTemplate } from "../../../../src/observe/mapper/template.ts";

describe("a template of a glob", () => {
  test.each([
    ["plain", "plain"],
    ["$1", "one"],
    [`\${2}_$1`, "two_one"],
    [`a_\${1}_b\${1}`, "a_one_bone"],
    // What looks like a longer number is one that does not exist.
    ["$1_total", ""],
    [`$1x-\${2}`, "-two"],
    ["$3$0", ""],
    ["$name", ""],
    ["100% of $1", "100% of one"],
    ["$", "$"],
  ])("%j becomes %j", (template, text) => {
    expect(globTemplate(template, 2)(["one", "two"])).toBe(text);
  });
});

describe("a template of a regular expression", () => {
  const pattern = compileGoPattern("^(?P<first>[a-z]+)-(x)?([0-9]+)$");
  const groups = pattern.match("ab-12") ?? [];

  test.each([
    ["$0", "ab-12"],
    ["$1.$3", "ab.12"],
    [`\${1}s`, "abs"],
    // The longest name that can be read is the name.
    ["$1s", ""],
    [`$first/\${first}`, "ab/ab"],
    ["[$2]", "[]"],
    ["$9$01$other", ""],
    ["$$1", "$1"],
    [`\${1`, `\${1`],
    ["a$ b", "a$ b"],
    [`\${é}`, ""],
  ])("%j becomes %j", (template, text) => {
    expect(regexTemplate(template, pattern)(groups)).toBe(text);
  });
});
