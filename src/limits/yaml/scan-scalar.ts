import {
  type Cursor,
  chars,
  isBlank,
  isBlankOrEnd,
  isBreak,
  isBreakOrEnd,
  isDigit,
} from "./cursor.ts";

/** What stands between two parts of a scalar: blanks, or line breaks, which are folded. */
class Gap {
  /** Inside a line. */
  #blanks = "";
  #firstBreak = "";
  #moreBreaks = "";

  get hasBreak(): boolean {
    return this.#firstBreak !== "";
  }

  /** Takes blanks and breaks; blanks beside a break are dropped. `onTab` is called for a tab that begins a line. */
  take(cursor: Cursor, onTab?: () => void): void {
    for (;;) {
      const code = cursor.code();
      if (isBlank(code)) {
        if (code === chars.tab && this.hasBreak) onTab?.();
        if (!this.hasBreak) this.#blanks += String.fromCharCode(code);
        cursor.at += 1;
      } else if (isBreak(code)) {
        this.#blanks = "";
        if (this.hasBreak) this.#moreBreaks += cursor.takeBreak();
        else this.#firstBreak = cursor.takeBreak();
      } else return;
    }
  }

  /** A break behind a backslash joins two lines and leaves nothing. */
  takeEscapedBreak(cursor: Cursor): void {
    cursor.takeBreak();
    this.#blanks = "";
    this.#firstBreak = escapedBreak;
  }

