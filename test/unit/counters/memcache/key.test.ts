import { createHash } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { memcacheKey, serverOf } from "../../../../src/counters/memcache/key.ts";

const sha256 = (text: string) => `velocitygate:${createHash("sha256").update(text).digest("hex")}`;

describe("the key of a counter in Memcached", () => {
  test.each([
    ["an ordinary one", "domain_key_value_1234"],
    ["other characters than ASCII", "domain_ä_日本😀_60"],
    ["bytes that are not UTF-8", "d_\udc80\udcff_1"],
    ["as many bytes as there may be", `d_${"x".repeat(248)}`],
    ["every sign", "d_!\"#$%&'()*+,-./:;<=>?@[\\]^`{|}~_1"],
  ])("is that of everywhere: %s", (_, key) => {
    expect(memcacheKey(key)).toBe(key);
  });

  test.each([
    ["a space", "d_k_a b_1"],
    ["a line end", "d_k_a\r\nb_1"],
    ["a zero", "d_k_\0_1"],
    ["a tabulator", "d_k_\t_1"],
    ["a delete", "d_k_\x7f_1"],
    ["a byte too many", `d_${"x".repeat(249)}`],
    ["characters that are too many bytes", `d_${"ä".repeat(125)}`],
    ["nothing", ""],
  ])("is the hash of its bytes where Memcached would not take it: %s", (_, key) => {
    expect(memcacheKey(key)).toBe(sha256(key));
  });

  test("tells bytes that are not UTF-8 apart in a hash as well", () => {
    expect(memcacheKey("a \udc80")).not.toBe(memcacheKey("a \udc81"));
    expect(memcacheKey("a \udc80")).not.toBe(memcacheKey("a \ufffd"));
  });

  test("is always one that Memcached takes, and tells keys apart", () => {
    const key = fc.string({ unit: "binary", maxLength: 300 }).map((text) => `d_${text}_1`);
    fc.assert(
      fc.property(key, key, (one, other) => {
        const bytes = Buffer.from(memcacheKey(one));
        expect(bytes.length).toBeLessThanOrEqual(250);
        expect(bytes.every((byte) => byte > 0x20 && byte !== 0x7f)).toBe(true);
        if (one !== other) expect(memcacheKey(one)).not.toBe(memcacheKey(other));
      }),
    );
  });
});

describe("the server of a key", () => {
  const keys = [
    "domain_key_value_1234",
    "prefix:domain_key_value_1200",
    "d_k_v_0",
    "basic_key1_foo_1785000000",
    "domain_ä_ö_60",
    "日本_😀_1",
    "a\udcff\udc80_1",
    "another_key2_9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d_1766016000",
    "x",
  ];

  // What gomemcache's ServerList (of 2023-09-05, the version of the reference) picks for these keys.
  test.each([
    [1, [0, 0, 0, 0, 0, 0, 0, 0, 0]],
    [2, [1, 1, 1, 0, 0, 0, 0, 1, 1]],
    [3, [0, 1, 1, 2, 0, 2, 0, 1, 0]],
    [5, [0, 3, 1, 0, 3, 3, 1, 3, 3]],
    [8, [5, 3, 7, 4, 4, 4, 0, 7, 3]],
  ])("of %d is the one that the reference's client picks", (servers, places) => {
    expect(keys.map((key) => serverOf(key, servers))).toEqual(places);
  });
});
