import { describe, expect, test } from "@jest/globals";
import { matchRequest } from "../../../src/decision/checks.ts";
import type { Descriptor } from "../../../src/limits/descriptor.ts";
import { loadRules } from "../../../src/limits/load.ts";
import { descriptorOf } from "../../support/decisions.ts";

const rules = loadRules(
  [
    {
      name: "config.yaml",
      text: `
domain: test
descriptors:
  - key: gold
    rate_limit: { unit: minute, requests_per_unit: 100, name: gold, replaces: [{ name: basic }] }
  - key: basic
    rate_limit: { unit: minute, requests_per_unit: 10, name: basic, replaces: [{ name: trial }] }
  - key: trial
    rate_limit: { unit: minute, requests_per_unit: 1, name: trial }
  - key: also_trial
    rate_limit: { unit: hour, requests_per_unit: 1, name: trial }
  - key: unnamed
    rate_limit: { unit: minute, requests_per_unit: 5 }
  - key: free
    rate_limit: { unlimited: true, name: free, replaces: [{ name: basic }, { name: all_day }] }
  - key: all_day
    rate_limit: { unlimited: true, name: all_day }
  - key: left
    rate_limit: { unit: minute, requests_per_unit: 1, name: left, replaces: [{ name: right }] }
  - key: right
    rate_limit: { unit: minute, requests_per_unit: 1, name: right, replaces: [{ name: left }] }
  - key: all_unnamed
    rate_limit: { unit: minute, requests_per_unit: 1, replaces: [{ name: missing }] }
`,
    },
  ],
  { mergeDomains: false },
);

function match(descriptors: readonly Descriptor[], domain = "test", hitsAddend = 0) {
  return matchRequest(rules, { domain, descriptors, hitsAddend });
}

/** For each key whether its limit applies. */
function applying(...keys: string[]): string[] {
  const checks = match(keys.map((key) => descriptorOf({ [key]: "x" })));
  expect(checks).toHaveLength(keys.length);
  return keys.filter((_, i) => checks[i]?.match !== undefined);
}

describe("limits that replace others", () => {
  test.each([
    ["nothing is replaced where nothing replaces", ["trial", "unnamed"], ["trial", "unnamed"]],
    ["a limit is replaced by one that names it", ["gold", "basic"], ["gold"]],
    ["whatever their order", ["basic", "gold"], ["gold"]],
    ["not by one that is not in the request", ["basic", "unnamed"], ["basic", "unnamed"]],
    ["also by one that is itself replaced", ["gold", "basic", "trial"], ["gold"]],
    ["every limit of that name, wherever it is", ["basic", "trial", "also_trial"], ["basic"]],
    ["two that replace each other are both gone", ["left", "right"], []],
    ["an unlimited one replaces", ["free", "basic"], ["free"]],
    ["an unlimited one is not replaced", ["free", "all_day"], ["free", "all_day"]],
    [
      "one without a name is not replaced",
      ["gold", "unnamed", "all_unnamed"],
      ["gold", "unnamed", "all_unnamed"],
    ],
  ])("%s", (_, keys, remaining) => {
    expect(applying(...keys)).toEqual(remaining);
  });

  test("leave a limit alone that the request brings along", () => {
    const override = { requestsPerUnit: 3, unit: "HOUR" } as const;
    const checks = match([descriptorOf({ gold: "x" }), descriptorOf({ basic: "x" }, { override })]);
    expect(checks[1]?.match?.limit).toMatchObject({ ...override, name: "" });
  });
});

describe("what is checked", () => {
  test("is every descriptor, in their order, with its hits", () => {
    const descriptors = [
      descriptorOf({ trial: "x" }, { hitsAddend: 0 }),
      descriptorOf({ unknown: "x" }),
      descriptorOf({ unnamed: "x" }, { hitsAddend: 7, isNegativeHits: true }),
    ];
    const checks = match(descriptors, "test", 3);
    expect(checks.map(({ hits }) => hits)).toEqual([0, 3, 7]);
    expect(checks.map((check) => check.descriptor)).toEqual(descriptors);
    expect(checks.map((check) => check.match?.statsKey)).toEqual([
      "test.trial",
      undefined,
      "test.unnamed",
    ]);
  });

  test("in a domain without rules is nothing, not even a limit that the request brings along", () => {
    const override = { requestsPerUnit: 3, unit: "HOUR" } as const;
    const [check] = match([descriptorOf({ trial: "x" }, { override })], "other");
    expect(check?.match).toBeUndefined();
  });

  test("is a limit that the request brings along, even without entries", () => {
    const override = { requestsPerUnit: 3, unit: "WEEK" } as const;
    const [check] = match([descriptorOf({}, { override })]);
    expect(check?.match?.limit).toMatchObject(override);
    expect(match([descriptorOf({})])[0]?.match).toBeUndefined();
  });
});