  /** A single break folds to a space; of several the first is dropped. */
  fold(): string {
    if (!this.hasBreak) return this.#blanks;
    if (this.#firstBreak === escapedBreak) return this.#moreBreaks;
    if (this.#firstBreak !== "\n") return this.#firstBreak + this.#moreBreaks;
    return this.#moreBreaks === "" ? " " : this.#moreBreaks;
  }
}

const escapedBreak = "\\";

/** A scalar without quotes. */
export interface PlainScalar {
  readonly text: string;
  /** It ended at the beginning of a line, where a simple key may follow. */
  readonly endsLine: boolean;
}

/** @param indent the column that the lines after the first have to be right of */
export function scanPlain(cursor: Cursor, indent: number, isInFlow: boolean): PlainScalar {
  let text = "";
  let gap: Gap | undefined;
  for (;;) {
    if (cursor.isDocumentIndicator(chars.minus) || cursor.isDocumentIndicator(chars.dot)) break;
    if (cursor.code() === chars.hash) break;
    const start = cursor.at;
    skipPlainRun(cursor, isInFlow);
    if (cursor.at > start) {
      if (gap !== undefined) text += gap.fold();
      gap = undefined;
      text += cursor.text.slice(start, cursor.at);
    }
    const code = cursor.code();
    if (!isBlank(code) && !isBreak(code)) break;
    gap ??= new Gap();
    gap.take(cursor, () => {
      if (cursor.column <= indent) cursor.fail("found a tab character that violates indentation");
    });
    if (!isInFlow && cursor.column <= indent) break;
  }
  return { text, endsLine: gap?.hasBreak ?? false };
}

function skipPlainRun(cursor: Cursor, isInFlow: boolean): void {
  for (;;) {
    const code = cursor.code();
    if (isBlankOrEnd(code)) return;
    if (code === chars.colon && isBlankOrEnd(cursor.code(1))) return;
    if (isInFlow && endsPlainInFlow(code)) return;
    cursor.at += 1;
  }
}

function endsPlainInFlow(code: number): boolean {
  return (
    code === chars.comma ||
    code === chars.question ||
    code === chars.leftBracket ||
    code === chars.rightBracket ||
    code === chars.leftBrace ||
    code === chars.rightBrace
  );
}

/** A scalar in quotes; the cursor stands on the first of them. */
export function scanQuoted(cursor: Cursor): string {
  const quote = cursor.code();
  cursor.at += 1;
  let text = "";
  for (;;) {
    if (cursor.isDocumentIndicator(chars.minus) || cursor.isDocumentIndicator(chars.dot)) {
      cursor.fail("found unexpected document indicator");
    }
    if (cursor.code() === chars.end) cursor.fail("found unexpected end of stream");
    const gap = new Gap();
    text += scanQuotedRun(cursor, quote, gap);
    if (cursor.code() === quote) break;
    gap.take(cursor);
    text += gap.fold();
  }
  cursor.at += 1;
  return text;
}

/** The characters up to the next blank, break or closing quote. */
function scanQuotedRun(cursor: Cursor, quote: number, gap: Gap): string {
  let text = "";
  for (;;) {
    const start = cursor.at;
    let code = cursor.code();
    while (!isBlankOrEnd(code) && code !== quote && code !== chars.backslash) {
      cursor.at += 1;
      code = cursor.code();
    }
    text += cursor.text.slice(start, cursor.at);
    if (isBlankOrEnd(code)) return text;
    if (quote === chars.singleQuote) {
      if (code === quote && cursor.code(1) !== quote) return text;
      // Two quotes stand for one; a backslash for itself.
      text += String.fromCharCode(code);
      cursor.at += code === quote ? 2 : 1;
    } else if (code === quote) return text;
    else if (isBreak(cursor.code(1))) {
      cursor.at += 1;
      gap.takeEscapedBreak(cursor);
      return text;
    } else text += scanEscape(cursor);
  }
}

const escapes: ReadonlyMap<string, string> = new Map([
  ["0", "\0"],
  ["a", "\x07"],
  ["b", "\b"],
  ["t", "\t"],
  ["\t", "\t"],
  ["n", "\n"],
  ["v", "\v"],
  ["f", "\f"],
  ["r", "\r"],
  ["e", "\x1B"],
  [" ", " "],
  ['"', '"'],
  ["'", "'"],
  ["\\", "\\"],
  ["N", "\x85"],
  ["_", "\xA0"],
  ["L", "\u2028"],
  ["P", "\u2029"],
]);

const escapedDigits: ReadonlyMap<string, number> = new Map([
  ["x", 2],
  ["u", 4],
  ["U", 8],
]);

function scanEscape(cursor: Cursor): string {
  const name = cursor.text.charAt(cursor.at + 1);
  const digits = escapedDigits.get(name);
  if (digits === undefined) {
    const text = escapes.get(name);
    if (text === undefined) cursor.fail("found unknown escape character");
    cursor.at += 2;
    return text;
  }
  cursor.at += 2;
  const hex = cursor.text.slice(cursor.at, cursor.at + digits);
  if (hex.length < digits || !/^[0-9a-fA-F]+$/.test(hex)) {
    cursor.fail("did not find expected hexdecimal number");
  }
  const code = Number.parseInt(hex, 16);
  if ((code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff) {
    cursor.fail("found invalid Unicode character escape code");
  }
  cursor.at += digits;
  return String.fromCodePoint(code);
}

/**
 * A scalar of whole lines; the cursor stands on its `|` or `>`.
 *
 * @param outerIndent the column of the collection that it stands in, -1 at the top
 */
export function scanBlock(cursor: Cursor, outerIndent: number): string {
  const isLiteral = cursor.code() === chars.bar;
  cursor.at += 1;
  const { chomping, increment } = scanBlockHeader(cursor);

  const state = { indent: increment > 0 ? Math.max(outerIndent, 0) + increment : 0 };
  let text = "";
  let lineBreak = "";
  let wasBlank = false;
  let emptyLines = scanEmptyLines(cursor, state, outerIndent);
  while (cursor.column === state.indent && cursor.code() !== chars.end) {
    const startsBlank = isBlank(cursor.code());
    // Lines are folded unless one of the two is indented further.
    if (!isLiteral && lineBreak === "\n" && !wasBlank && !startsBlank) {
      if (emptyLines === "") text += " ";
    } else text += lineBreak;
    text += emptyLines;
    wasBlank = startsBlank;
    const start = cursor.at;
    cursor.skipToBreak();
    text += cursor.text.slice(start, cursor.at);
    lineBreak = cursor.takeBreak();
    emptyLines = scanEmptyLines(cursor, state, outerIndent);
  }
  if (chomping !== chars.minus) text += lineBreak;
  if (chomping === chars.plus) text += emptyLines;
  return text;
}

function scanBlockHeader(cursor: Cursor): { chomping: number; increment: number } {
  let chomping: number = chars.end;
  let increment = 0;
  const takeChomping = () => {
    const code = cursor.code();
    if (code !== chars.plus && code !== chars.minus) return;
    chomping = code;
    cursor.at += 1;
  };
  const takeIncrement = () => {
    const code = cursor.code();
    if (!isDigit(code)) return;
    if (code === chars.zero) cursor.fail("found an indentation indicator equal to 0");
    increment = code - chars.zero;
    cursor.at += 1;
  };
  takeChomping();
  takeIncrement();
  if (chomping === chars.end) takeChomping();

  cursor.skipBlanks();
  if (cursor.code() === chars.hash) cursor.skipToBreak();
  if (!isBreakOrEnd(cursor.code())) cursor.fail("did not find expected comment or line break");
  cursor.takeBreak();
  return { chomping, increment };
}

/** Takes indentation and empty lines; the first of them decides the indentation when the header does not. */
function scanEmptyLines(cursor: Cursor, state: { indent: number }, outerIndent: number): string {
  let breaks = "";
  let indentMax = 0;
  for (;;) {
    while ((state.indent === 0 || cursor.column < state.indent) && cursor.code() === chars.space) {
      cursor.at += 1;
    }
    indentMax = Math.max(indentMax, cursor.column);
    if ((state.indent === 0 || cursor.column < state.indent) && cursor.code() === chars.tab) {
      cursor.fail("found a tab character where an indentation space is expected");
    }
    if (!isBreak(cursor.code())) break;
    breaks += cursor.takeBreak();
  }
  if (state.indent === 0) state.indent = Math.max(indentMax, outerIndent + 1, 1);
  return breaks;
}
