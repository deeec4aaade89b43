import { beforeEach, describe, expect, test } from "@jest/globals";
import { matchRequest } from "../../../src/decision/checks.ts";
import { decide } from "../../../src/decision/decide.ts";
import { noneKnownOver } from "../../../src/decision/known-over.ts";
import { planIncrements } from "../../../src/decision/plan.ts";
import type { Descriptor } from "../../../src/limits/descriptor.ts";
import { descriptorOf, plainOptions } from "../../support/decisions.ts";
import { rulesOf } from "../../support/rules.ts";

/** What the reference's tests try through an Envoy, request after request: rules, matching and decisions together. */

const rules = rulesOf(`
domain: rl
descriptors:
  - { key: category, value: account, rate_limit: { unit: minute, requests_per_unit: 4, replaces: [{ name: personal }, { name: fake }] } }
  - key: source_cluster
    value: proxy
    descriptors:
      - { key: destination_cluster, value: personal, rate_limit: { unit: minute, requests_per_unit: 2, replaces: [{ name: personal }] } }
      - { key: destination_cluster, value: mock, rate_limit: { unit: minute, requests_per_unit: 1 } }
      - { key: destination_cluster, value: override, rate_limit: { unit: minute, requests_per_unit: 2, replaces: [{ name: banned }] } }
      - { key: destination_cluster, value: fake, rate_limit: { unit: minute, requests_per_unit: 2, name: fake } }
  - key: foo
    rate_limit: { unit: minute, requests_per_unit: 2 }
    descriptors:
      - { key: bar, rate_limit: { unit: minute, requests_per_unit: 3 } }
      - { key: bar, value: personal, rate_limit: { unit: minute, requests_per_unit: 1, name: personal } }
      - { key: bar, value: banned, rate_limit: { unit: minute, requests_per_unit: 0, name: banned } }
      - { key: baz, value: not-so-shady, rate_limit: { unit: minute, requests_per_unit: 3 } }
      - { key: baz, value: shady, shadow_mode: true, rate_limit: { unit: minute, requests_per_unit: 3 } }
      - { key: bay, rate_limit: { unlimited: true } }
  - { key: service, value: service_1, quota_mode: true, rate_limit: { unit: minute, requests_per_unit: 1 } }
  - { key: service, value: service_2, quota_mode: true, rate_limit: { unit: minute, requests_per_unit: 2 } }
`);

const counts = new Map<string, number>();
let nowSeconds = 1200;

beforeEach(() => {
  counts.clear();
  nowSeconds = 1200;
});

function ask(...descriptors: readonly Descriptor[]): "OK" | "OVER_LIMIT" {
  const question = { domain: "rl", nowSeconds };
  const checks = matchRequest(rules, { domain: "rl", descriptors, hitsAddend: 0 });
  const plan = planIncrements(checks, question, plainOptions, noneKnownOver);
  const totals = plan.increments.map(({ key, hits }) => {
    const total = (counts.get(key) ?? 0) + hits;
    counts.set(key, total);
    return total;
  });
  return decide(checks, plan, totals, question, plainOptions).overallCode;
}

describe("limits that replace others", () => {
  const header = (foo: string, bar: string) => descriptorOf({ foo, bar });
  const to = (destination: string) =>
    descriptorOf({ source_cluster: "proxy", destination_cluster: destination });
  const account = descriptorOf({ category: "account" });

  test("raise one, leave it as it is for others, and several at once", () => {
    // What is banned stays so, beside a limit that replaces nothing.
    expect(ask(header("x", "banned"))).toBe("OVER_LIMIT");
    expect(ask(header("x", "banned"), to("mock"))).toBe("OVER_LIMIT");
    expect(ask(header("x", "banned"), to("override"))).toBe("OK");
    expect(ask(header("x", "banned"), to("override"))).toBe("OK");
    expect(ask(header("x", "banned"), to("override"))).toBe("OVER_LIMIT");

    // Replaced, a limit counts nothing.
    expect(ask(header("mine", "personal"), to("personal"))).toBe("OK");
    expect(ask(header("mine", "personal"), to("personal"))).toBe("OK");
    expect(ask(header("mine", "personal"), to("personal"))).toBe("OVER_LIMIT");
    expect(ask(header("mine", "personal"), to("elsewhere"))).toBe("OK");
    expect(ask(header("mine", "personal"), to("elsewhere"))).toBe("OVER_LIMIT");
    expect(ask(header("mine", "personal"), to("personal"))).toBe("OVER_LIMIT");

    // One limit replaces two.
    for (let i = 0; i < 4; i++) {
      expect(ask(header("mine", "personal"), to("fake"), account)).toBe("OK");
    }
    expect(ask(header("mine", "personal"), to("fake"), account)).toBe("OVER_LIMIT");
    expect(ask(header("other", "personal"))).toBe("OK");
    expect(ask(header("other", "personal"))).toBe("OVER_LIMIT");
    expect(ask(header("third", "any"), to("fake"))).toBe("OK");
    expect(ask(header("third", "any"), to("fake"))).toBe("OK");
    expect(ask(header("third", "any"), to("fake"))).toBe("OVER_LIMIT");
    expect(ask(header("mine", "personal"), to("fake"), account)).toBe("OVER_LIMIT");
  });
});

describe("a limit", () => {
  test("admits as many requests as it says", () => {
    const descriptor = descriptorOf({ foo: "pelle", baz: "not-so-shady" });
    for (let i = 0; i < 3; i++) expect(ask(descriptor)).toBe("OK");
    expect(ask(descriptor)).toBe("OVER_LIMIT");
    nowSeconds += 60;
    expect(ask(descriptor)).toBe("OK");
  });

  test("in shadow mode admits all", () => {
    for (let i = 0; i < 5; i++) {
      expect(ask(descriptorOf({ foo: "pelle", baz: "shady" }))).toBe("OK");
    }
  });

  test("that is none admits all, and counts nothing", () => {
    for (let i = 0; i < 5; i++) expect(ask(descriptorOf({ foo: "pelle", bay: "x" }))).toBe("OK");
    expect(counts.size).toBe(0);
  });
});

describe("quotas", () => {
  const service = (name: string, hitsAddend?: number) =>
    descriptorOf({ service: name }, { hitsAddend });

  test("refuse a request when all of them are used up", () => {
    const both = [service("service_1"), service("service_2")];
    expect(ask(...both)).toBe("OK");
    expect(ask(...both)).toBe("OK");
    expect(ask(...both)).toBe("OVER_LIMIT");
    nowSeconds += 60;
    expect(ask(...both)).toBe("OK");
  });

  test("are looked at before and taken after: one more passes than they hold", () => {
    const look = service("service_2", 0);
    const take = service("service_2", 1);
    for (let i = 0; i < 3; i++) {
      expect(ask(look)).toBe("OK");
      ask(take);
    }
    expect(ask(look)).toBe("OVER_LIMIT");
  });
});
