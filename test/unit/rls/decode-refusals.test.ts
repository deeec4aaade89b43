import { describe, expect, test } from "@jest/globals";
import { VelocityGateError } from "../../../src/errors.ts";
import { bounds } from "../../../src/rls/bounds.ts";
import { decodeRequest, validateRequest } from "../../../src/rls/decode.ts";
import { field, message } from "../../support/protobuf.ts";

/** What is refused of these bytes, as the caller is told. */
function refusal(bytes: Uint8Array): string {
  try {
    decodeRequest(bytes);
  } catch (error) {
    if (error instanceof VelocityGateError && error.code === "REQUEST_INVALID")
      return error.message;
    throw error;
  }
  throw new Error("was not refused");
}

/** A request of this one descriptor. */
const descriptor = (...fields: readonly Uint8Array[]) => field(2, message(...fields));

describe("addends", () => {
  // The reference lets 2^63 and more count backwards, and fails on 2^63-1.
  test.each([
    2n ** 32n,
    2n ** 32n + 1n,
    2n ** 53n,
    2n ** 53n + 1n,
    2n ** 63n - 1n,
    2n ** 63n,
    2n ** 64n - 1n,
  ])("are refused from 2^32 on: %d", (value) => {
    const bytes = message(descriptor(), descriptor(field(3, field(1, value))));
    expect(refusal(bytes)).toBe(
      "descriptors[1].hits_addend is too large: 0 to 4294967295 are accepted",
    );
  });
});

describe("a limit that the request brings along", () => {
  // Ends the reference's process.
  test.each([
    ["no unit", "", 0],
    ["UNKNOWN", field(2, 0), 0],
    ["8", field(2, 8), 8],
    ["2147483647", field(2, 2_147_483_647), 2_147_483_647],
    ["-1", field(2, -1n), -1],
  ])("is refused with a unit that does not exist: %s", (_, unit, number) => {
    const bytes = message(
      descriptor(),
      descriptor(field(2, message(field(1, 10), Buffer.from(unit)))),
    );
    expect(refusal(bytes)).toBe(
      `descriptors[1].limit.unit is ${number}: accepted are 1 (SECOND), 2 (MINUTE), 3 (HOUR), 4 (DAY), 5 (MONTH), 6 (YEAR), 7 (WEEK)`,
    );
  });
});

describe("bounds", () => {
  const long = (bytes: number) => Buffer.alloc(bytes, "x");
  const times = (count: number, bytes: Uint8Array) => Buffer.concat(Array(count).fill(bytes));

  test("hold for what lies on them", () => {
    const entry = message(field(1, long(bounds.keyBytesMax)), field(2, long(bounds.valueBytesMax)));
    const small = field(1, message(field(1, "k")));
    const bytes = message(
      field(1, long(bounds.domainBytesMax)),
      descriptor(field(1, entry)),
      descriptor(times(bounds.entriesMax, small)),
      times(bounds.descriptorsMax - 2, descriptor(small)),
    );
    const request = decodeRequest(bytes);
    expect(request.domain).toHaveLength(65_536);
    expect(request.descriptors).toHaveLength(1_024);
    expect(request.descriptors[1]?.entries).toHaveLength(256);
    expect(request.descriptors[0]?.entries[0]?.value).toHaveLength(1_048_576);
  });

  test.each([
    ["a domain", field(1, long(65_537)), "domain has 65537 bytes: at most 65536 are accepted"],
    [
      "a key",
      descriptor(field(1, ""), field(1, field(1, long(65_537)))),
      "descriptors[0].entries[1].key has 65537 bytes: at most 65536 are accepted",
    ],
    [
      "a value",
      message(descriptor(), descriptor(field(1, field(2, long(1_048_577))))),
      "descriptors[1].entries[0].value has 1048577 bytes: at most 1048576 are accepted",
    ],
    [
      "entries",
      message(descriptor(), descriptor(times(257, field(1, "")))),
      "descriptors[1].entries has more than 256 elements: at most 256 are accepted",
    ],
    [
      "descriptors",
      times(1_025, descriptor()),
      "descriptors has more than 1024 elements: 1 to 1024 are accepted",
    ],
  ])("refuse what lies beyond, and say what is accepted: %s", (_, bytes, text) => {
    expect(refusal(bytes)).toBe(text);
  });

  test("leave room for the longest values that Envoy sends by default, and for long lists", () => {
    expect(bounds.valueBytesMax).toBeGreaterThan(60 * 1024);
    expect(bounds.descriptorsMax).toBeGreaterThan(100);
  });
});

