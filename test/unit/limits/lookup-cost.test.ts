import { afterEach, describe, expect, jest, test } from "@jest/globals";
import type { DomainRules } from "../../../src/limits/compile.ts";
import type { Descriptor } from "../../../src/limits/descriptor.ts";
import { matchDescriptor } from "../../../src/limits/match.ts";
import { domainOf, entriesOf } from "../../support/rules.ts";

/** What a lookup does is counted instead of timed: the figures are the same on every machine. */

const many = 100_000;

/** Rules for users, an exact or a wildcard one each, among a few others. */
function domainWith(users: number, ending: string): DomainRules {
  const rules = Array.from(
    { length: users },
    (_, i) => `{"key":"user","value":"u_${i}${ending}","rate_limit":{"unit":"day"}}`,
  );
  return domainOf(`{"domain":"d","descriptors":[${rules.join()},
    {"key":"user","rate_limit":{"unit":"day"}},
    {"key":"path","value":"/a/*","rate_limit":{"unit":"day"},"descriptors":[{"key":"n","rate_limit":{"unit":"day"}}]}]}`);
}

function descriptorOf(...pairs: readonly (readonly [string, string])[]): Descriptor {
  return {
    entries: entriesOf(pairs),
    override: undefined,
    hitsAddend: undefined,
    isNegativeHits: false,
  };
}

/** How often a lookup asks a map. */
function mapLookups(domain: DomainRules, descriptor: Descriptor): number {
  const get = jest.spyOn(Map.prototype, "get");
  matchDescriptor(domain, descriptor);
  const calls = get.mock.calls.length;
  get.mockRestore();
  return calls;
}

afterEach(() => {
  jest.restoreAllMocks();
});

describe("among 100,000 rules", () => {
  const few = domainWith(10, "");
  const full = domainWith(many, "");

  test.each([
    ["a rule for one value", descriptorOf(["user", "u_7"])],
    ["the rule for all others", descriptorOf(["user", "someone"])],
    ["a wildcard", descriptorOf(["path", "/a/b"])],
    ["a nested rule", descriptorOf(["path", "/a/b"], ["n", "x"])],
    ["no rule", descriptorOf(["unknown", "x"])],
  ])("%s is found with as many steps as among ten", (_, descriptor) => {
    expect(matchDescriptor(full, descriptor)?.statsKey).toBe(
      matchDescriptor(few, descriptor)?.statsKey,
    );
    const steps = mapLookups(few, descriptor);
    expect(steps).toBeGreaterThan(0);
    expect(mapLookups(full, descriptor)).toBe(steps);
  });

  test("any of them is found with the same steps", () => {
    const steps = mapLookups(full, descriptorOf(["user", "u_0"]));
    for (const i of [1, 999, 50_000, many - 1]) {
      expect(mapLookups(full, descriptorOf(["user", `u_${i}`]))).toBe(steps);
    }
  });
});

describe("among 20,000 wildcards", () => {
  const full = domainWith(20_000, "-*");

  test("a lookup takes no more steps than the entry has characters", () => {
    for (const value of ["u_7-x", "u_19999-", "u_12345-abc", "someone", "", "u_123456-x"]) {
      const descriptor = descriptorOf(["user", value]);
      expect(matchDescriptor(full, descriptor)).toBeDefined();
      expect(mapLookups(full, descriptor)).toBeLessThanOrEqual("user_".length + value.length + 2);
    }
  });

  test("the one that matches is found", () => {
    expect(matchDescriptor(full, descriptorOf(["user", "u_12345-abc"]))?.statsKey).toBe(
      "d.user_u_12345-*",
    );
  });
});

describe("a lookup that needs nothing of the request", () => {
  const domain = domainWith(10, "");

  test.each([
    ["for one value", descriptorOf(["user", "u_7"])],
    ["for all others", descriptorOf(["user", "someone"])],
    ["by a wildcard", descriptorOf(["path", "/a/b"])],
    ["nested", descriptorOf(["path", "/a/b"], ["n", "x"])],
  ])("gives the same answer object each time: %s", (_, descriptor) => {
    const match = matchDescriptor(domain, descriptor);
    expect(match).toBeDefined();
    expect(matchDescriptor(domain, descriptor)).toBe(match);
  });

  test("allocates nothing", () => {
    const asked = [
      descriptorOf(["user", "u_7"]),
      descriptorOf(["user", "someone"]),
      descriptorOf(["path", "/a/b"]),
      descriptorOf(["path", "/a/b"], ["n", "x"]),
      descriptorOf(["unknown", "x"]),
    ];
    const lookups = 50_000;
    const askAll = () => {
      const before = process.memoryUsage().heapUsed;
      for (let i = 0; i < lookups; i++) matchDescriptor(domain, asked[i % 5] as Descriptor);
      return process.memoryUsage().heapUsed - before;
    };
    // The least of several rounds: others may allocate meanwhile, the compiler among them. An object takes 16 bytes at least.
    const rounds = Array.from({ length: 20 }, askAll).filter((bytes) => bytes >= 0);
    expect(Math.min(...rounds) / lookups).toBeLessThan(1);
  });
});
