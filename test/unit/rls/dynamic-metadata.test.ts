import { describe, expect, test } from "@jest/globals";
import type { Descriptor } from "../../../src/limits/descriptor.ts";
import type { JsonObject, Limit } from "../../../src/limits/limit.ts";
import { dynamicMetadata } from "../../../src/rls/dynamic-metadata.ts";
import { checkOf, decisionOf, descriptorOf, limitOf } from "../../support/decisions.ts";

function ofRequest(descriptors: readonly Descriptor[], hitsAddend = 0, domain = "domain") {
  return dynamicMetadata(decisionOf([], []), { domain, descriptors, hitsAddend });
}

const withMetadata = (metadata: JsonObject, flags: Partial<Limit> = {}) =>
  limitOf(10, "SECOND", { metadata, ...flags });

/** The merged metadata of limits and where their counters stand. */
function merged(...rows: readonly (readonly [limit: Limit, after: number])[]) {
  const checks = rows.map(([limit]) => checkOf(limit));
  const totals = rows.flatMap(([{ unlimited }, after]) => (unlimited ? [] : [after]));
  const request = { domain: "domain", descriptors: [], hitsAddend: 0 };
  const { metadata } = dynamicMetadata(decisionOf(checks, totals), request);
  return metadata;
}

describe("dynamic metadata of the request", () => {
  test("is its domain and its descriptors, and nothing that was not said", () => {
    expect(ofRequest([descriptorOf({ key: "value", other: "" }), descriptorOf({})])).toEqual({
      domain: "domain",
      descriptors: [{ entries: ["key=value", "other="] }, { entries: [] }],
    });
  });

  test("tells addends where they are", () => {
    const descriptors = [
      descriptorOf({ a: "1" }, { hitsAddend: 0 }),
      descriptorOf({ a: "2" }, { hitsAddend: 3 }),
    ];
    expect(ofRequest(descriptors, 5)).toEqual({
      domain: "domain",
      hitsAddend: 5,
      descriptors: [
        { entries: ["a=1"], hitsAddend: 0 },
        { entries: ["a=2"], hitsAddend: 3 },
      ],
    });
  });

  test.each([
    [{ requestsPerUnit: 42, unit: "HOUR" }, "requests_per_unit:42 unit:HOUR"],
    [{ requestsPerUnit: 0, unit: "SECOND" }, "unit:SECOND"],
    // Upstream's enum of request units has no name for 7.
    [{ requestsPerUnit: 1, unit: "WEEK" }, "requests_per_unit:1 unit:7"],
  ] as const)("tells a limit that it brings along as protobuf text: %j", (override, text) => {
    const { descriptors } = ofRequest([descriptorOf({ a: "1" }, { override })]);
    expect(descriptors).toEqual([{ entries: ["a=1"], limit: text }]);
  });

  test("has U+FFFD for bytes that are not UTF-8, for a protobuf string can hold no others", () => {
    expect(ofRequest([descriptorOf({ "k\uDCFF": "\uDCE2v" })], 0, "d\uDCFF")).toEqual({
      domain: "d\uFFFD",
      descriptors: [{ entries: ["k\uFFFD=\uFFFDv"] }],
    });
  });
});

describe("dynamic metadata of the rules", () => {
  const over = 11;
  const ok = 5;

  test("is absent when no rule that was passed has any", () => {
    expect(merged([limitOf(10), ok])).toBeUndefined();
    expect(merged([withMetadata({}), ok])).toBeUndefined();
    expect(merged([withMetadata({ a: 1 }), over])).toBeUndefined();
  });

  test("is that of the rules that were passed", () => {
    expect(
      merged([withMetadata({ name: "one" }), ok], [withMetadata({ name: "two" }), over]),
    ).toEqual({
      name: "one",
    });
  });

  test("is that of quotas that were passed, though the request may pass by others", () => {
    const quotas = { quotaMode: true };
    expect(
      merged(
        [withMetadata({ name: "one" }, quotas), over],
        [withMetadata({ name: "two" }, quotas), ok],
      ),
    ).toEqual({ name: "two" });
  });

  test("is also that of a rule over its limit in shadow mode, and not that of an unlimited one", () => {
    expect(merged([withMetadata({ a: 1 }, { shadowMode: true }), over])).toEqual({ a: 1 });
    expect(merged([withMetadata({ a: 1 }, { unlimited: true }), 0])).toBeUndefined();
  });

  test("is merged: the first value of a key stays, objects are merged likewise, lists are values", () => {
    const first = { a: 1, o: { x: 1, deep: { p: 1 } }, l: [1], s: "text", n: null };
    const second = {
      a: 2,
      b: 2,
      o: { x: 2, y: 2, deep: { p: 2, q: 2 } },
      l: [2],
      s: { x: 1 },
      n: 3,
    };
    const third = { b: 3, c: 3, o: 3 };
    expect(
      merged([withMetadata(first), ok], [withMetadata(second), ok], [withMetadata(third), ok]),
    ).toEqual({
      a: 1,
      b: 2,
      c: 3,
      o: { x: 1, y: 2, deep: { p: 1, q: 2 } },
      l: [1],
      s: "text",
      n: null,
    });
  });

  test("never changes the rules it comes from", () => {
    const first = { o: { x: 1, deep: { p: 1 } } };
    const second = { o: { y: 2, deep: { q: 2 } } };
    const before = structuredClone([first, second]);
    merged([withMetadata(first), ok], [withMetadata(second), ok]);
    expect([first, second]).toEqual(before);
  });

  test("may have keys of any name", () => {
    const odd = Object.fromEntries([
      ["__proto__", { polluted: true }],
      ["constructor", 1],
    ]);
    const result = merged([withMetadata(odd), ok], [withMetadata({ constructor: 2 }), ok]);
    expect(JSON.stringify(result)).toBe('{"__proto__":{"polluted":true},"constructor":1}');
    expect("polluted" in {}).toBe(false);
  });
});
