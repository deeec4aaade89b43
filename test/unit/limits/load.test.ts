import { describe, expect, test } from "@jest/globals";
import { VelocityGateError } from "../../../src/errors.ts";
import {
  checkRules,
  loadRules,
  RulesInvalidError,
  ruleFileLengthMax,
  ruleFilesLengthMax,
} from "../../../src/limits/load.ts";
import { domainOf, limitOf, matchOf, mistakes, refusal, rulesOf } from "../../support/rules.ts";

/** A file with the one rule `key: k`, and more keys in it. */
const withRule = (more: string) => `domain: d\ndescriptors: [{ key: k, ${more} }]`;
const withLimit = (more: string) => withRule(`rate_limit: { ${more} }`);

describe("a mistake is refused in the words of the reference", () => {
  test.each([
    ["no YAML", 'domain: "d', "error loading config file: yaml: found unexpected end of stream"],
    [
      "no YAML, further down",
      "domain: d\ndescriptors: [{key: 'k\n",
      "error loading config file: yaml: line 3: found unexpected end of stream",
    ],
    [
      "a number as a key",
      "domain: d\ndescriptors: [{ 0.25: k }]",
      "config error, key is not of type string: 0.25",
    ],
    ["a large number as a key", "1e6: d", "config error, key is not of type string: 1e+06"],
    ["a small number as a key", "0.00001: d", "config error, key is not of type string: 1e-05"],
    ["infinity as a key", ".inf: d", "config error, key is not of type string: +Inf"],
    ["its opposite as a key", "-.inf: d", "config error, key is not of type string: -Inf"],
    ["no number as a key", ".nan: d", "config error, key is not of type string: NaN"],
    ["a boolean as a key", "yes: d", "config error, key is not of type string: true"],
    ["nothing as a key", "~: d", "config error, key is not of type string: <nil>"],
    ["a misspelt key", withRule("ratelimit: {}"), "config error, unknown key 'ratelimit'"],
    [
      "a list of texts",
      "domain: d\ndescriptors: [a, b]",
      "config error, yaml file contains list of type other than map: a",
    ],
    [
      "a list of booleans, as it turns out",
      withLimit("unit: day, replaces: [n]"),
      "config error, yaml file contains list of type other than map: false",
    ],
    [
      "a list of lists",
      "domain: d\ndescriptors: [[{ b: 1, a: [~, 1.5] }]]",
      "config error, yaml file contains list of type other than map: [map[a:[<nil> 1.5] b:1]]",
    ],
    ["a fraction as a value", withRule("value: 1.5"), "error checking config"],
    [
      "a fraction as a number",
      withLimit("unit: day, requests_per_unit: 1.5"),
      "error checking config",
    ],
    ["infinity", withLimit("unit: day, requests_per_unit: .inf"), "error checking config"],
    ["a number beyond 63 bits", withRule("value: 9223372036854775808"), "error checking config"],
    ["an empty file", "", "config file cannot have empty domain"],
    ["only comments", "# nothing\n", "config file cannot have empty domain"],
    ["only null", "~", "config file cannot have empty domain"],
    ["no domain", "descriptors: []", "config file cannot have empty domain"],
    ["an empty domain", 'domain: ""', "config file cannot have empty domain"],
    ["no key", "domain: d\ndescriptors: [{ value: v }]", "descriptor has empty key"],
    ["an empty key", 'domain: d\ndescriptors: [{ key: "" }]', "descriptor has empty key"],
    [
      "the same rule twice",
      "domain: d\ndescriptors: [{ key: k, value: v }, { key: k, value: v }]",
      "duplicate descriptor composite key 'd.k_v'",
    ],
    [
      "the same rule twice, cut in two ways",
      "domain: d\ndescriptors: [{ key: a, value: b_c }, { key: a_b, value: c }]",
      "duplicate descriptor composite key 'd.a_b_c'",
    ],
    [
      "the same rule twice, nested",
      withRule("value: v, descriptors: [{ key: n }, { key: n }]"),
      "duplicate descriptor composite key 'd.k_v.n'",
    ],
    [
      "unlimited with a unit",
      withLimit("unlimited: true, unit: DAY"),
      "should not specify rate limit unit when unlimited",
    ],
    ["an unknown unit", withLimit("unit: foo"), "invalid rate limit unit 'foo'"],
    [
      "the unit of the wire for none",
      withLimit("unit: UNKNOWN"),
      "invalid rate limit unit 'UNKNOWN'",
    ],
    ["no unit", withLimit("requests_per_unit: 5"), "invalid rate limit unit ''"],
    ["an empty rate_limit", withRule("rate_limit: {}"), "invalid rate limit unit ''"],
    [
      "a null in capitals for a rate_limit",
      withRule("rate_limit: NULL"),
      "invalid rate limit unit ''",
    ],
    [
      "an unnamed limit to replace",
      withLimit("unit: day, replaces: [{ name: }]"),
      "should not have an empty replaces entry",
    ],
    [
      "a limit that replaces itself",
      withLimit("unit: day, name: n, replaces: [{ name: other }, { name: n }]"),
      "replaces should not contain name of same descriptor",
    ],
    [
      "a shared threshold without a wildcard",
      withRule("value: v, share_threshold: true"),
      "share_threshold can only be used with wildcard values (containing '*'), but found key 'k_v'",
    ],
    [
      "metadata that is no text",
      withRule("metadata: { a: [!!binary /w==] }"),
      'error parsing metadata: proto: invalid UTF-8 in string: "\\xff"',
    ],
  ])("%s", (_, text, message) => {
    expect(refusal({ "config.yaml": text })).toBe(`config.yaml: ${message}`);
  });

  test.each([
    ["- a", "!!seq", "map[interface {}]interface {}"],
    ["a", "!!str `a`", "map[interface {}]interface {}"],
    ["domain: {key: a}", "!!map", "string"],
    ["domain: d\ndescriptors: text", "!!str `text`", "[]config.YamlDescriptor"],
    ["domain: d\ndescriptors: {}", "!!map", "[]config.YamlDescriptor"],
    [withRule("rate_limit: 5"), "!!int `5`", "config.YamlRateLimit"],
    [withRule("rate_limit: []"), "!!seq", "config.YamlRateLimit"],
    [withLimit("unit: day, replaces: yes"), "!!bool `yes`", "[]config.yamlReplaces"],
    [withLimit("unit: day, requests_per_unit: -1"), "!!int `-1`", "uint32"],
    [withLimit("unit: day, requests_per_unit: 4294967296"), "!!int `4294967296`", "uint32"],
    [withLimit("unit: day, requests_per_unit: '5'"), "!!str `5`", "uint32"],
    [withLimit("unit: day, requests_per_unit: five"), "!!str `five`", "uint32"],
    [withLimit("unlimited: 1"), "!!int `1`", "bool"],
    [withRule("shadow_mode: 'true'"), "!!str `true`", "bool"],
    [withRule("quota_mode: 2020-01-01"), "!!timestamp `2020-01-01`", "bool"],
    [withRule("detailed_metric: {}"), "!!map", "bool"],
    [withRule("metadata: [{ a: b }]"), "!!seq", "map[string]interface {}"],
    [withRule("metadata: a"), "!!str `a`", "map[string]interface {}"],
    [withRule("metadata: !!map a"), "!!mapa", "map[string]interface {}"],
    [withRule("metadata: !own a"), "!own `a`", "map[string]interface {}"],
    [withRule("shadow_mode: 'eleven long'"), "!!str `eleven ...`", "bool"],
    [withRule("shadow_mode: aaaaaaéééé"), "!!str `aaaaaa\uFFFD...`", "bool"],
  ])("a value of the wrong type: %j", (text, given, type) => {
    const line = text.split("\n").length;
    expect(refusal({ "config.yaml": text })).toBe(
      `config.yaml: error loading config file: yaml: unmarshal errors:\n  line ${line}: cannot unmarshal ${given} into ${type}`,
    );
  });

  test("all values of the wrong type are told at once", () => {
    const text = "domain: d\ndescriptors:\n- key: k\n  shadow_mode: 1\n  quota_mode: 2\n";
    expect(refusal({ "config.yaml": text })).toBe(
      "config.yaml: error loading config file: yaml: unmarshal errors:\n  line 4: cannot unmarshal !!int `1` into bool\n  line 5: cannot unmarshal !!int `2` into bool",
    );
  });

  test("a byte that is no character is refused", () => {
    expect(refusal({ "config.yaml": "domain: \uDCFF" })).toBe(
      "config.yaml: error loading config file: yaml: invalid leading UTF-8 octet",
    );
  });

  test("a file beyond the bound is refused unread", () => {
    const text = `domain: d\n${"#".repeat(ruleFileLengthMax)}`;
    expect(refusal({ "config.yaml": text })).toBe(
      `config.yaml: rule file is too long: ${text.length} characters`,
    );
  });

  test("files beyond their common bound are refused unread", () => {
    const text = "#".repeat(ruleFileLengthMax);
    const count = ruleFilesLengthMax / ruleFileLengthMax + 1;
    const files = Object.fromEntries(Array.from({ length: count }, (_, i) => [`${i}.yaml`, text]));
    expect(refusal(files)).toBe(
      `${count - 1}.yaml: rule files are too long together, up to this one`,
    );
  });
});

