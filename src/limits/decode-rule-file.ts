import { decodeText } from "../text.ts";

/**
 * The text of a rule file: UTF-8, or UTF-16 when a byte order mark says so, as YAML has it. Never fails: bytes that are not part of
 * a character become lone surrogates, which the loader reports with their place.
 */
export function decodeRuleFile(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.toString("utf16le", 2);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) {
    // An odd last byte is no character: it is refused as one that is none.
    const even = bytes.subarray(2, bytes.length - (bytes.length % 2));
    return (
      Buffer.from(even).swap16().toString("utf16le") + (bytes.length % 2 === 0 ? "" : "\uDC00")
    );
  }
  const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return decodeText(bytes, hasMark ? 3 : 0);
}
