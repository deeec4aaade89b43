/**
 * UTF-8 that loses nothing. Envoy passes header values on as they came, and not every one is UTF-8. Each byte that is not part of
 * a valid sequence becomes the lone surrogate U+DC00 + byte, and back: two different byte strings stay two different texts, and a
 * counter key holds the caller's bytes as they were. (Python calls the same rule «surrogateescape».)
 */

const replacement = "\uFFFD";

/** Decodes `bytes[start, end)`. */
export function decodeText(bytes: Buffer, start = 0, end = bytes.length): string {
  const text = bytes.toString("utf8", start, end);
  // Almost always there is no replacement character, and then nothing was lost.
  return text.includes(replacement) ? decodeEscaping(bytes, start, end) : text;
}

/** Encodes what `decodeText` made, byte for byte. Any other lone surrogate has no bytes and becomes U+FFFD. */
export function encodeText(text: string): Buffer {
  if (text.isWellFormed()) return Buffer.from(text);
  // A stand-in is counted as the three bytes of U+FFFD, so this is never too little.
  const bytes = Buffer.allocUnsafe(Buffer.byteLength(text));
  let length = 0;
  let wholeFrom = 0;
  for (let i = 0; i < text.length; i++) {
    if (!isEscape(text, i)) continue;
    if (wholeFrom < i) length += bytes.write(text.slice(wholeFrom, i), length);
    bytes[length++] = text.charCodeAt(i) - 0xdc00;
    wholeFrom = i + 1;
  }
  length += bytes.write(text.slice(wholeFrom), length);
  return bytes.subarray(0, length);
}

/** Whether a byte's stand-in is at `i`: a low surrogate that does not belong to a pair. */
function isEscape(text: string, i: number): boolean {
  const unit = text.charCodeAt(i);
  return unit >= 0xdc80 && unit <= 0xdcff && !isHighSurrogate(text.charCodeAt(i - 1));
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

/** Builds UTF-16 by hand, in one pass: a caller may send megabytes of such bytes. */
function decodeEscaping(bytes: Buffer, start: number, end: number): string {
  const units = Buffer.allocUnsafe(2 * (end - start));
  let length = 0;
  for (let at = start; at < end; ) {
    const sequence = sequenceLength(bytes, at, end);
    if (sequence === 0) {
      length = units.writeUInt16LE(0xdc00 + (bytes[at] as number), length);
      at += 1;
      continue;
    }
    const char = codePoint(bytes, at, sequence);
    at += sequence;
    if (char > 0xffff) {
      length = units.writeUInt16LE(0xd800 + ((char - 0x10000) >>> 10), length);
      length = units.writeUInt16LE(0xdc00 + ((char - 0x10000) & 0x3ff), length);
    } else {
      length = units.writeUInt16LE(char, length);
    }
  }
  return units.toString("utf16le", 0, length);
}

/** The character of a valid sequence. */
function codePoint(bytes: Buffer, at: number, length: number): number {
  const lead = bytes[at] as number;
  let char = length === 1 ? lead : lead & (0x7f >> length);
  for (let i = 1; i < length; i++) char = (char << 6) | ((bytes[at + i] as number) & 0x3f);
  return char;
}

/** The length of the valid sequence that starts at `at`; 0 when there is none (Unicode 3.9, table 3-7). */
function sequenceLength(bytes: Buffer, at: number, end: number): number {
  const lead = bytes[at] as number;
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (at + length > end) return 0;
  // The second byte's range keeps out overlong forms, surrogates and what lies beyond U+10FFFF.
  const second = bytes[at + 1] as number;
  const secondMin = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const secondMax = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < secondMin || second > secondMax) return 0;
  for (let i = 2; i < length; i++) {
    if (((bytes[at + i] as number) & 0xc0) !== 0x80) return 0;
  }
  return length;
}