describe("malformed bytes", () => {
  test.each([
    ["a tag cut off", [0x8a], 0, "a number is cut off"],
    ["a number cut off", [0x18], 1, "a number is cut off"],
    ["a number cut off behind its first byte", [0x18, 0xff], 1, "a number is cut off"],
    ["a length cut off", [0x0a], 1, "a number is cut off"],
    ["text cut off", [0x0a, 2, 0x61], 1, "a field is longer than what is left of its message"],
    [
      "a length of 2^32",
      [0x0a, 0x80, 0x80, 0x80, 0x80, 0x10],
      1,
      "a field is longer than what is left of its message",
    ],
    [
      "an entry longer than its descriptor",
      [0x12, 2, 0x0a, 2, 0x61, 0x61],
      3,
      "a field is longer than what is left of its message",
    ],
    ["a number that ends behind its message", [0x12, 1, 0x20, 0x01], 3, "a number is cut off"],
    [
      "a number that does not end",
      [0x18, ...Array(10).fill(0x80), 0],
      1,
      "a number has more than 64 bits",
    ],
    ["a number of 65 bits", [0x18, ...Array(9).fill(0xff), 2], 1, "a number has more than 64 bits"],
    ["field 0", [0x00, 0x01], 0, "a field has no valid number"],
    ["field 0 of another wire type", [0x02, 0x00], 0, "a field has no valid number"],
    [
      "a field number of more than 29 bits",
      [0x80, 0x80, 0x80, 0x80, 0x10],
      0,
      "a field has no valid number",
    ],
    ["a group", [0x0a, 0, 0x0b], 3, "groups are not accepted"],
    ["the end of a group", [0x0c], 1, "groups are not accepted"],
    ["wire type 6", [0x0e], 1, "there is no wire type 6"],
    ["wire type 7", [0x0f], 1, "there is no wire type 7"],
    ["32 bits cut off", [0x7d, 1, 2, 3], 1, "a number is cut off"],
    ["64 bits cut off", [0x79, 1, 2, 3, 4, 5, 6, 7], 1, "a number is cut off"],
    ["in an override", [0x12, 3, 0x12, 1, 0x10], 5, "a number is cut off"],
    ["in an addend", [0x12, 3, 0x1a, 1, 0x08], 5, "a number is cut off"],
  ])("are refused with their position: %s", (_, bytes, position, what) => {
    expect(refusal(Buffer.from(bytes))).toBe(
      `the request is malformed at byte ${position}: ${what}`,
    );
  });
});

describe("a request that is well-formed but asks nothing", () => {
  const bare = { entries: [], override: undefined, hitsAddend: undefined, isNegativeHits: false };
  const valid = { domain: "domain", descriptors: [bare], hitsAddend: 0 };
  const refused = (text: string) =>
    expect.objectContaining({ code: "REQUEST_INVALID", message: text });

  test("is refused without a domain", () => {
    expect(() => validateRequest({ ...valid, domain: "" })).toThrow(
      refused("rate limit domain must not be empty"),
    );
  });

  test("is refused without a descriptor", () => {
    expect(() => validateRequest({ ...valid, descriptors: [] })).toThrow(
      refused("rate limit descriptor list must not be empty"),
    );
  });

  test("is refused for its domain first", () => {
    expect(() => validateRequest({ ...valid, domain: "", descriptors: [] })).toThrow(
      refused("rate limit domain must not be empty"),
    );
  });

  test("is accepted with a domain and a descriptor, though that has no entries", () => {
    expect(() => validateRequest(valid)).not.toThrow();
  });
});
