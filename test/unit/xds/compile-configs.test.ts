import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { describe, expect, test } from "@jest/globals";
import {
  type RateLimitConfig,
  RateLimitUnit,
} from "../../../src/gen/ratelimit/config/ratelimit/v3/rls_conf.ts";
import { loadRules } from "../../../src/limits/load.ts";
import { printRules } from "../../../src/limits/print.ts";
import type { RuleNode } from "../../../src/limits/rule-tree.ts";
import { compileConfigs, rulesMax, UpdateRefusedError } from "../../../src/xds/compile-configs.ts";
import { bytesOf, limit, oneLimit, rule } from "../../support/xds/updates.ts";

const compile = (configs: readonly RateLimitConfig[], mergeDomains = false) =>
  compileConfigs(configs.map(bytesOf), { mergeDomains });

const config = (descriptors: RateLimitConfig["descriptors"]): RateLimitConfig => ({
  name: "some-resource",
  domain: "d",
  descriptors,
});

function refusalOf(run: () => unknown): UpdateRefusedError {
  try {
    run();
  } catch (error) {
    if (error instanceof UpdateRefusedError) return error;
    throw error;
  }
  throw new Error("the update was accepted");
}

/** A rule without where it stands, which differs between a file and a resource. */
function bare(node: RuleNode): unknown {
  const { source: _, children, match: __, ...rest } = node;
  return { ...rest, children: children?.rules.map(bare) };
}

describe("rules of an xDS server", () => {
  test("are the same as those of a rule file that says the same", () => {
    const ours = { velocitygate: { failure_policy: "local" } };
    const sent = compile([
      config([
        rule("a", {
          value: "x*",
          rateLimit: limit(5, { name: "five", replaces: [{ name: "all" }] }),
          shadowMode: true,
          quotaMode: true,
          detailedMetric: true,
          metadata: { n: 1, t: "x", b: true, z: null, l: [1, { o: "p" }], m: { i: 2.5 }, ...ours },
          descriptors: [
            rule("b", {
              rateLimit: limit(0, { unit: RateLimitUnit.UNKNOWN, unlimited: true }),
              descriptors: [rule("c", { rateLimit: limit(7, { unit: RateLimitUnit.WEEK }) })],
            }),
          ],
        }),
        rule("none"),
      ]),
    ]);
    const text = `
domain: d
descriptors:
  - key: a
    value: x*
    shadow_mode: true
    quota_mode: true
    detailed_metric: true
    metadata: { n: 1, t: x, b: true, z: null, l: [1, { o: p }], m: { i: 2.5 }, velocitygate: { failure_policy: local } }
    rate_limit: { unit: minute, requests_per_unit: 5, name: five, replaces: [{ name: all }] }
    descriptors:
      - key: b
        rate_limit: { unlimited: true }
        descriptors:
          - key: c
            rate_limit: { unit: week, requests_per_unit: 7 }
  - key: none
`;
    const read = loadRules([{ name: "some-resource", text }], { mergeDomains: false });
    const nodes = (rules: typeof read) => (rules.domains.get("d")?.root.rules ?? []).map(bare);
    expect(nodes(sent)).toEqual(nodes(read));
    expect(printRules(sent)).toBe(printRules(read));
    expect(sent).toMatchObject({ limitCount: 3, localLimitCount: 1 });
    expect(sent.fileNames).toEqual(["some-resource"]);
  });

  test.each(Object.entries(RateLimitUnit).filter(([name]) => name !== "UNKNOWN"))(
    "may have the unit %s",
    (name, unit) => {
      const rules = compile([config([rule("k", { rateLimit: limit(3, { unit }) })])]);
      expect(rules.domains.get("d")?.root.rules[0]?.limit?.unit).toBe(name);
    },
  );

  test("of no resource are no rules, which is not wrong", () => {
    expect(compile([])).toEqual({
      domains: new Map(),
      fileNames: [],
      limitCount: 0,
      localLimitCount: 0,
      ownPolicyCount: 0,
    });
  });

  test("of one domain in two resources are merged only if that is allowed, in the server's order", () => {
    const two = [oneLimit("d", "z*", 1), { ...oneLimit("d", "a*", 2), name: "another" }];
    const merged = compile(two, true);
    expect(merged.domains.get("d")?.root.rules.map(({ finalKey }) => finalKey)).toEqual([
      "z*",
      "a*",
    ]);
    const refusal = refusalOf(() => compile(two));
    expect(refusal.message).toBe("another: duplicate domain 'd' in config file");
    expect(refusal).toMatchObject({
      field: "domain",
      accepted: "one resource for each domain, or MERGE_DOMAIN_CONFIG=true",
    });
  });
});

