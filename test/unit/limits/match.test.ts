import { describe, expect, test } from "@jest/globals";
import { matchDescriptor } from "../../../src/limits/match.ts";
import { domainOf, entriesOf, limitOf, matchOf } from "../../support/rules.ts";

type Pairs = readonly (readonly [string, string])[];

interface Rule {
  readonly descriptors: Rule[];
}

/** Rules from a line each: `key` or `key=value`, a `>` for each level of nesting, flags in brackets, a number for a limit a day. */
function rules(...lines: string[]) {
  const domain = { domain: "d", descriptors: [] as Rule[] };
  const parents: Rule[] = [domain];
  for (const line of lines) {
    const [, nesting = "", key, value = "", flags, limit] =
      /^(>*) *([^= ]+)(?:=([^ ]*))?(?: \[(.*)\])?(?: (\d+))?$/.exec(line) ?? [];
    const rule: Rule = {
      ...{ key, value, descriptors: [] },
      ...Object.fromEntries(flags?.split(" ").map((flag) => [flag, true]) ?? []),
      ...(limit === undefined
        ? {}
        : { rate_limit: { unit: "day", requests_per_unit: Number(limit) } }),
    };
    parents[nesting.length]?.descriptors.push(rule);
    parents[nesting.length + 1] = rule;
  }
  return domainOf(JSON.stringify(domain));
}

describe("the rules of the reference's own tests", () => {
  const domain = domainOf(`
domain: test-domain
descriptors:
  - key: key1
    value: value1
    descriptors:
      - key: subkey1
        rate_limit: { unit: second, requests_per_unit: 5 }
      - key: subkey1
        value: subvalue1
        rate_limit: { unit: second, requests_per_unit: 10 }
  - key: key2
    rate_limit: { unit: minute, requests_per_unit: 20 }
  - key: key2
    value: value2
    rate_limit: { unit: minute, requests_per_unit: 30 }
  - key: key2
    value: value3
  - key: key3
    rate_limit: { unit: hour, requests_per_unit: 1 }
  - key: key4
    rate_limit: { name: key4_rate_limit, unit: day, requests_per_unit: 1 }
  - key: key5
    value: value5
    rate_limit: { unit: day, requests_per_unit: 15 }
  - key: key6
    rate_limit: { unlimited: true }
  - key: key7
    detailed_metric: true
    rate_limit: { unit: minute, requests_per_unit: 70 }
`);

  test.each<[string, Pairs]>([
    ["none", []],
    ["none", [["key1", "something"]]],
    ["none", [["key1", "value1"]]],
    [
      "5/second",
      [
        ["key1", "value1"],
        ["subkey1", "something"],
      ],
    ],
    [
      "10/second",
      [
        ["key1", "value1"],
        ["subkey1", "subvalue1"],
      ],
    ],
    [
      "none",
      [
        ["key2", "value2"],
        ["subkey", "subvalue"],
      ],
    ],
    [
      "none",
      [
        ["key5", "value5"],
        ["subkey5", "subvalue"],
      ],
    ],
    ["20/minute", [["key2", "something"]]],
    ["30/minute", [["key2", "value2"]]],
    ["none", [["key2", "value3"]]],
    ["1/hour", [["key3", "foo"]]],
    ["1/day", [["key4", "foo"]]],
    ["15/day", [["key5", "value5"]]],
    ["unlimited", [["key6", "foo"]]],
    ["70/minute", [["key7", "unspecified_value"]]],
    ["none", [["KEY3", "foo"]]],
    ["none", [["unknown", "foo"]]],
  ])("%s for %j", (expected, pairs) => {
    expect(limitOf(domain, ...pairs)).toBe(expected);
  });

  test("a limit has its name, and its own name in metrics", () => {
    expect(matchOf(domain, ["key4", "foo"])?.limit.name).toBe("key4_rate_limit");
    expect(matchOf(domain, ["key1", "value1"], ["subkey1", "x"])?.statsKey).toBe(
      "test-domain.key1_value1.subkey1",
    );
    expect(matchOf(domain, ["key7", "unspecified_value"])?.statsKey).toBe(
      "test-domain.key7_unspecified_value",
    );
  });

  test("a limit that the request brings along takes the place of the rules", () => {
    const ask = (requestsPerUnit: number, unit: "DAY" | "HOUR") =>
      matchDescriptor(domain, {
        entries: entriesOf([
          ["key1", "value1"],
          ["subkey1", "something"],
        ]),
        override: { requestsPerUnit, unit },
        hitsAddend: undefined,
        isNegativeHits: false,
      });
    const statsKey = "test-domain.key1_value1.subkey1_something";
    expect(ask(10, "DAY")).toMatchObject({ statsKey, limit: { requestsPerUnit: 10, unit: "DAY" } });
    expect(ask(42, "HOUR")).toMatchObject({
      statsKey,
      limit: { requestsPerUnit: 42, unit: "HOUR" },
    });
  });
});

