import { YamlFailure } from "./node.ts";
import { readableText } from "./readable-text.ts";

/** UTF-16 units that have a meaning in YAML. */
export const chars = {
  end: 0,
  tab: 0x09,
  lineFeed: 0x0a,
  carriageReturn: 0x0d,
  space: 0x20,
  exclamation: 0x21,
  doubleQuote: 0x22,
  hash: 0x23,
  percent: 0x25,
  ampersand: 0x26,
  singleQuote: 0x27,
  asterisk: 0x2a,
  plus: 0x2b,
  comma: 0x2c,
  minus: 0x2d,
  dot: 0x2e,
  zero: 0x30,
  nine: 0x39,
  colon: 0x3a,
  less: 0x3c,
  greater: 0x3e,
  question: 0x3f,
  at: 0x40,
  leftBracket: 0x5b,
  backslash: 0x5c,
  rightBracket: 0x5d,
  underscore: 0x5f,
  backtick: 0x60,
  leftBrace: 0x7b,
  bar: 0x7c,
  rightBrace: 0x7d,
  nextLine: 0x85,
  lineSeparator: 0x2028,
  paragraphSeparator: 0x2029,
} as const;

export function isBlank(code: number): boolean {
  return code === chars.space || code === chars.tab;
}

export function isBreak(code: number): boolean {
  return (
    code === chars.lineFeed ||
    code === chars.carriageReturn ||
    code === chars.nextLine ||
    code === chars.lineSeparator ||
    code === chars.paragraphSeparator
  );
}

export function isBreakOrEnd(code: number): boolean {
  return code === chars.end || isBreak(code);
}

export function isBlankOrEnd(code: number): boolean {
  return isBlank(code) || isBreakOrEnd(code);
}

export function isDigit(code: number): boolean {
  return code >= chars.zero && code <= chars.nine;
}

/** A letter or digit of ASCII, `_` or `-`: what anchors and tag handles are made of. */
export function isWord(code: number): boolean {
  return (
    isDigit(code) ||
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x61 && code <= 0x7a) ||
    code === chars.underscore ||
    code === chars.minus
  );
}

/** A position in a text, that moves forward only. Lines and columns count from 0, as yaml.v2's messages need them. */
export class Cursor {
  readonly text: string;
  at = 0;
  line = 0;
  #lineStart = 0;
  readonly #length: number;
  readonly #problem: { readonly text: string; readonly at: number } | undefined;

  constructor(text: string) {
    const { length, problem } = readableText(text);
    this.text = text;
    this.#length = length;
    this.#problem = problem;
  }

  get column(): number {
    return this.at - this.#lineStart;
  }

  /** The unit `ahead` of the position; `chars.end` behind the last. */
  code(ahead = 0): number {
    const at = this.at + ahead;
    if (at < this.#length) return this.text.charCodeAt(at);
    if (this.#problem === undefined) return chars.end;
    throw new YamlFailure(this.#problem.text, placeIn(this.text, this.#problem.at));
  }

  skipBlanks(): void {
    while (isBlank(this.code())) this.at += 1;
  }

  skipSpaces(): void {
    while (this.code() === chars.space) this.at += 1;
  }

  skipToBreak(): void {
    while (!isBreakOrEnd(this.code())) this.at += 1;
  }

  /** Takes a line break, if there is one, and gives what a scalar keeps of it. */
  takeBreak(): string {
    const code = this.code();
    if (!isBreak(code)) return "";
    this.at += code === chars.carriageReturn && this.code(1) === chars.lineFeed ? 2 : 1;
    this.line += 1;
    this.#lineStart = this.at;
    const isKept = code === chars.lineSeparator || code === chars.paragraphSeparator;
    return isKept ? String.fromCharCode(code) : "\n";
  }

  /** At the end of the text: stands on a line of its own. */
  closeLine(): void {
    if (this.column === 0) return;
    this.line += 1;
    this.#lineStart = this.at;
  }

  /** `---` or `...` alone at the beginning of a line. */
  isDocumentIndicator(code: number): boolean {
    return (
      this.column === 0 &&
      this.code() === code &&
      this.code(1) === code &&
      this.code(2) === code &&
      isBlankOrEnd(this.code(3))
    );
  }

  place(): { line: number; column: number } {
    return { line: this.line + 1, column: this.column + 1 };
  }

  /** @throws YamlFailure always: yaml.v2 tells the line of such a mistake, unless it is the first. */
  fail(problem: string): never {
    const where = this.line === 0 ? "" : `line ${this.line + 1}: `;
    throw new YamlFailure(`${where}${problem}`, this.place());
  }
}

/** The place of the unit at `at`, which need not be reached yet. */
function placeIn(text: string, at: number): { line: number; column: number } {
  const lines = text.slice(0, at).split(/\r\n|[\n\r\x85\u2028\u2029]/);
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}
