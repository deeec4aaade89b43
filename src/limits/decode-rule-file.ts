import { decodeText } from "../text.ts";

/** Stands for a byte that is left over: half a pair, which is no character. */
const leftOver = "\uDC00";

/**
 * The text of a rule file: UTF-8, or UTF-16 when a byte order mark says so, as YAML has it. Never fails: bytes that are not part of
 * a character become lone surrogates, which the loader reports with their place.
 */
export function decodeRuleFile(bytes: Buffer): string {
  const [first, second, third] = bytes;
  if (first === 0xff && second === 0xfe) return decodeUtf16(bytes.subarray(2), false);
  if (first === 0xfe && second === 0xff) return decodeUtf16(bytes.subarray(2), true);
  const hasMark = first === 0xef && second === 0xbb && third === 0xbf;
  return decodeText(bytes, hasMark ? 3 : 0);
}

function decodeUtf16(bytes: Buffer, isHighByteFirst: boolean): string {
  const whole = bytes.subarray(0, bytes.length - (bytes.length % 2));
  const lowByteFirst = isHighByteFirst ? Buffer.from(whole).swap16() : whole;
  return lowByteFirst.toString("utf16le") + (whole.length === bytes.length ? "" : leftOver);
}