describe("of several mistakes", () => {
  test("the one of the first file is told, whatever the order in which they are given", () => {
    const files = { "c.yaml": "domain: c", "b.yaml": "foo: 1", "a.yaml": "bar: 1" };
    expect(refusal(files)).toBe("a.yaml: config error, unknown key 'bar'");
  });

  test("of equal standing the first of the text is told", () => {
    expect(refusal({ "config.yaml": "domain: d\nfoo: 1\nbar: 2\n" })).toBe(
      "config.yaml: config error, unknown key 'foo'",
    );
  });

  test("the one is told that the reference meets first", () => {
    const yaml = "*a";
    const type = "shadow_mode: 5";
    const unit = "rate_limit: { unit: foo }";
    const key = "foo: 1";
    expect(refusal({ f: withRule(`${unit}, ${type}, ${key}, value: ${yaml}`) })).toContain(
      "anchor",
    );
    expect(refusal({ f: withRule(`${unit}, ${type}, ${key}`) })).toContain("unknown key");
    expect(refusal({ f: withRule(`${unit}, ${type}`) })).toContain("unmarshal");
    expect(refusal({ f: withRule(unit) })).toContain("unit");
  });

  test("within a rule: key, duplicate, unit, replaces, shared threshold, metadata, nested rules", () => {
    const parts = [
      "descriptors: [{ key: n }, { key: n }]",
      "metadata: { a: !!binary /w== }",
      "share_threshold: yes",
      "rate_limit: { unit: day, replaces: [{ name: }] }",
      "rate_limit: { unit: foo }",
    ];
    const texts = ["'d.k.n'", "metadata", "share_threshold", "empty replaces", "unit 'foo'"];
    for (let i = 0; i < parts.length; i++) {
      expect(refusal({ f: withRule(parts.slice(0, i + 1).join(", ")) })).toContain(texts[i]);
    }
    expect(
      refusal({ f: `domain: d\ndescriptors: [{ key: k }, { key: k, ${parts[4]} }]` }),
    ).toContain("'d.k'");
    expect(refusal({ f: `domain: d\ndescriptors: [{ ${parts[4]} }]` })).toContain("empty key");
  });
});