describe("a mistake", () => {
  const nested = (descriptor: ReturnType<typeof rule>) =>
    config([rule("first"), rule("k", { descriptors: [rule("fine"), descriptor] })]);
  const at = "descriptors[1].descriptors[1]";

  test.each<[string, RateLimitConfig, string, string]>([
    ["no domain", { ...config([]), domain: "" }, "config file cannot have empty domain", "domain"],
    ["no key", nested(rule("")), "descriptor has empty key", `${at}.key`],
    ["a key twice", nested(rule("fine")), "duplicate descriptor composite key 'd.k.fine'", at],
    [
      "no unit",
      nested(rule("x", { rateLimit: limit(1, { unit: RateLimitUnit.UNKNOWN }) })),
      "invalid rate limit unit 'UNKNOWN'",
      `${at}.rate_limit.unit`,
    ],
    [
      "a unit from the future",
      nested(rule("x", { rateLimit: limit(1, { unit: 42 as never }) })),
      "invalid rate limit unit '42'",
      `${at}.rate_limit.unit`,
    ],
    [
      "a unit beside unlimited",
      nested(rule("x", { rateLimit: limit(1, { unlimited: true }) })),
      "should not specify rate limit unit when unlimited",
      `${at}.rate_limit.unit`,
    ],
    [
      "an empty entry of replaces",
      nested(rule("x", { rateLimit: limit(1, { replaces: [{ name: "y" }, { name: "" }] }) })),
      "should not have an empty replaces entry",
      `${at}.rate_limit.replaces[1]`,
    ],
    [
      "a limit that replaces itself",
      nested(rule("x", { rateLimit: limit(1, { name: "y", replaces: [{ name: "y" }] }) })),
      "replaces should not contain name of same descriptor",
      `${at}.rate_limit.replaces[0]`,
    ],
  ])("is told in the reference's words, with its place: %s", (_name, wrong, text, field) => {
    const refusal = refusalOf(() => compile([oneLimit("good", "k", 1), wrong]));
    expect(refusal.message).toBe(`some-resource: ${text}`);
    expect(refusal.field).toBe(field);
    expect(refusal.furtherMistakes).toBe(0);
  });

  test("in each of two resources: the first is told, and that there is another", () => {
    const wrong = config([rule("")]);
    const refusal = refusalOf(() => compile([wrong, { ...wrong, name: "other", domain: "e" }]));
    expect(refusal.message).toBe("some-resource: descriptor has empty key");
    expect(refusal.furtherMistakes).toBe(1);
  });

  test("in a resource without a name is told by its number", () => {
    const refusal = refusalOf(() =>
      compile([oneLimit("e", "k", 1), { ...config([rule("")]), name: "" }]),
    );
    expect(refusal.message).toBe("resource 2: descriptor has empty key");
  });
});

describe("bytes that are no rules are refused", () => {
  const good = bytesOf(oneLimit("d", "k", 1));
  const refused = (bytes: Uint8Array) =>
    refusalOf(() => compileConfigs([good, bytes], { mergeDomains: false })).message;

  test("when they are cut off", () => {
    expect(refused(good.subarray(0, -1))).toMatch(/^resource 2 cannot be read: /);
  });

  test("when a text is not UTF-8, rather than mended", () => {
    const bytes = new BinaryWriter().uint32(18).bytes(Buffer.of(0x64, 0xff)).finish();
    expect(refused(bytes)).toMatch(/^resource 2 cannot be read: .*(?:utf-8|encoded)/i);
  });

  test("when rules are nested without end", () => {
    let descriptor = rule("k");
    for (let depth = 0; depth < 200; depth++) descriptor = rule("k", { descriptors: [descriptor] });
    expect(refused(bytesOf(config([descriptor])))).toMatch(/cannot be read: .*recursion limit/);
  });

  test("when they hold too many rules", () => {
    // Each rule is two bytes long: a tag and a length of 0.
    const bytes = Buffer.alloc(2 * (rulesMax + 1));
    for (let at = 0; at < bytes.length; at += 2) bytes[at] = (3 << 3) | 2;
    expect(refused(bytes)).toBe("too many rules");
  });
});
