import { describe, expect, test } from "@jest/globals";
import { decodeText, encodeText } from "../../src/text.ts";
import { cpuMsOf } from "../support/cpu-time.ts";

const bytes = (hex: string) => Buffer.from(hex.replaceAll(" ", ""), "hex");

describe("text", () => {
  test.each([
    ["nothing", "", ""],
    ["ASCII", "61 62", "ab"],
    ["NUL", "00", "\0"],
    ["two bytes", "c3 a4", "ä"],
    ["three bytes", "e2 82 ac", "€"],
    ["four bytes", "f0 9f 98 80", "😀"],
    ["the replacement character itself", "ef bf bd", "\uFFFD"],
    ["the replacement character beside a stray byte", "ef bf bd ff", "\uFFFD\uDCFF"],
    ["a byte order mark", "ef bb bf 61", "\uFEFFa"],
    ["a byte order mark beside a stray byte", "ef bb bf ff", "\uFEFF\uDCFF"],
    ["the first and the last character of each length", "7f c2 80 df bf", "\x7f\x80\u07ff"],
    ["… of three bytes", "e0 a0 80 ed 9f bf ee 80 80 ef bf bf", "\u0800\ud7ff\ue000\uffff"],
    ["… of four bytes", "f0 90 80 80 f4 8f bf bf", "\u{10000}\u{10ffff}"],
  ])("of valid UTF-8 is itself: %s", (_, hex, text) => {
    expect(decodeText(bytes(hex))).toBe(text);
    expect(encodeText(text)).toEqual(bytes(hex));
  });

  test.each([
    ["a lone continuation byte", "80", "\uDC80"],
    ["bytes that never occur", "c0 c1 f5 ff", "\uDCC0\uDCC1\uDCF5\uDCFF"],
    ["an overlong slash", "c0 af", "\uDCC0\uDCAF"],
    ["an overlong form of three bytes", "e0 9f bf", "\uDCE0\uDC9F\uDCBF"],
    ["an overlong form of four bytes", "f0 8f bf bf", "\uDCF0\uDC8F\uDCBF\uDCBF"],
    ["a surrogate", "ed a0 80", "\uDCED\uDCA0\uDC80"],
    ["what lies beyond U+10FFFF", "f4 90 80 80", "\uDCF4\uDC90\uDC80\uDC80"],
    ["a sequence cut off at the end", "61 e2 82", "a\uDCE2\uDC82"],
    ["a sequence cut off in the middle", "e2 82 61", "\uDCE2\uDC82a"],
    ["a lead byte before a sequence", "e2 c3 a4", "\uDCE2ä"],
    ["Latin-1", "fc 62 65 72", "\uDCFCber"],
    ["a stray byte behind a pair of surrogates", "f0 9f 98 80 80", "😀\uDC80"],
    // The second half of this pair looks like a stand-in.
    ["a stray byte beside U+1F4A9", "f0 9f 92 a9 ff", "💩\uDCFF"],
    [
      "a stray byte beside the least of two and three bytes",
      "c2 80 e0 a0 80 ff",
      "\x80\u0800\uDCFF",
    ],
    ["… beside the characters around the surrogates", "ed 9f bf ee 80 80 ff", "\ud7ff\ue000\uDCFF"],
    ["… beside the greatest of three bytes", "ef bf bf ff", "\uffff\uDCFF"],
    [
      "… beside the least and greatest of four",
      "f0 90 80 80 f4 8f bf bf ff",
      "\u{10000}\u{10ffff}\uDCFF",
    ],
    ["a stray byte before and behind valid text", "ff c3 a4 ff", "\uDCFFä\uDCFF"],
  ])("stands in for each byte that is not UTF-8: %s", (_, hex, text) => {
    expect(decodeText(bytes(hex))).toBe(text);
    expect(encodeText(text)).toEqual(bytes(hex));
  });

  test("is decoded from the given range alone", () => {
    // The continuation bytes of the first and the last sequence lie outside.
    const whole = bytes("e2 82 ac 61 e2 82 ac");
    expect(decodeText(whole, 1, 5)).toBe("\uDC82\uDCACa\uDCE2");
    expect(decodeText(whole, 3, 4)).toBe("a");
    expect(decodeText(whole, 3, 3)).toBe("");
  });

  test("that has no bytes, for it was never decoded, becomes U+FFFD", () => {
    expect(encodeText("a\uD800b")).toEqual(bytes("61 ef bf bd 62"));
    expect(encodeText("\uDC7F")).toEqual(bytes("ef bf bd"));
  });

  test("of megabytes of stray bytes takes a time in proportion", () => {
    const stray = Buffer.alloc(4 << 20, 0xe2);
    const spent = cpuMsOf(() => {
      expect(encodeText(decodeText(stray)).equals(stray)).toBe(true);
    });
    // 0.2 s on a slow core; one exception or string for each byte would take ten times as long.
    expect(spent).toBeLessThan(2_000);
  });
});
