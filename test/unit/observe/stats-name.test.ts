import { describe, expect, test } from "@jest/globals";
import type { Entry } from "../../../src/limits/descriptor.ts";
import { parseStatsKey, sanitize } from "../../../src/observe/stats-name.ts";

const entries = (...pairs: readonly (readonly [string, string])[]): readonly Entry[] =>
  pairs.map(([key, value]) => ({ key, value }));

describe("sanitising", () => {
  test.each([
    ["path_/foo:*:bar", "path_/foo_*_bar"],
    ["path_/foo|bar|baz", "path_/foo_bar_baz"],
    ["remote_address_10.0.0.1", "remote_address_10_0_0_1"],
    ["remote_address_1.2.3.4:80", "remote_address_1_2_3_4_80"],
    ["range_10.0.0.0-10.0.0.255", "range_10_0_0_0-10_0_0_255"],
    // Neither is an address.
    ["version_1.2.3", "version_1.2.3"],
    ["host_www.example.com", "host_www.example.com"],
    ["path_/a b*", "path_/a b*"],
  ])("%j becomes %j", (text, sanitized) => {
    expect(sanitize(text)).toBe(sanitized);
  });
});

describe("without dots in it, a stats key is taken apart as the reference does", () => {
  test.each([
    ["domain1.key1_val1", "domain1", ["key1_val1"]],
    ["domain1.key1_val1.key2_val2", "domain1", ["key1_val1", "key2_val2"]],
    ["domain1.key3_val3.key4_val4.key5_val5", "domain1", ["key3_val3", "key4_val4", "key5_val5"]],
    // A descriptor without entries (M-11).
    ["domain1.", "domain1", [""]],
  ])("%s", (statsKey, domain, levels) => {
    const withEntries = entries(
      ...levels
        .filter((level) => level !== "")
        .map((level) => level.split("_") as unknown as [string, string]),
    );
    expect(parseStatsKey(statsKey, undefined, undefined)).toEqual({ domain, levels });
    expect(parseStatsKey(statsKey, domain, withEntries)).toEqual({ domain, levels });
  });
});

describe("dots do not shift labels", () => {
  test.each<[string, string, readonly Entry[], readonly string[]]>([
    ["in the domain", "a.b.key_x", entries(["key", "x"]), ["key_x"]],
    [
      "in a value",
      "a.b.host_www.example.com.path_/x.html",
      entries(["host", "www.example.com"], ["path", "/x.html"]),
      ["host_www.example.com", "path_/x.html"],
    ],
    [
      "in a value that reads like the next level",
      "a.b.host_x.path_y.path_z",
      entries(["host", "x.path_y"], ["path", "z"]),
      ["host_x.path_y", "path_z"],
    ],
    [
      "in a pattern",
      "a.b.host_*.example.com.path",
      entries(["host", "www.example.com"], ["path", "/"]),
      ["host_*.example.com", "path"],
    ],
    [
      "in a key",
      "a.b.my.key.other.key_1",
      entries(["my.key", "anything"], ["other.key", "1"]),
      ["my.key", "other.key_1"],
    ],
    [
      "next to an empty value in full detail",
      "a.b.k1_.k2_v.w",
      entries(["k1", ""], ["k2", "v.w"]),
      ["k1_", "k2_v.w"],
    ],
  ])("%s", (_, statsKey, given, levels) => {
    expect(parseStatsKey(statsKey, "a.b", given)).toEqual({ domain: "a.b", levels });
  });

  test("an address is one level, whether or not entries tell", () => {
    const levels = ["ip_10_0_0_1", "path"];
    const given = entries(["ip", "10.0.0.1"], ["path", ""]);
    expect(parseStatsKey("d.ip_10.0.0.1.path", undefined, undefined).levels).toEqual(levels);
    expect(parseStatsKey("d.ip_10.0.0.1.path", "d", given).levels).toEqual(levels);
    expect(parseStatsKey("1.2.3.4.k", undefined, undefined).domain).toBe("1_2_3_4");
  });

  test("a key that does not fit the entries is cut at every dot", () => {
    expect(parseStatsKey("d.x.y", "d", entries(["other", "x"]))).toEqual({
      domain: "d",
      levels: ["x", "y"],
    });
    expect(parseStatsKey("d.k_v.w", "d", [])).toEqual({ domain: "d", levels: ["k_v", "w"] });
  });
});
