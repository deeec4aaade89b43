import { describe, expect, test } from "@jest/globals";
import { VelocityGateError } from "../../../src/errors.ts";
import { RateLimitRequest } from "../../../src/gen/envoy/service/ratelimit/v3/rls.ts";
import { bounds } from "../../../src/rls/bounds.ts";
import { decodeRequest, validateRequest } from "../../../src/rls/decode.ts";
import { field, message, varint } from "../../support/protobuf.ts";

const bare = { entries: [], override: undefined, hitsAddend: undefined, isNegativeHits: false };

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
const decodeDescriptor = (...fields: readonly Uint8Array[]) =>
  decodeRequest(descriptor(...fields)).descriptors[0];

describe("a request", () => {
  test("is read with every field it has", () => {
    const bytes = RateLimitRequest.encode({
      domain: "domain",
      hitsAddend: 4_294_967_295,
      descriptors: [
        {
          entries: [
            { key: "key", value: "value" },
            { key: "ключ", value: "値😀" },
          ],
          limit: { requestsPerUnit: 4_294_967_295, unit: 4 },
          hitsAddend: 0,
          isNegativeHits: true,
        },
        { entries: [], limit: undefined, hitsAddend: undefined, isNegativeHits: false },
      ],
    }).finish();
    expect(decodeRequest(bytes)).toEqual({
      domain: "domain",
      hitsAddend: 4_294_967_295,
      descriptors: [
        {
          entries: [
            { key: "key", value: "value" },
            { key: "ключ", value: "値😀" },
          ],
          override: { requestsPerUnit: 4_294_967_295, unit: "DAY" },
          hitsAddend: 0,
          isNegativeHits: true,
        },
        bare,
      ],
    });
  });

  test("of no bytes is empty", () => {
    expect(decodeRequest(new Uint8Array())).toEqual({ domain: "", descriptors: [], hitsAddend: 0 });
  });

  test("may be a part of a larger buffer", () => {
    const whole = Buffer.from(message(field(1, "before"), field(1, "domain"), field(1, "after")));
    expect(decodeRequest(new Uint8Array(whole.buffer, whole.byteOffset + 8, 8)).domain).toBe(
      "domain",
    );
  });

  test("may have empty keys, values, entries and descriptors, as the reference takes them", () => {
    const bytes = message(
      descriptor(field(1, message(field(1, ""), field(2, "")))),
      descriptor(field(1, "")),
      descriptor(),
    );
    const empty = { key: "", value: "" };
    expect(decodeRequest(bytes).descriptors).toEqual([
      { ...bare, entries: [empty] },
      { ...bare, entries: [empty] },
      bare,
    ]);
  });

  test("with an addend that is there and 0 is told from one without", () => {
    expect(decodeDescriptor(field(3, ""))?.hitsAddend).toBe(0);
    expect(decodeDescriptor(field(3, field(1, 0)))?.hitsAddend).toBe(0);
    expect(decodeDescriptor()?.hitsAddend).toBeUndefined();
  });

  test.each([1n, 2n ** 32n, 2n ** 63n, 2n ** 64n - 1n])(
    "has negative hits for any true of %d",
    (value) => {
      expect(decodeDescriptor(field(4, value))?.isNegativeHits).toBe(true);
    },
  );

  test.each([
    [1, "SECOND"],
    [2, "MINUTE"],
    [3, "HOUR"],
    [4, "DAY"],
    [5, "MONTH"],
    [6, "YEAR"],
    [7, "WEEK"],
  ])("brings along a limit with unit %d, %s", (number, unit) => {
    const limit = message(field(1, 10), field(2, number));
    expect(decodeDescriptor(field(2, limit))?.override).toEqual({ requestsPerUnit: 10, unit });
  });

  test("keeps text that is not UTF-8, each byte of it", () => {
    const stray = Buffer.from([0x61, 0xff, 0xe2, 0x82]);
    const bytes = message(
      field(1, stray),
      descriptor(field(1, message(field(1, stray), field(2, stray)))),
    );
    const text = "a\uDCFF\uDCE2\uDC82";
    expect(decodeRequest(bytes)).toEqual({
      domain: text,
      hitsAddend: 0,
      descriptors: [{ ...bare, entries: [{ key: text, value: text }] }],
    });
  });
});

