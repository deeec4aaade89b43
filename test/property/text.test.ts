import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { decodeText, encodeText } from "../../src/text.ts";

/** Bytes that are UTF-8 in places: random ones hardly ever are. */
const someBytes = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 4 }),
      fc.string({ unit: "binary", maxLength: 3 }).map((text) => Buffer.from(text)),
      fc.constantFrom([0xe2], [0xf0, 0x9f], [0xed, 0xa0, 0x80], [0xef, 0xbf, 0xbd], [0xc0, 0xaf]),
    ),
    { maxLength: 8 },
  )
  .map((parts) => Buffer.concat(parts.map((part) => Buffer.from(part))));

describe("text", () => {
  test("gives back every byte string", () => {
    fc.assert(
      fc.property(someBytes, (bytes) => {
        expect(encodeText(decodeText(bytes))).toEqual(bytes);
      }),
      { numRuns: 2_000 },
    );
  });

  test("differs for byte strings that differ", () => {
    fc.assert(
      fc.property(someBytes, someBytes, (left, right) => {
        expect(decodeText(left) === decodeText(right)).toBe(left.equals(right));
      }),
      { numRuns: 2_000 },
    );
  });

  test("is what a strict decoder makes of valid UTF-8, and well-formed for nothing else", () => {
    const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    const strictly = (bytes: Buffer) => {
      try {
        return strict.decode(bytes);
      } catch {
        return undefined;
      }
    };
    fc.assert(
      fc.property(someBytes, (bytes) => {
        const text = decodeText(bytes);
        expect(text.isWellFormed() ? text : undefined).toBe(strictly(bytes));
      }),
      { numRuns: 2_000 },
    );
  });

  test("does not depend on what surrounds the range", () => {
    fc.assert(
      fc.property(someBytes, someBytes, someBytes, (before, bytes, after) => {
        const whole = Buffer.concat([before, bytes, after]);
        const end = before.length + bytes.length;
        expect(decodeText(whole, before.length, end)).toBe(decodeText(bytes));
      }),
    );
  });
});