describe("a limit that the request brings along", () => {
  const domain = rules("k=v [shadow_mode quota_mode] 5");
  const ask = (...pairs: Pairs) =>
    matchDescriptor(domain, {
      entries: entriesOf(pairs),
      override: { requestsPerUnit: 1, unit: "WEEK" },
      hitsAddend: undefined,
      isNegativeHits: false,
    });

  test("has no name, flag or metadata of any rule", () => {
    expect(ask(["k", "v"])).toEqual({
      limit: {
        requestsPerUnit: 1,
        unit: "WEEK",
        algorithm: "fixed_window",
        unlimited: false,
        name: "",
        replaces: [],
        shadowMode: false,
        quotaMode: false,
        metadata: undefined,
      },
      statsKey: "d.k_v",
      sharePatterns: undefined,
      keyPath: undefined,
      isValueKeyed: false,
      stats: undefined,
    });
  });

  test.each<[string, Pairs]>([
    ["d.", []],
    ["d.a", [["a", ""]]],
    [
      "d.a_b.c.d_e",
      [
        ["a", "b"],
        ["c", ""],
        ["d", "e"],
      ],
    ],
  ])("is counted in metrics as %s", (statsKey, pairs) => {
    expect(ask(...pairs)?.statsKey).toBe(statsKey);
  });
});

describe("depth", () => {
  const domain = rules("a 1", "> b 2", "a=x", "> b=y 3", "> c 4");

  test.each<[string, string, Pairs]>([
    ["a rule limits descriptors that end with it", "1/day", [["a", "1"]]],
    [
      "and nested ones those that are longer",
      "2/day",
      [
        ["a", "1"],
        ["b", "1"],
      ],
    ],
    [
      "not those that are longer still",
      "none",
      [
        ["a", "1"],
        ["b", "1"],
        ["c", "1"],
      ],
    ],
    ["the rule for a value hides the one for all values", "none", [["a", "x"]]],
    [
      "with all that is nested in it",
      "none",
      [
        ["a", "x"],
        ["b", "z"],
      ],
    ],
    [
      "whatever is nested in its own stead",
      "3/day",
      [
        ["a", "x"],
        ["b", "y"],
      ],
    ],
    [
      "and it is not looked for further up",
      "none",
      [
        ["a", "1"],
        ["c", "1"],
      ],
    ],
    [
      "the order of entries matters",
      "none",
      [
        ["b", "1"],
        ["a", "1"],
      ],
    ],
  ])("%s", (_, expected, pairs) => {
    expect(limitOf(domain, ...pairs)).toBe(expected);
  });
});

