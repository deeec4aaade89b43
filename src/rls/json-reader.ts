import { requestInvalid } from "./bounds.ts";

/** Longer than any number that a request can hold; a bound on what is looked at digit by digit. */
const numberCharsMax = 64;

const whitespace = /[ \t\n\r]*/y;
const literal = /[a-z]+/y;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const numberParts = /^(-?)(0|[1-9]\d*)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/** What reads the value of each field of a message, by the field's name in camel case. */
export type Fields<T> = { readonly [Name in keyof T]: () => T[Name] };

/**
 * Reads protobuf's JSON (protobuf.dev/programming-guides/json), strictly: what the caller does not ask for is refused on the spot,
 * so nothing nests deeper than the messages do. Every refusal says where, as a path and as line and column, and never quotes a
 * value.
 */
export class JsonReader {
  readonly #text: string;
  readonly #path: string[] = [];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /**
   * An object with some of these fields, each at most once, under its name in camel case or that in the proto. A field that is null
   * is absent.
   */
  object<T extends object>(fields: Fields<T>): Partial<T> {
    this.#open("{", "an object");
    const names = Object.keys(fields) as (keyof T & string)[];
    const message: Partial<T> = {};
    const seen = new Set<string>();
    this.#list("}", () => {
      const start = this.#skipSpace();
      const given = this.#string("a field name");
      const name = names.find((known) => given === known || given === snakeCase(known));
      if (name === undefined) throw this.#unknown(given, names, start);
      this.#within(this.#path.length === 0 ? name : `.${name}`, () => {
        if (seen.has(name)) throw this.fail("is given twice", start);
        seen.add(name);
        this.#expect(":");
        if (!this.#takeNull()) message[name] = fields[name]();
      });
    });
    return message;
  }

  /** A list; `read` reads one element, and is told how many there were before it. */
  array<T>(read: (index: number) => T): T[] {
    this.#open("[", "a list");
    const elements: T[] = [];
    this.#list("]", () => {
      this.#within(`[${elements.length}]`, () => elements.push(read(elements.length)));
    });
    return elements;
  }

  string(): string {
    this.#skipSpace();
    return this.#string("a string");
  }

  boolean(): boolean {
    const start = this.#skipSpace();
    const word = this.#match(literal);
    if (word === "true" || word === "false") return word === "true";
    this.#at = start;
    throw this.#unexpected("true or false");
  }

  /** A whole number from 0 to `max`, written as a number or as a string of one. */
  uint(max: number): number {
    const start = this.#skipSpace();
    const isQuoted = this.#text[start] === '"';
    const value = toInteger(isQuoted ? this.#string("a number") : this.#number("a number"));
    if (value !== undefined && value >= 0 && value <= max) return value;
    throw this.fail(`whole numbers from 0 to ${max} are accepted`, start);
  }

  /** A value of an enum, by its name or by any number an int32 can have. */
  enum(numbers: Readonly<Record<string, number>>): number {
    const start = this.#skipSpace();
    if (this.#text[start] === '"') {
      const name = this.#string("a name");
      const value = Object.hasOwn(numbers, name) ? numbers[name] : undefined;
      if (value !== undefined) return value;
      throw this.fail(`accepted are ${Object.keys(numbers).join(", ")}`, start);
    }
    const value = toInteger(this.#number("a name or a number"));
    if (value !== undefined && value === (value | 0)) return value;
    throw this.fail("whole numbers of 32 bits are accepted", start);
  }

  /** Nothing may follow. */
  end(): void {
    if (this.#skipSpace() < this.#text.length) throw this.#unexpected("nothing more");
  }

  /** A refusal of what was read last, or stands at `at`. */
  fail(what: string, at = this.#at): Error {
    const before = this.#text.slice(0, at);
    const line = before.split("\n").length;
    const column = at - before.lastIndexOf("\n");
    const place = this.#path.length === 0 ? "the request" : this.#path.join("");
    return requestInvalid(`${place}: ${what} (line ${line}, column ${column})`);
  }

  #open(bracket: string, wanted: string): void {
    if (this.#text[this.#skipSpace()] !== bracket) throw this.#unexpected(wanted);
    this.#at += 1;
  }

  /** Elements up to the closing bracket, with commas between them. */
  #list(close: string, element: () => void): void {
    if (this.#text[this.#skipSpace()] === close) {
      this.#at += 1;
      return;
    }
    for (;;) {
      element();
      const next = this.#text[this.#skipSpace()];
      if (next !== close && next !== ",") throw this.#unexpected(`«,» or «${close}»`);
      this.#at += 1;
      if (next === close) return;
    }
  }

  #within(step: string, read: () => void): void {
    this.#path.push(step);
    read();
    this.#path.pop();
  }

  #expect(char: string): void {
    if (this.#text[this.#skipSpace()] !== char) throw this.#unexpected(`«${char}»`);
    this.#at += 1;
  }

  #takeNull(): boolean {
    const start = this.#skipSpace();
    if (this.#match(literal) === "null") return true;
    this.#at = start;
    return false;
  }

  #string(wanted: string): string {
    const start = this.#at;
    if (this.#text[start] !== '"') throw this.#unexpected(wanted);
    let at = start + 1;
    for (let char = this.#text[at]; char !== '"'; char = this.#text[at]) {
      if (char === undefined) throw this.fail("a string has no end", start);
      if (char < " ") throw this.fail("a control character in a string is to be escaped", at);
      at += char === "\\" ? 2 : 1;
    }
    this.#at = at + 1;
    const text = unquote(this.#text.slice(start, this.#at));
    if (text === undefined) throw this.fail("a string has an escape that does not exist", start);
    if (!text.isWellFormed()) throw this.fail("a string has half a surrogate pair", start);
    return text;
  }

  #number(wanted: string): string {
    const text = this.#match(number);
    if (text === "") throw this.#unexpected(wanted);
    return text;
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const [text = ""] = pattern.exec(this.#text) ?? [];
    this.#at += text.length;
    return text;
  }

  /** @returns where the next token begins. */
  #skipSpace(): number {
    this.#match(whitespace);
    return this.#at;
  }

  #unexpected(wanted: string): Error {
    return this.fail(
      `expected ${wanted}, found ${kindOf(this.#text.slice(this.#at, this.#at + 5))}`,
    );
  }

  #unknown(given: string, names: readonly string[], at: number): Error {
    return this.fail(`unknown field ${quote(given)}; accepted are ${names.join(", ")}`, at);
  }
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function unquote(quoted: string): string | undefined {
  if (!quoted.includes("\\")) return quoted.slice(1, -1);
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return undefined;
  }
}

/** A JSON number that is whole, however it is written (`1e2`, `10.0`); `undefined` for any other. Exact up to 2^53. */
function toInteger(text: string): number | undefined {
  const parts = text.length > numberCharsMax ? null : numberParts.exec(text);
  if (parts === null) return undefined;
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = parts;
  const significant = (whole + fraction).replace(/0+$/, "");
  const zeros = whole.length + Number(exponent) - significant.length;
  if (/^0*$/.test(significant)) return 0;
  return zeros < 0 ? undefined : Number(`${sign}${significant}e${zeros}`);
}

/** @param next the next few characters; no more than the first is quoted. */
function kindOf(next: string): string {
  const [char] = next;
  if (char === undefined) return "the end";
  if (char === '"') return "a string";
  if (char === "{") return "an object";
  if (char === "[") return "a list";
  const [word] = /^(?:null|true|false)/.exec(next) ?? [];
  return word ?? (/[-\d]/.test(char) ? "a number" : quote(char));
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 64).toWellFormed());
}
