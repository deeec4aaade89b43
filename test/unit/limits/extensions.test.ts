import { describe, expect, test } from "@jest/globals";
import { explainDescriptor } from "../../../src/limits/explain.ts";
import { printExplanation } from "../../../src/limits/explain-text.ts";
import { failurePolicies } from "../../../src/limits/limit.ts";
import { checkRules } from "../../../src/limits/load.ts";
import { descriptorOf } from "../../support/decisions.ts";
import { domainOf, matchOf, mistakes, rulesOf } from "../../support/rules.ts";

const withMetadata = (metadata: string) => `domain: d
descriptors:
  - key: k
    rate_limit: { unit: day, requests_per_unit: 1 }
    metadata: ${metadata}
`;

const policyOf = (metadata: string) =>
  matchOf(domainOf(withMetadata(metadata)), ["k", "v"])?.limit.failurePolicy;

describe("the failure policy of a rule", () => {
  test.each(failurePolicies)("is what its metadata says to VelocityGate: %s", (policy) => {
    expect(policyOf(`{ velocitygate: { failure_policy: ${policy} } }`)).toBe(policy);
  });

  test.each([
    "~",
    "{ a: b }",
    "{ failure_policy: allow }",
    "{ velocitygate: ~ }",
    "{ velocitygate: {} }",
    "{ velocitygate: { failure_policy: ~ } }",
  ])("is that of the service when nothing is said: %s", (metadata) => {
    expect(policyOf(metadata)).toBeUndefined();
  });

  test("is its own, and not that of the rules below it", () => {
    const domain = domainOf(`domain: d
descriptors:
  - key: k
    rate_limit: { unit: day, requests_per_unit: 1 }
    metadata: { velocitygate: { failure_policy: deny } }
    descriptors:
      - { key: below, rate_limit: { unit: day, requests_per_unit: 1 } }
`);
    expect(matchOf(domain, ["k", "v"])?.limit.failurePolicy).toBe("deny");
    expect(matchOf(domain, ["k", "v"], ["below", "v"])?.limit.failurePolicy).toBeUndefined();
  });

  test("leaves the metadata as it is, for Envoy", () => {
    const metadata = { a: "b", velocitygate: { failure_policy: "allow" } };
    const match = matchOf(domainOf(withMetadata(JSON.stringify(metadata))), ["k", "v"]);
    expect(match?.limit.metadata).toEqual(metadata);
  });

  test("is explained with the limit", () => {
    const domain = domainOf(withMetadata("{ velocitygate: { failure_policy: local } }"));
    const explanation = explainDescriptor(domain, descriptorOf({ k: "v" }));
    expect(printExplanation(explanation)).toContain(
      "=> limited to 1 per day (failure policy local)\n",
    );
  });
});

test("the limits that ask for a share are counted, so that somebody can find out how large it is", () => {
  const rule = (key: string, policy: string, limit: string) =>
    `  - { key: ${key}, metadata: { velocitygate: { failure_policy: ${policy} } } ${limit} }`;
  const rateLimit = ", rate_limit: { unit: day, requests_per_unit: 1 }";
  const text = [
    "domain: d\ndescriptors:",
    rule("a", "local", rateLimit),
    rule("b", "allow", rateLimit),
    rule("c", "local", rateLimit),
    rule("d", "local", ""),
  ].join("\n");
  expect(rulesOf(text)).toMatchObject({ limitCount: 3, localLimitCount: 2 });
});

describe("a mistake in what is said to VelocityGate is refused", () => {
  test.each([
    ["deny", "metadata of velocitygate is not a map", "velocitygate: { failure_policy: … }"],
    ["[deny]", "metadata of velocitygate is not a map", "velocitygate: { failure_policy: … }"],
    ["0", "metadata of velocitygate is not a map", "velocitygate: { failure_policy: … }"],
    [
      "{ failure-policy: deny }",
      "metadata of velocitygate has an unknown key 'failure-policy'",
      "failure_policy",
    ],
    [
      "{ failure_policy: pass }",
      "invalid failure_policy 'pass'",
      "one of error, allow, deny, local",
    ],
    ["{ failure_policy: true }", "invalid failure_policy", "one of error, allow, deny, local"],
  ])("%s", (given, text, accepted) => {
    const file = withMetadata(`{ velocitygate: ${given} }`);
    const [problem, ...others] = checkRules([{ name: "config.yaml", text: file }], {
      mergeDomains: false,
    });
    expect(problem).toMatchObject({ line: 5, text, accepted });
    expect(others).toEqual([]);
    expect(mistakes(file)).toEqual([`5:15 ${text}`]);
  });
});