describe("checking tells every mistake", () => {
  const text = `# rules
domain: d
descriptors:
  - key: a
    shadow_mod: true
    rate_limit:
      unit: sec
      requests_per_unit: -5
  - value: b
    rate_limit:
      unlimited: true
      unit: day
  - key: c
    share_threshold: true
    descriptors:
      - key: e
        rate_limit: { unit: day, name: n, replaces: [{ name: n }, { name: "" }] }
      - key: e
`;

  test("with its place, as the reference meets them", () => {
    expect(mistakes(text)).toEqual([
      "5:5 config error, unknown key 'shadow_mod'",
      "8:26 error loading config file: yaml: unmarshal errors:\n  line 8: cannot unmarshal !!int `-5` into uint32",
      "7:13 invalid rate limit unit 'sec'",
      "9:5 descriptor has empty key",
      "12:13 should not specify rate limit unit when unlimited",
      "14:22 share_threshold can only be used with wildcard values (containing '*'), but found key 'c'",
      "17:54 replaces should not contain name of same descriptor",
      "17:67 should not have an empty replaces entry",
      "18:9 duplicate descriptor composite key 'd.c.e'",
    ]);
  });

  test("the first of which loading tells", () => {
    const files = [{ name: "config.yaml", text }];
    const [first] = checkRules(files, { mergeDomains: false });
    expect(refusal({ "config.yaml": text })).toBe(`config.yaml: ${first?.text}`);
  });

  test("in all files", () => {
    const files = [
      { name: "b", text: "domain: d" },
      { name: "c", text: "domain: d" },
      { name: "a", text: "domain: '" },
    ];
    const found = checkRules(files, { mergeDomains: false });
    expect(found.map(({ file, text }) => `${file}: ${text}`)).toEqual([
      "a: error loading config file: yaml: found unexpected end of stream",
      "c: duplicate domain 'd' in config file",
    ]);
  });

  test("and what would be accepted", () => {
    for (const problem of checkRules([{ name: "f", text }], { mergeDomains: false })) {
      expect(problem.accepted).not.toBe("");
    }
  });

  test("but not what only follows from another", () => {
    expect(mistakes(withLimit("unit: day, replaces: [n]"))).toEqual([
      "2:61 config error, yaml file contains list of type other than map: false",
    ]);
    expect(mistakes(withRule("rate_limit: often"))).toHaveLength(1);
    expect(mistakes("domian: d")).toEqual(["1:1 config error, unknown key 'domian'"]);
    expect(mistakes("- domain: d")).toHaveLength(1);
  });

  test("with columns that count behind a byte order mark, and lines of every kind", () => {
    expect(mistakes("\uFEFFdomian: d")).toEqual(["1:1 config error, unknown key 'domian'"]);
    expect(mistakes("domain: d\r\n\rfoo: 1")).toEqual(["3:1 config error, unknown key 'foo'"]);
  });

  test("with the place of a byte that is no character, wherever the reading got to", () => {
    expect(mistakes("domain: d\n# \uDCFF")).toEqual([
      "2:3 error loading config file: yaml: invalid leading UTF-8 octet",
    ]);
    expect(mistakes("domain: d\r\n# a\u0007")).toEqual([
      "2:4 error loading config file: yaml: control characters are not allowed",
    ]);
  });

  test("and is content with rules that load", () => {
    expect(mistakes(withLimit("unit: day, requests_per_unit: 1"))).toEqual([]);
  });
});

