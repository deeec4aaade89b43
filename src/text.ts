/**
 * UTF-8 that loses nothing. Envoy passes header values on as they came, and not every one is UTF-8. Each byte that is not part of
 * a valid sequence becomes the lone surrogate U+DC00 + byte, and back: two different byte strings stay two different texts, and a
 * counter key holds the caller's bytes as they were. (Python calls the same rule «surrogateescape».)
 */

const replacement = "\uFFFD";
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Decodes `bytes[start, end)`. */
export function decodeText(bytes: Buffer, start = 0, end = bytes.length): string {
  const text = bytes.toString("utf8", start, end);
  // Almost always there is no replacement character, and then nothing was lost.
  return text.includes(replacement) ? decodeEscaping(bytes.subarray(start, end)) : text;
}

/** Encodes what `decodeText` made, byte for byte. */
export function encodeText(text: string): Buffer {
  if (text.isWellFormed()) return Buffer.from(text);
  const parts: Buffer[] = [];
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    parts.push(isEscape(code) ? Buffer.of(code - 0xdc00) : Buffer.from(char));
  }
  return Buffer.concat(parts);
}

function isEscape(code: number): boolean {
  return code >= 0xdc80 && code <= 0xdcff;
}

function decodeEscaping(bytes: Buffer): string {
  let text = "";
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at);
    if (length === 0) {
      text += String.fromCharCode(0xdc00 + (bytes[at] ?? 0));
      at += 1;
    } else {
      text += bytes.toString("utf8", at, at + length);
      at += length;
    }
  }
  return text;
}

/** The length of the valid sequence that starts at `at`; 0 when there is none. */
function sequenceLength(bytes: Buffer, at: number): number {
  const lead = bytes[at] ?? 0;
  const length =
    lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  if (length <= 1) return length;
  if (at + length > bytes.length) return 0;
  try {
    strictDecoder.decode(bytes.subarray(at, at + length));
    return length;
  } catch {
    // Continuation bytes are missing, or the sequence is overlong or a surrogate: its lead byte stands alone.
    return 0;
  }
}