describe("fields that come more than once", () => {
  test("say what the last one says", () => {
    const bytes = message(
      field(1, "first"),
      field(3, 1),
      field(1, "last"),
      field(3, 2),
      descriptor(
        field(4, 1),
        field(1, message(field(1, "a"), field(2, "b"), field(1, "c"))),
        field(4, 0),
      ),
    );
    expect(decodeRequest(bytes)).toEqual({
      domain: "last",
      hitsAddend: 2,
      descriptors: [{ ...bare, entries: [{ key: "c", value: "b" }] }],
    });
  });

  test("are merged where they are messages", () => {
    const merged = decodeDescriptor(
      field(2, field(1, 10)),
      field(3, field(1, 5)),
      field(2, field(2, 3)),
      field(3, ""),
    );
    expect(merged).toMatchObject({
      override: { requestsPerUnit: 10, unit: "HOUR" },
      hitsAddend: 5,
    });
  });

  test("are judged by what is left of them", () => {
    expect(decodeDescriptor(field(2, field(2, 8)), field(2, field(2, 1)))?.override?.unit).toBe(
      "SECOND",
    );
    expect(
      decodeDescriptor(field(3, field(1, 2n ** 64n - 1n)), field(3, field(1, 1)))?.hitsAddend,
    ).toBe(1);
  });
});

describe("fields that are not known", () => {
  const unknown = message(
    field(99, 2n ** 64n - 1n),
    field(100, "text"),
    Buffer.concat([varint((101 << 3) | 1), Buffer.alloc(8)]),
    Buffer.concat([varint((102 << 3) | 5), Buffer.alloc(4)]),
    field(536_870_911, 1),
  );

  test("are passed over in every message", () => {
    const bytes = message(
      unknown,
      field(1, "domain"),
      descriptor(
        unknown,
        field(1, message(unknown, field(1, "key"), unknown)),
        field(2, message(unknown, field(2, 1))),
        field(3, message(unknown, field(1, 7))),
        unknown,
      ),
      unknown,
    );
    expect(decodeRequest(bytes)).toEqual({
      domain: "domain",
      hitsAddend: 0,
      descriptors: [
        {
          entries: [{ key: "key", value: "" }],
          override: { requestsPerUnit: 0, unit: "SECOND" },
          hitsAddend: 7,
          isNegativeHits: false,
        },
      ],
    });
  });

  test("are also known ones of another wire type", () => {
    const bytes = message(
      field(1, 5),
      field(3, "text"),
      field(2, 1),
      descriptor(field(1, 1), field(2, 1), field(3, 1), field(4, "text")),
    );
    expect(decodeRequest(bytes)).toEqual({ domain: "", hitsAddend: 0, descriptors: [bare] });
  });

  test("may be known by a tag written longer than it needs to be", () => {
    expect(decodeRequest(Buffer.from([0x8a, 0x80, 0x00, 0x81, 0x00, 0x61])).domain).toBe("a");
  });
});

describe("numbers", () => {
  test.each([
    [0n, 0],
    [127n, 127],
    [128n, 128],
    [2n ** 28n - 1n, 2 ** 28 - 1],
    [2n ** 28n, 2 ** 28],
    [2n ** 31n, 2 ** 31],
    [2n ** 32n - 1n, 2 ** 32 - 1],
  ])("%d is read as it is", (value, expected) => {
    expect(decodeRequest(field(3, value)).hitsAddend).toBe(expected);
    expect(decodeDescriptor(field(3, field(1, value)))?.hitsAddend).toBe(expected);
    expect(decodeDescriptor(field(2, message(field(1, value), field(2, 1))))?.override).toEqual({
      requestsPerUnit: expected,
      unit: "SECOND",
    });
  });

  test("of more than 32 bits lose the upper ones where the proto has 32, as proto3 has it", () => {
    expect(decodeRequest(field(3, 2n ** 32n + 5n)).hitsAddend).toBe(5);
    expect(decodeRequest(field(3, 2n ** 64n - 1n)).hitsAddend).toBe(4_294_967_295);
    const limit = message(field(1, 2n ** 40n + 7n), field(2, 2n ** 33n + 2n));
    expect(decodeDescriptor(field(2, limit))?.override).toEqual({
      requestsPerUnit: 7,
      unit: "MINUTE",
    });
  });

  // The reference lets 2^63 and more count backwards, and fails on 2^63-1 (reference-behaviour.md, M.1).
  test.each([
    2n ** 32n,
    2n ** 32n + 1n,
    2n ** 53n,
    2n ** 53n + 1n,
    2n ** 63n - 1n,
    2n ** 63n,
    2n ** 64n - 1n,
  ])("of an addend from 2^32 on are refused: %d", (value) => {
    const bytes = message(descriptor(), descriptor(field(3, field(1, value))));
    expect(refusal(bytes)).toBe(
      "descriptors[1].hits_addend is too large: 0 to 4294967295 are accepted",
    );
  });
});

describe("a limit that the request brings along", () => {
  // Ends the reference's process (reference-behaviour.md, M.3).
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