describe("the error of refused rules", () => {
  test("is one of configuration, and carries every mistake", () => {
    const load = () =>
      loadRules([{ name: "f", text: "domain: d\na: 1\nb: 2" }], { mergeDomains: false });
    expect(load).toThrow(RulesInvalidError);
    try {
      load();
    } catch (error) {
      expect(error).toBeInstanceOf(VelocityGateError);
      expect((error as RulesInvalidError).code).toBe("RULES_INVALID");
      expect((error as RulesInvalidError).problems).toHaveLength(2);
    }
  });
});

describe("several files", () => {
  const one = "domain: d\ndescriptors: [{ key: a, rate_limit: { unit: day } }]";
  const other = "domain: d\ndescriptors: [{ key: b, rate_limit: { unit: hour } }]";

  test("cannot share a domain; the later one is refused", () => {
    const message = "b.yaml: duplicate domain 'd' in config file";
    expect(refusal({ "b.yaml": one, "a.yaml": other })).toBe(message);
  });

  test("can share a domain when they are merged", () => {
    const files = [
      { name: "b.yaml", text: one },
      { name: "a.yaml", text: other },
    ];
    const rules = loadRules(files, { mergeDomains: true });
    expect(rules.fileNames).toEqual(["a.yaml", "b.yaml"]);
    expect(rules.limitCount).toBe(2);
    expect([...rules.domains.keys()]).toEqual(["d"]);
  });

  test("cannot have the same rule when they are merged, nor add to what is nested in one", () => {
    const message = "b.yaml: duplicate descriptor composite key 'd.a'";
    expect(refusal({ "a.yaml": one, "b.yaml": one }, true)).toBe(message);
    const nested = "domain: d\ndescriptors: [{ key: a, descriptors: [{ key: c }] }]";
    expect(refusal({ "a.yaml": one, "b.yaml": nested }, true)).toBe(message);
  });

  test("give their wildcards in the order of their names", () => {
    const wildcard = (value: string, requests: number) =>
      `domain: d\ndescriptors: [{ key: k, value: "${value}", rate_limit: { unit: day, requests_per_unit: ${requests} } }]`;
    const files = [
      { name: "b.yaml", text: wildcard("a*", 1) },
      { name: "a.yaml", text: wildcard("*", 2) },
    ];
    const domain = loadRules(files, { mergeDomains: true }).domains.get("d");
    expect(domain && limitOf(domain, ["k", "ab"])).toBe("2/day");
  });

  test("can be none", () => {
    const rules = loadRules([], { mergeDomains: false });
    expect(rules.domains.size).toBe(0);
  });
});

