import { describe, expect, test } from "@jest/globals";
import type { Override } from "../../../src/limits/descriptor.ts";
import { explainDescriptor } from "../../../src/limits/explain.ts";
import { printExplanation } from "../../../src/limits/explain-text.ts";
import { domainOf, entriesOf } from "../../support/rules.ts";

const domain = domainOf(`domain: d
descriptors:
  - key: user
    rate_limit: { unit: minute, requests_per_unit: 10, name: each }
  - key: user
    value: "a*"
    shadow_mode: true
    quota_mode: true
    rate_limit: { unit: minute, requests_per_unit: 20 }
  - key: user
    value: "*n"
    rate_limit: { unit: minute, requests_per_unit: 25 }
  - key: user
    value: ann
  - key: path
    value: /free
    rate_limit: { unlimited: true }
  - key: path
    value: /api
    descriptors:
      - key: method
        value: POST
        rate_limit: { unit: hour, requests_per_unit: 5 }
      - key: method
        value: PUT
        rate_limit: { unit: hour, requests_per_unit: 6 }
`);

function explain(pairs: readonly (readonly [string, string])[], override?: Override) {
  return explainDescriptor(domain, {
    entries: entriesOf(pairs),
    override,
    hitsAddend: undefined,
    isNegativeHits: false,
  });
}

describe("an explanation says", () => {
  test("which rule was taken, by which step, and which others match too", () => {
    const { steps, outcome, match } = explain([["user", "alan"]]);
    expect(outcome).toBe("limited");
    expect(match?.limit.requestsPerUnit).toBe(20);
    expect(steps).toEqual([
      {
        entry: { key: "user", value: "alan" },
        found: {
          step: "wildcard",
          rule: {
            fullKey: "d.user_a*",
            file: "config.yaml",
            line: 5,
            hasLimit: true,
            hasNested: false,
          },
        },
        passedOver: [
          { step: "wildcard", rule: expect.objectContaining({ fullKey: "d.user_*n", line: 10 }) },
          { step: "default", rule: expect.objectContaining({ fullKey: "d.user", line: 3 }) },
        ],
        others: [expect.objectContaining({ fullKey: "d.user_ann", line: 13 })],
      },
    ]);
  });

  test.each([
    ["limited", [["user", "bob"]], "=> limited to 10 per minute (name each)"],
    ["limited", [["user", "al"]], "=> limited to 20 per minute (shadow mode, quota mode)"],
    [
      "no-limit",
      [["user", "ann"]],
      "=> not limited: the rule has no rate_limit, which exempts what it matches",
    ],
    [
      "no-limit",
      [["path", "/api"]],
      "=> not limited: the rule has no rate_limit; those nested in it need more entries",
    ],
    ["unlimited", [["path", "/free"]], "=> unlimited: counted in metrics, never denied"],
    [
      "no-rule",
      [["path", "/other"]],
      "=> not limited: no rule matches this entry, and no other branch is tried",
    ],
    [
      "no-rule",
      [
        ["path", "/api"],
        ["method", "GET"],
      ],
      "=> not limited: no rule matches this entry, and no other branch is tried",
    ],
    [
      "too-many-entries",
      [
        ["user", "bob"],
        ["method", "GET"],
      ],
      "=> not limited: the rule's limit is for descriptors that end here, and this one has more entries",
    ],
    [
      "too-many-entries",
      [
        ["user", "ann"],
        ["method", "GET"],
      ],
      "=> not limited: nothing is nested in the rule, and the descriptor has more entries",
    ],
    ["no-entries", [], "=> not limited: the descriptor has no entries"],
  ] as const)("%s for %j", (outcome, pairs, conclusion) => {
    const explanation = explain(pairs);
    expect(explanation.outcome).toBe(outcome);
    expect(printExplanation(explanation)).toContain(`${conclusion}\n`);
  });

  test("that the rules are not asked when the descriptor brings a limit", () => {
    const explanation = explain([["user", "ann"]], { requestsPerUnit: 3, unit: "WEEK" });
    expect(explanation).toMatchObject({ outcome: "override", steps: [] });
    expect(printExplanation(explanation)).toBe(
      "domain d\n=> limited by the descriptor itself to 3 per week; the rules are not asked\n",
    );
  });

  test("all that in a few lines", () => {
    const pairs = [
      ["path", "/api"],
      ["method", "GET"],
    ] as const;
    expect(printExplanation(explain(pairs))).toBe(`domain d
path=/api
  exact: d.path_/api (config.yaml:18)
method=GET
  no rule matches
  does not match: d.path_/api.method_POST (config.yaml:21)
  does not match: d.path_/api.method_PUT (config.yaml:24)
=> not limited: no rule matches this entry, and no other branch is tried
`);
    expect(printExplanation(explain([["user", "ann"]]))).toBe(`domain d
user=ann
  exact: d.user_ann (config.yaml:13)
  matches too, but comes later (wildcard): d.user_a* (config.yaml:5)
  matches too, but comes later (wildcard): d.user_*n (config.yaml:10)
  matches too, but comes later (any value): d.user (config.yaml:3)
=> not limited: the rule has no rate_limit, which exempts what it matches
`);
  });
});

test("of many rules that do not match a few are shown", () => {
  const values = Array.from({ length: 100 }, (_, i) => `{ key: k, value: v${i} }`);
  const crowded = domainOf(`domain: d\ndescriptors: [${values.join()}]`);
  const { steps } = explainDescriptor(crowded, {
    entries: [{ key: "k", value: "x" }],
    override: undefined,
    hitsAddend: undefined,
    isNegativeHits: false,
  });
  expect(steps[0]?.others).toHaveLength(5);
});
