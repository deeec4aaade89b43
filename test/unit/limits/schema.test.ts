import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { Ajv } from "ajv";
import { parse } from "yaml";
import { ruleFileKeys } from "../../../src/limits/check-keys.ts";
import { extensionKeys } from "../../../src/limits/extensions.ts";
import { mistakes } from "../../support/rules.ts";

const root = new URL("../../../", import.meta.url);
const schema = JSON.parse(readFileSync(new URL("envoy/rule-file.schema.json", root), "utf8"));
const validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(schema);

/** Editors read YAML 1.2, where `yes` is text. */
function isValid(text: string, version: "1.1" | "1.2" = "1.2"): boolean {
  return validate(parse(text, { version, merge: true }));
}

const rule = (more: string) => `domain: d\ndescriptors: [{ key: k, ${more} }]`;
const limit = (more: string) => rule(`rate_limit: { ${more} }`);

describe("the schema accepts what the service accepts", () => {
  test.each([
    ["a domain alone", "domain: d"],
    ["no descriptors", "domain: d\ndescriptors:"],
    ["a rule without a limit", rule("value: v")],
    [
      "a number as text",
      "domain: 1\ndescriptors: [{ key: 2, value: 3, rate_limit: { unit: day, name: 4 } }]",
    ],
    ["a boolean as text", rule("value: true")],
    ["an empty value", rule('value: ""')],
    ["a null value", rule("value: ~")],
    ["no rate_limit", rule("rate_limit: ~")],
    ["a unit in any case", limit("unit: MiNuTe, requests_per_unit: 0")],
    ["the largest limit", limit("unit: year, requests_per_unit: 4294967295")],
    ["unlimited", limit("unlimited: true")],
    ["unlimited, in words", limit("unlimited: yes")],
    ["not unlimited", limit("unlimited: no, unit: week")],
    ["limits to replace", limit("unit: day, name: a, replaces: [{ name: b }, { name: c }]")],
    ["no limits to replace", limit("unit: day, replaces: ")],
    [
      "every flag",
      rule(
        'value: "a*", shadow_mode: on, quota_mode: off, detailed_metric: y, value_to_metric: No, share_threshold: true',
      ),
    ],
    ["a shared key", 'domain: d\ndescriptors: [{ key: "a*", share_threshold: true }]'],
    ["nothing shared", rule("share_threshold: false")],
    ["metadata of any kind", rule("metadata: { a: [1, 2.5, { b: ~ }], unit: foo }")],
    [
      "a failure policy",
      rule("rate_limit: { unit: day }, metadata: { velocitygate: { failure_policy: local } }"),
    ],
    ["no failure policy", rule("metadata: { velocitygate: { failure_policy: ~ } }")],
    ["nothing for VelocityGate", rule("metadata: { velocitygate: ~ }")],
    [
      "nested rules",
      rule("descriptors: [{ key: a, descriptors: [{ key: b, rate_limit: { unit: day } }] }]"),
    ],
    [
      "merged maps",
      "domain: d\ndescriptors: [&a { key: a, rate_limit: { unit: day } }, { <<: *a, key: b }]",
    ],
  ])("%s", (_, text) => {
    expect(mistakes(text)).toEqual([]);
    expect([isValid(text, "1.1"), validate.errors]).toEqual([true, null]);
    expect(isValid(text, "1.2")).toBe(true);
  });

  test("the example rules", () => {
    const folder = new URL("envoy/rules/", root);
    const names = readdirSync(folder);
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) {
      const text = readFileSync(new URL(name, folder), "utf8");
      expect([name, mistakes(text)]).toEqual([name, []]);
      expect([name, isValid(text)]).toEqual([name, true]);
    }
  });
});

describe("the schema refuses what the service refuses", () => {
  test.each([
    ["a list", "- domain: d"],
    ["no domain", "descriptors: []"],
    ["an empty domain", 'domain: ""'],
    ["an unknown key", "domain: d\ndescriptor: []"],
    ["an unknown key in a rule", rule("ratelimit: { unit: day }")],
    ["an unknown key in a limit", limit("unit: day, requests: 5")],
    ["a list of texts", "domain: d\ndescriptors: [a]"],
    ["a map for a list", "domain: d\ndescriptors: {}"],
    ["no key", "domain: d\ndescriptors: [{ value: v }]"],
    ["an empty key", 'domain: d\ndescriptors: [{ key: "" }]'],
    ["a fraction as a value", rule("value: 1.5")],
    ["a list as a value", rule("value: [{ key: a }]")],
    ["text for a limit", rule("rate_limit: often")],
    ["an empty limit", rule("rate_limit: {}")],
    ["an unknown unit", limit("unit: sec")],
    ["no unit", limit("requests_per_unit: 5")],
    ["unlimited with a unit", limit("unlimited: true, unit: day")],
    ["a negative limit", limit("unit: day, requests_per_unit: -1")],
    ["a limit beyond 32 bits", limit("unit: day, requests_per_unit: 4294967296")],
    ["half a request", limit("unit: day, requests_per_unit: 0.5")],
    ["text for a number", limit('unit: day, requests_per_unit: "5"')],
    ["a flag that is none", rule("shadow_mode: maybe")],
    ["a number for a flag", rule("shadow_mode: 1")],
    ["a flag in quotes", rule('shadow_mode: "true"')],
    ["a name to replace without a name", limit("unit: day, replaces: [{ name: }]")],
    ["names to replace without the word", limit("unit: day, replaces: [a]")],
    ["a shared threshold without a wildcard", rule("value: v, share_threshold: true")],
    ["a shared threshold for every value", rule("share_threshold: yes")],
    ["a list for metadata", rule("metadata: [{ a: b }]")],
    ["an unknown policy", rule("metadata: { velocitygate: { failure_policy: pass } }")],
    ["a list of policies", rule("metadata: { velocitygate: { failure_policy: [deny] } }")],
    ["a misspelt policy", rule("metadata: { velocitygate: { failure-policy: deny } }")],
    ["a text for VelocityGate", rule("metadata: { velocitygate: deny }")],
  ])("%s", (_, text) => {
    expect(mistakes(text)).not.toEqual([]);
    expect(isValid(text)).toBe(false);
  });
});

test("the schema also refuses what the service passes over because it means nothing there", () => {
  for (const text of [
    limit("unit: day, shadow_mode: true"),
    rule("unit: day"),
    "domain: d\nkey: k",
  ]) {
    expect(mistakes(text)).toEqual([]);
    expect(isValid(text)).toBe(false);
  }
});

test("the schema describes every key that the service knows, and no other", () => {
  const described = new Set<string>();
  const collect = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    const { properties, if: _condition, then: _then, ...rest } = node as Record<string, unknown>;
    for (const [name, property] of Object.entries(properties ?? {})) {
      described.add(name);
      expect([name, (property as { description?: string }).description ?? ""]).not.toEqual([
        name,
        "",
      ]);
      collect(property);
    }
    for (const child of Object.values(rest)) collect(child);
  };
  collect(schema);
  expect(described).toEqual(new Set([...ruleFileKeys, "velocitygate", ...extensionKeys]));
});