describe("a rule file means what yaml.v2 makes of it", () => {
  test.each([
    ["an unquoted number", "value: 0x1F", "0x1F"],
    ["a number with underscores", "value: 1_000", "1_000"],
    ["a boolean", "value: yes", "yes"],
    ["a date", "value: 2020-01-01", "2020-01-01"],
    ["text in quotes", "value: 'a''b'", "a'b"],
    ["text in base 64", "value: !!binary aGk=", "hi"],
    ["a fraction that is tagged as text", "value: !!str 1.5", "1.5"],
  ])("%s as a value is its text", (_, value, text) => {
    const domain = domainOf(withRule(`${value}, rate_limit: { unit: day, requests_per_unit: 7 }`));
    expect(limitOf(domain, ["k", text])).toBe("7/day");
    expect(limitOf(domain, ["k", "other"])).toBe("none");
  });

  test.each(["~", "null", "", "''"])("%j as a value is every value", (value) => {
    const domain = domainOf(withRule(`value: ${value}, rate_limit: { unit: day }`));
    expect(limitOf(domain, ["k", "any"])).toBe("0/day");
  });

  test.each([
    ["second", "SECOND"],
    ["Minute", "MINUTE"],
    ["HOUR", "HOUR"],
    ["day", "DAY"],
    ["week", "WEEK"],
    ["month", "MONTH"],
    ["year", "YEAR"],
    ["mınute", "MINUTE"],
    ["ſecond", "SECOND"],
  ])("the unit %s", (unit, expected) => {
    expect(matchOf(domainOf(withLimit(`unit: ${unit}`)), ["k", ""])?.limit.unit).toBe(expected);
  });

  test.each([
    ["0", 0],
    ["4294967295", 4_294_967_295],
    ["0x10", 16],
    ["010", 8],
    ["1_0", 10],
    ["+5", 5],
    ["~", 0],
  ])("%s requests", (text, requests) => {
    const limit = matchOf(domainOf(withLimit(`unit: day, requests_per_unit: ${text}`)), ["k", ""]);
    expect(limit?.limit.requestsPerUnit).toBe(requests);
  });

  test.each(["yes", "on", "TRUE", "y"])("%s sets a flag", (word) => {
    const domain = domainOf(
      withRule(`shadow_mode: ${word}, quota_mode: n, rate_limit: { unit: day }`),
    );
    expect(matchOf(domain, ["k", ""])?.limit).toMatchObject({ shadowMode: true, quotaMode: false });
  });

  test("without a rate_limit, or with a null one, a rule has no limit", () => {
    for (const none of ["shadow_mode: no", "rate_limit: ~", "rate_limit: null", "rate_limit: "]) {
      expect(rulesOf(withRule(none)).limitCount).toBe(0);
    }
  });

  test("unlimited takes a unit that is none, and ignores requests_per_unit", () => {
    const domain = domainOf(withLimit("unlimited: true, unit: often, requests_per_unit: 5"));
    expect(limitOf(domain, ["k", ""])).toBe("unlimited");
  });

  test("a domain may have no descriptors", () => {
    for (const text of ["domain: d", "domain: d\ndescriptors:", "domain: d\ndescriptors: []"]) {
      expect(rulesOf(text).domains.get("d")?.root.rules).toEqual([]);
    }
  });

  test("known keys in places without a meaning are passed over", () => {
    const text =
      "domain: d\nunit: x\ndescriptors: [{ key: k, unit: y, rate_limit: { unit: day, shadow_mode: yes } }]";
    expect(matchOf(domainOf(text), ["k", ""])?.limit).toMatchObject({
      unit: "DAY",
      shadowMode: false,
    });
  });

  test("of a field that is named twice the later value counts, and maps grow together", () => {
    const twice =
      "value: a, value: b, rate_limit: { unit: day, name: n }, rate_limit: { requests_per_unit: 3 }";
    const match = matchOf(domainOf(withRule(twice)), ["k", "b"]);
    expect(match?.limit).toMatchObject({ unit: "DAY", name: "n", requestsPerUnit: 3 });
  });

  test.each([
    ["5.9", 5],
    ["1e3", 1000],
    ["-0.5", 0],
    ["4294967295.5", 4_294_967_295],
  ])(
    "requests_per_unit: %s loses its fraction where the key check does not see it",
    (given, is) => {
      const twice = `rate_limit: { unit: day, requests_per_unit: ${given} }, rate_limit: { name: n }`;
      expect(matchOf(domainOf(withRule(twice)), ["k", ""])?.limit.requestsPerUnit).toBe(is);
    },
  );

  test.each(["-1.5", "4294967296.0", ".inf", ".nan"])("and %s is no uint32 there", (given) => {
    const twice = `rate_limit: { unit: day, requests_per_unit: ${given} }, rate_limit: { name: n }`;
    expect(refusal({ "a.yaml": withRule(twice) })).toContain(`!!float \`${given.slice(0, 7)}`);
  });

  test("anchors, aliases and merged maps", () => {
    const text = `domain: d
descriptors:
- &rule
  key: a
  rate_limit: &limit { unit: day, requests_per_unit: 1 }
  descriptors: [{ key: n, rate_limit: *limit }]
- { <<: *rule, key: b, shadow_mode: true }
- { key: c, rate_limit: { <<: *limit, requests_per_unit: 2 } }
`;
    const domain = domainOf(text);
    expect(limitOf(domain, ["a", ""], ["n", ""])).toBe("1/day");
    expect(matchOf(domain, ["b", ""])?.limit).toMatchObject({
      requestsPerUnit: 1,
      shadowMode: true,
    });
    expect(limitOf(domain, ["b", ""], ["n", ""])).toBe("1/day");
    expect(limitOf(domain, ["c", ""])).toBe("2/day");
  });

  test("metadata is free, and becomes what JSON can say", () => {
    const metadata = `{ text: a, number: 0x10, fraction: 1.5, yes: no, nothing: ~, date: 2020-01-01, 1: 2,
      list: [a, 1, { b: c }], map: { yes: 1, 2.5: x, ~: none, 3: z }, anything: { unit: 1.5, foo: bar }, __proto__: { a: b } }`;
    const domain = domainOf(withRule(`rate_limit: { unit: day }, metadata: ${metadata}`));
    expect(JSON.stringify(matchOf(domain, ["k", ""])?.limit.metadata)).toBe(
      JSON.stringify({
        1: 2,
        text: "a",
        number: 16,
        fraction: 1.5,
        yes: false,
        nothing: null,
        date: "2020-01-01",
        list: ["a", 1, { b: "c" }],
        map: { 3: "z", true: 1, "2.5": "x", "<nil>": "none" },
        anything: { unit: 1.5, foo: "bar" },
        ["__proto__"]: { a: "b" },
      }),
    );
  });

  test("metadata with nothing in it is none; infinity stays what it is", () => {
    const withMetadata = (text: string) =>
      matchOf(domainOf(withRule(`rate_limit: { unit: day }, metadata: ${text}`)), ["k", ""])?.limit
        .metadata;
    expect(withMetadata("{}")).toBeUndefined();
    expect(withMetadata("~")).toBeUndefined();
    expect(withMetadata("{ a: .inf, b: .nan }")).toEqual({
      a: Number.POSITIVE_INFINITY,
      b: Number.NaN,
    });
  });

  test("only the first document counts", () => {
    expect(rulesOf("domain: d\n---\ndomain: e\nfoo: [").domains.has("d")).toBe(true);
  });
});

describe("a rule set", () => {
  test("counts its limits, unlimited and nested ones included", () => {
    const text = `domain: d
descriptors:
- key: a
  descriptors: [{ key: b, rate_limit: { unlimited: true } }, { key: c, rate_limit: { unit: day } }]
- { key: d, rate_limit: { unit: day } }
`;
    expect(rulesOf(text).limitCount).toBe(3);
  });
});