describe("of several rules that match", () => {
  const domain = rules(
    "k 1",
    "k=a* 2",
    "k=ab* 3",
    "k=ab 4",
    "k=*b 5",
    "l=* 6",
    "l 7",
    "m=*x 8",
    "m=y* 9",
  );

  test.each<[string, string, string, string]>([
    ["the one for the value", "4/day", "k", "ab"],
    ["the first wildcard of the file, not the longest", "2/day", "k", "abc"],
    ["also where an earlier one does not match", "5/day", "k", "cb"],
    ["the one for every value last", "1/day", "k", "c"],
    ["a star before the one for every value", "6/day", "l", "c"],
    ["a star also for no value", "6/day", "l", ""],
    ["the first of those that begin alike and of those that do not", "8/day", "m", "yx"],
    ["a later one where only it matches", "9/day", "m", "yz"],
    ["the first wildcard also where the value is the pattern of another", "3/day", "k", "ab*"],
  ])("%s", (_, expected, key, value) => {
    expect(limitOf(domain, [key, value])).toBe(expected);
  });

  test("the order of the file counts, however the wildcards begin", () => {
    expect(limitOf(rules("k=*c 1", "k=ab* 2", "k=a* 3"), ["k", "abc"])).toBe("1/day");
    expect(limitOf(rules("k=ab* 2", "k=*c 1", "k=a* 3"), ["k", "abc"])).toBe("2/day");
    expect(limitOf(rules("k=a* 3", "k=*c 1", "k=ab* 2"), ["k", "abc"])).toBe("3/day");
  });
});

describe("a star stands for any characters", () => {
  test.each([
    ["bar*b", ["barab", "bar123b", "barb", "bar/_*b"], ["bara", "xbarb", "bar", "bab"]],
    [
      "foo*bar*baz",
      ["foo123bar456baz", "foobarbaz", "foobarbarbaz"],
      ["foo123baz", "bar456baz", "foobaz", "foobarba"],
    ],
    ["/api*v1", ["/api/v1", "/api-beta-v1", "/apiXYZv1"], ["/api/v2", "/v1"]],
    ["svc*ep*rpc", ["svcAepBrpc", "svcXXXepYYYrpc", "svceprpc"], ["svcABCrpc", "svcerpc"]],
    ["*", ["", "x", "*", "_"], []],
    ["**", ["", "x"], []],
    ["a*", ["a", "aa", "a*"], ["", "b", "A"]],
    ["*a", ["a", "ba"], ["ab", ""]],
    ["ab*ba", ["abba", "abxba"], ["aba", "ab"]],
    ["*a*a*", ["aa", "xaxax"], ["a", "xax"]],
    ["*aa*ab", ["aaab", "aaxab", "aabab"], ["aab"]],
    ["é*😀", ["é😀", "éx😀"], ["é", "e😀"]],
  ])("in %s", (pattern, matching, others) => {
    const domain = rules(`k=${pattern} 1`);
    for (const value of matching)
      expect([value, limitOf(domain, ["k", value])]).toEqual([value, "1/day"]);
    for (const value of others)
      expect([value, limitOf(domain, ["k", value])]).toEqual([value, "none"]);
  });
});

describe("key and value are compared as one text", () => {
  test.each<[string, string, string, Pairs]>([
    ["a key with an underscore is a key and a value", "a_b 1", "1/day", [["a", "b"]]],
    ["and a key", "a_b 1", "1/day", [["a_b", "x"]]],
    ["a key and a value are a longer key", "a=b_c 1", "1/day", [["a_b", "c"]]],
    ["and the key alone", "a=b_c 1", "1/day", [["a_b_c", "x"]]],
    ["a key that ends with an underscore is one without a value", "a_ 1", "1/day", [["a", ""]]],
    ["a value that begins with one", "a=_b 1", "1/day", [["a_", "b"]]],
    ["a wildcard in a longer key", "a=b* 1", "1/day", [["a_b", "c"]]],
    ["even in its middle", "a=b*d 1", "1/day", [["a_bc", "d"]]],
    ["a star in a key", "w* 1", "1/day", [["wxa", "y"]]],
    ["which may reach into the value", "a*z 1", "1/day", [["ab", "yz"]]],
    ["or stand for the underscore", "a*b 1", "1/day", [["a", "b"]]],
    ["and not be there", "w* 1", "1/day", [["w", ""]]],
    ["a key that is a pattern", "w* 1", "1/day", [["w*", ""]]],
    ["only underscores", "_=_ 1", "1/day", [["_", "_"]]],
    [
      "nothing but the same text",
      "a=b_c 1",
      "none",
      [
        ["a", "b"],
        ["c", ""],
      ],
    ],
    ["not a part of it", "a=b_c 1", "none", [["a", "b"]]],
  ])("%s", (_, rule, expected, pairs) => {
    expect(limitOf(rules(rule), ...pairs)).toBe(expected);
  });

  test("with any number of underscores", () => {
    const parts = Array.from({ length: 40 }, (_, i) => `p${i}`);
    const domain = rules(`${parts[0]}=${parts.slice(1).join("_")} 1`, "other 2");
    for (let at = 1; at < parts.length; at++) {
      const key = parts.slice(0, at).join("_");
      const value = parts.slice(at).join("_");
      expect(limitOf(domain, [key, value])).toBe("1/day");
    }
    expect(limitOf(domain, [parts.join("_"), "x"])).toBe("1/day");
    expect(limitOf(domain, ["other", "x"])).toBe("2/day");
    expect(limitOf(domain, ["p0", "p1"])).toBe("none");
  });
});

