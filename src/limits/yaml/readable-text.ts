/**
 * yaml.v2 decodes its input in blocks of this many bytes. A character that YAML forbids is found as soon as its block is needed,
 * before mistakes that stand earlier in the same block, and not at all when the document ends in a block before.
 */
const blockBytes = 512;

/** Which part of a text can be read, in UTF-16 units, why no more, and where that is: `problem` is `undefined` when all of it can. */
export function readableText(text: string): {
  readonly length: number;
  readonly problem: { readonly text: string; readonly at: number } | undefined;
} {
  const at = text.search(forbidden);
  if (at < 0) return { length: text.length, problem: undefined };
  return { length: blockStart(text, at), problem: { text: problemAt(text, at), at } };
}

/** Everything but printable characters, tabs and line breaks; lone surrogates stand for bytes that are no character. */
const forbidden = /[^\t\n\r\x20-\x7E\x85\xA0-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;

function problemAt(text: string, at: number): string {
  const code = text.charCodeAt(at);
  if (code < 0xd800 || code > 0xdfff) return "control characters are not allowed";
  if (code < 0xdc00) return "expected low surrogate area";
  if (code < 0xdc80 || code > 0xdcff) return "unexpected low surrogate area";
  const byte = code - 0xdc00;
  if (byte < 0xc0 || byte >= 0xf8) return "invalid leading UTF-8 octet";
  const following = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
  if (at + following >= text.length) return "incomplete UTF-8 octet sequence";
  for (let i = 1; i <= following; i++) {
    const next = text.charCodeAt(at + i);
    if (next < 0xdc80 || next > 0xdcbf) return "invalid trailing UTF-8 octet";
  }
  return "invalid length of a UTF-8 sequence";
}

/** Where the block with the character at `at` begins. A character is not cut: the next block begins with one that does not fit. */
function blockStart(text: string, at: number): number {
  let start = 0;
  let bytes = 0;
  for (let i = 0; i < at; ) {
    const code = text.codePointAt(i) ?? 0;
    const width = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (bytes + width > blockBytes) {
      start = i;
      bytes = 0;
    }
    bytes += width;
    i += code < 0x10000 ? 1 : 2;
  }
  return bytes === blockBytes ? at : start;
}
