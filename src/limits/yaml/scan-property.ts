import {
  type Cursor,
  chars,
  isBlank,
  isBlankOrEnd,
  isBreakOrEnd,
  isDigit,
  isWord,
} from "./cursor.ts";

/** Anchors, aliases, tags and directives: what stands before a node or a document. */

/** A name behind `&` or `*`, where the cursor stands. */
export function scanAnchor(cursor: Cursor): string {
  cursor.at += 1;
  const name = scanWord(cursor);
  if (name === "" || !(isBlankOrEnd(cursor.code()) || endsAnchor(cursor.code()))) {
    cursor.fail("did not find expected alphabetic or numeric character");
  }
  return name;
}

function endsAnchor(code: number): boolean {
  return (
    code === chars.question ||
    code === chars.colon ||
    code === chars.comma ||
    code === chars.rightBracket ||
    code === chars.rightBrace ||
    code === chars.percent ||
    code === chars.at ||
    code === chars.backtick
  );
}

function scanWord(cursor: Cursor): string {
  const start = cursor.at;
  while (isWord(cursor.code())) cursor.at += 1;
  return cursor.text.slice(start, cursor.at);
}

export interface Tag {
  /** `!`, `!!` or `!name!`; empty when `suffix` is the whole tag. */
  readonly handle: string;
  readonly suffix: string;
}

/** A tag, where the cursor stands: `!<uri>`, `!!suffix`, `!name!suffix`, `!suffix` or `!`. */
export function scanTag(cursor: Cursor): Tag {
  const tag = cursor.code(1) === chars.less ? scanVerbatimTag(cursor) : scanShorthandTag(cursor);
  if (!isBlankOrEnd(cursor.code())) cursor.fail("did not find expected whitespace or line break");
  return tag;
}

function scanVerbatimTag(cursor: Cursor): Tag {
  cursor.at += 2;
  const suffix = scanUri(cursor, "");
  if (cursor.code() !== chars.greater) cursor.fail("did not find the expected '>'");
  cursor.at += 1;
  return { handle: "", suffix };
}

function scanShorthandTag(cursor: Cursor): Tag {
  const handle = scanHandle(cursor);
  if (handle.length > 1 && handle.endsWith("!")) return { handle, suffix: scanUri(cursor, "") };
  const suffix = scanUri(cursor, handle);
  return suffix === "" ? { handle: "", suffix: "!" } : { handle: "!", suffix };
}

function scanHandle(cursor: Cursor): string {
  if (cursor.code() !== chars.exclamation) cursor.fail("did not find expected '!'");
  cursor.at += 1;
  const word = scanWord(cursor);
  if (cursor.code() !== chars.exclamation) return `!${word}`;
  cursor.at += 1;
  return `!${word}!`;
}

/** @param head what of the URI was taken for a handle at first, with its `!` */
function scanUri(cursor: Cursor, head: string): string {
  let uri = head.slice(1);
  let isFound = head !== "";
  for (;;) {
    const code = cursor.code();
    if (code === chars.percent) uri += scanUriEscapes(cursor);
    else if (
      isWord(code) ||
      (code < 0x80 && uriMarks.includes(String.fromCharCode(code)) && code !== 0)
    ) {
      uri += String.fromCharCode(code);
      cursor.at += 1;
    } else break;
    isFound = true;
  }
  if (!isFound) cursor.fail("did not find expected tag URI");
  return uri;
}

const uriMarks = ";/?:@&=+$,.!~*'()[]";

/** One character, as the `%xx` of its UTF-8 bytes. */
function scanUriEscapes(cursor: Cursor): string {
  const bytes: number[] = [];
  let width = 1;
  while (bytes.length < width) {
    const digits = cursor.text.slice(cursor.at + 1, cursor.at + 3);
    if (cursor.code() !== chars.percent || !/^[0-9a-fA-F]{2}$/.test(digits)) {
      cursor.fail("did not find URI escaped octet");
    }
    const byte = Number.parseInt(digits, 16);
    if (bytes.length === 0) {
      width =
        byte < 0x80 ? 1 : byte < 0xc0 ? 0 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : byte < 0xf8 ? 4 : 0;
      if (width === 0) cursor.fail("found an incorrect leading UTF-8 octet");
    } else if (byte < 0x80 || byte > 0xbf) cursor.fail("found an incorrect trailing UTF-8 octet");
    bytes.push(byte);
    cursor.at += 3;
  }
  return Buffer.from(bytes).toString("utf8");
}

export type Directive =
  | { readonly name: "YAML"; readonly version: string }
  | { readonly name: "TAG"; readonly handle: string; readonly prefix: string };

/** A line that begins with `%`, where the cursor stands. */
export function scanDirective(cursor: Cursor): Directive {
  cursor.at += 1;
  const name = scanWord(cursor);
  if (name === "") cursor.fail("could not find expected directive name");
  if (!isBlankOrEnd(cursor.code())) cursor.fail("found unexpected non-alphabetical character");
  const directive =
    name === "YAML"
      ? scanVersion(cursor)
      : name === "TAG"
        ? scanTagDirective(cursor)
        : cursor.fail("found unknown directive name");
  cursor.skipBlanks();
  if (cursor.code() === chars.hash) cursor.skipToBreak();
  if (!isBreakOrEnd(cursor.code())) cursor.fail("did not find expected comment or line break");
  cursor.takeBreak();
  return directive;
}

function scanVersion(cursor: Cursor): Directive {
  cursor.skipBlanks();
  const major = scanVersionNumber(cursor);
  if (cursor.code() !== chars.dot) cursor.fail("did not find expected digit or '.' character");
  cursor.at += 1;
  return { name: "YAML", version: `${major}.${scanVersionNumber(cursor)}` };
}

function scanVersionNumber(cursor: Cursor): number {
  const start = cursor.at;
  while (isDigit(cursor.code())) {
    if (cursor.at - start === 2) cursor.fail("found extremely long version number");
    cursor.at += 1;
  }
  if (cursor.at === start) cursor.fail("did not find expected version number");
  return Number(cursor.text.slice(start, cursor.at));
}

function scanTagDirective(cursor: Cursor): Directive {
  cursor.skipBlanks();
  const handle = scanHandle(cursor);
  if (handle.length > 1 && !handle.endsWith("!")) cursor.fail("did not find expected '!'");
  if (!isBlank(cursor.code())) cursor.fail("did not find expected whitespace");
  cursor.skipBlanks();
  const prefix = scanUri(cursor, "");
  if (!isBlankOrEnd(cursor.code())) cursor.fail("did not find expected whitespace or line break");
  return { name: "TAG", handle, prefix };
}