describe("the name in metrics", () => {
  const detailed = "detailed_metric";
  const v2m = "value_to_metric";
  const share = "share_threshold";

  test.each<[string, readonly string[], Pairs]>([
    [
      "d.route_draw.http_method_GET.subject_id",
      [`route [${v2m}]`, `> http_method [${v2m}]`, ">> subject_id 1"],
      [
        ["route", "draw"],
        ["http_method", "GET"],
        ["subject_id", "123"],
      ],
    ],
    [
      "d.route_draw.http_method_GET.subject_id_123",
      [`route [${v2m}]`, `> http_method [${v2m}]`, `>> subject_id [${detailed}] 1`],
      [
        ["route", "draw"],
        ["http_method", "GET"],
        ["subject_id", "123"],
      ],
    ],
    [
      "d.k1.k2_Y.k3",
      ["k1", `> k2 [${v2m}]`, ">> k3 1"],
      [
        ["k1", "X"],
        ["k2", "Y"],
        ["k3", "Z"],
      ],
    ],
    [
      "d.user_alice.action_readfile.resource",
      [`user [${v2m}]`, `> action=read* [${v2m}]`, ">> resource 1"],
      [
        ["user", "alice"],
        ["action", "readfile"],
        ["resource", "documents"],
      ],
    ],
    ["d.wild_foo*", ["wild=foo* 1"], [["wild", "foo1"]]],
    ["d.wild_foo1", [`wild=foo* [${v2m}] 1`], [["wild", "foo1"]]],
    ["d.wild_foo*", [`wild=foo* [${share}] 1`], [["wild", "foo1"]]],
    ["d.wild_foo*", [`wild=foo* [${share} ${v2m}] 1`], [["wild", "foo1"]]],
    [
      "d.wild_foo*.other_bar.limit",
      ["wild=foo*", `> other [${v2m}]`, ">> limit 1"],
      [
        ["wild", "foo1"],
        ["other", "bar"],
        ["limit", "X"],
      ],
    ],
    [
      "d.route_api/*.method",
      [`route=api/* [${share} ${v2m}]`, "> method 1"],
      [
        ["route", "api/v1"],
        ["method", "GET"],
      ],
    ],
    [
      "d.service_svc/*.endpoint_get",
      [`service=svc/* [${share}]`, `> endpoint [${detailed}] 1`],
      [
        ["service", "svc/user"],
        ["endpoint", "get"],
      ],
    ],
    [
      "d.route.http_method_GET.subject_id",
      [`route [${v2m}]`, `> http_method [${v2m}]`, ">> subject_id 1"],
      [
        ["route", ""],
        ["http_method", "GET"],
        ["subject_id", "123"],
      ],
    ],
    [
      "d.path_path/*.file_file/*.type",
      [`path=path/* [${share}]`, "> file=file/*", ">> type 1"],
      [
        ["path", "path/1"],
        ["file", "file/1"],
        ["type", "x"],
      ],
    ],
    ["d.k_v", [`k=v [${v2m}] 1`], [["k", "v"]]],
    ["d.k_", [`k [${detailed}] 1`], [["k", ""]]],
    [
      "d.a_.b_c",
      ["a", `> b [${detailed}] 1`],
      [
        ["a", ""],
        ["b", "c"],
      ],
    ],
    [
      "d.a_x*.b",
      [`a=x* [${share}]`, `> b [${detailed}] 1`],
      [
        ["a", "xy"],
        ["b", ""],
      ],
    ],
    [
      "d.a.b",
      [`a [${detailed}]`, "> b 1"],
      [
        ["a", "x"],
        ["b", "y"],
      ],
    ],
    ["d.k_a*b", ["k=a*b 1"], [["k", "a*b"]]],
    ["d.k", [`k=* [${v2m}] 1`], [["k", ""]]],
    ["d.k", ["k_ 1"], [["k", ""]]],
    ["d.wxa_wx*", ["wx* 1"], [["wxa", "y"]]],
    [
      "d.wxa_wx*.b",
      ["wx*", "> b 1"],
      [
        ["wxa", "y"],
        ["b", ""],
      ],
    ],
    ["d.*", [`*_ [${share}] 1`], [["*", "a_"]]],
  ])("is %s", (statsKey, lines, pairs) => {
    expect(matchOf(rules(...lines), ...pairs)?.statsKey).toBe(statsKey);
  });
});

