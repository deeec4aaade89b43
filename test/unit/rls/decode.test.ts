import { describe, expect, test } from "@jest/globals";
import { RateLimitRequest } from "../../../src/gen/envoy/service/ratelimit/v3/rls.ts";
import { decodeRequest } from "../../../src/rls/decode.ts";
import { field, message, varint } from "../../support/protobuf.ts";

const bare = { entries: [], override: undefined, hitsAddend: undefined, isNegativeHits: false };

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

  test.each([
    ["a number", field(99, 5)],
    ["bytes", field(99, "text")],
    ["no bytes", field(99, "")],
    ["64 bits", Buffer.concat([varint(99 * 8 + 1), Buffer.alloc(8, 0xff)])],
    ["32 bits", Buffer.concat([varint(99 * 8 + 5), Buffer.alloc(4, 0xff)])],
  ])("may be the last of a message: %s", (_, last) => {
    const bytes = message(field(3, 7), descriptor(field(4, 1), last), last);
    expect(decodeRequest(bytes)).toEqual({
      domain: "",
      descriptors: [{ ...bare, isNegativeHits: true }],
      hitsAddend: 7,
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
});
