import { expect, test } from "@jest/globals";
import { loadRules } from "../../../src/limits/load.ts";
import { printRules } from "../../../src/limits/print.ts";
import { rulesOf } from "../../support/rules.ts";

test("all limits are dumped as the reference dumps them, sorted", () => {
  const rules = rulesOf(`
domain: foo
descriptors:
- key: k1
  value: v1
  rate_limit: { unit: minute, requests_per_unit: 3, name: n }
  descriptors:
  - key: k2
    rate_limit: { unlimited: true }
- key: j1
  value: v2
  descriptors:
  - key: j2
    value: v2
    shadow_mode: true
    quota_mode: true
    rate_limit: { unit: day, requests_per_unit: 15 }
- key: exempt
- key: wild
  value: "a*"
  rate_limit: { unlimited: true, requests_per_unit: 7 }
`);
  expect(printRules(rules)).toBe(
    [
      "foo.j1_v2.j2_v2: unit=DAY requests_per_unit=15, shadow_mode: true, quota_mode: true\n",
      "foo.k1_v1.k2: unit=UNKNOWN requests_per_unit=0, shadow_mode: false, quota_mode: false\n",
      "foo.k1_v1: unit=MINUTE requests_per_unit=3, shadow_mode: false, quota_mode: false\n",
      "foo.wild_a*: unit=UNKNOWN requests_per_unit=7, shadow_mode: false, quota_mode: false\n",
    ].join(""),
  );
});

test("domains of several files are dumped together, whatever their order", () => {
  const file = (domain: string) => ({
    name: `${domain}.yaml`,
    text: `domain: ${domain}\ndescriptors: [{ key: k, rate_limit: { unit: second, requests_per_unit: 1 } }]`,
  });
  const forward = loadRules([file("a"), file("b")], { mergeDomains: false });
  const backward = loadRules([file("b"), file("a")], { mergeDomains: false });
  expect(printRules(forward)).toBe(printRules(backward));
  expect(printRules(forward)).toMatch(/^a\.k: .*\nb\.k: .*\n$/);
});

test("without limits there is nothing to dump", () => {
  expect(printRules(rulesOf("domain: d\ndescriptors: [{ key: k }]"))).toBe("");
  expect(printRules(loadRules([], { mergeDomains: false }))).toBe("");
});