describe("a shared threshold", () => {
  const share = "share_threshold";

  test("gives one pattern to all values that match by it", () => {
    const domain = rules(`file=test* [${share}] 100`, "file=test1 50");
    for (const value of ["test2", "test23", "test123", "test"]) {
      const match = matchOf(domain, ["file", value]);
      expect(match).toMatchObject({ statsKey: "d.file_test*", sharePatterns: ["test*"] });
    }
    expect(matchOf(domain, ["file", "test1"])).toMatchObject({
      limit: { requestsPerUnit: 50 },
      statsKey: "d.file_test1",
      sharePatterns: undefined,
    });
  });

  test.each<[string, readonly string[], Pairs, readonly (string | undefined)[] | undefined]>([
    [
      "at every level",
      [`tenant=t*prod [${share}]`, `> resource=res*v2 [${share}] 1`],
      [
        ["tenant", "t1prod"],
        ["resource", "res1v2"],
      ],
      ["t*prod", "res*v2"],
    ],
    [
      "at the upper level only",
      [`path=path/* [${share}]`, "> file=file/*", ">> type 1"],
      [
        ["path", "path/1"],
        ["file", "file/1"],
        ["type", "x"],
      ],
      ["path/*", undefined, undefined],
    ],
    [
      "with the same key at two levels",
      [`files=top/* [${share}]`, `> files=nested/* [${share}] 1`],
      [
        ["files", "top/1"],
        ["files", "nested/1"],
      ],
      ["top/*", "nested/*"],
    ],
    ["not for a value that is the pattern", [`k=a* [${share}] 1`], [["k", "a*"]], undefined],
    ["not for a rule that nothing is shared by", ["k=a* 1"], [["k", "ab"]], undefined],
    [
      "with all of the pattern where the star is in the key",
      [`sx* [${share}] 1`],
      [["sxa", "b"]],
      ["sx*"],
    ],
    ["with what is left where the key is longer", [`a=b_c* [${share}] 1`], [["a_b", "cd"]], ["c*"]],
  ])("%s", (_, lines, pairs, expected) => {
    const match = matchOf(rules(...lines), ...pairs);
    expect(match).toBeDefined();
    expect(match?.sharePatterns).toEqual(expected);
  });

  test("is named in metrics by its patterns", () => {
    const domain = rules(`tenant=t*prod [${share}]`, `> resource=res*v2 [${share}] 1`);
    expect(matchOf(domain, ["tenant", "t1prod"], ["resource", "res1v2"])?.statsKey).toBe(
      "d.tenant_t*prod.resource_res*v2",
    );
  });
});

describe("metadata", () => {
  test.each(["detailed_metric", "value_to_metric", "share_threshold", "quota_mode"])(
    "is kept with %s",
    (flag) => {
      const domain = domainOf(
        `domain: d\ndescriptors: [{ key: k, value: "a*", ${flag}: true, metadata: { a: b }, rate_limit: { unit: day } }]`,
      );
      expect(matchOf(domain, ["k", "ab"])?.limit.metadata).toEqual({ a: "b" });
    },
  );
});
