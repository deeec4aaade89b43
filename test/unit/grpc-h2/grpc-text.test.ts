import { describe, expect, test } from "@jest/globals";
import { encodeMessage } from "../../../src/grpc/h2/grpc-message.ts";
import { parseTimeout } from "../../../src/grpc/h2/grpc-timeout.ts";

describe("grpc-timeout", () => {
  test.each([
    ["1H", 3_600_000],
    ["2M", 120_000],
    ["3S", 3000],
    ["20m", 20],
    ["1500u", 1.5],
    ["5000n", 0.005],
    ["0m", 0],
    ["99999999S", 99_999_999_000],
  ])("%s is %d ms", (value, ms) => {
    expect(parseTimeout(value)).toBeCloseTo(ms, 9);
  });

  test.each(["", "m", "20", "20 m", "20ms", "100000000n", "+1m", "1e3m", "٣m"])(
    "«%s» is none",
    (value) => {
      expect(parseTimeout(value)).toBeUndefined();
    },
  );
});

describe("grpc-message", () => {
  test.each([
    ["plain text, with signs!", "plain text, with signs!"],
    ["100 %", "100 %25"],
    ["two\nlines", "two%0Alines"],
    ["grün", "gr%C3%BCn"],
    ["🚦", "%F0%9F%9A%A6"],
    ["\udc80", "%EF%BF%BD"],
    ["~\u007f", "~%7F"],
    ["", ""],
  ])("%j is sent as %s", (text, encoded) => {
    expect(encodeMessage(text, 100)).toBe(encoded);
  });

  test("a message that is too long ends with a whole character", () => {
    expect(encodeMessage("abcü", 8)).toBe("abc");
    expect(encodeMessage("abcü", 9)).toBe("abc%C3%BC");
    expect(encodeMessage("a".repeat(10_000), 4096)).toHaveLength(4096);
  });
});
