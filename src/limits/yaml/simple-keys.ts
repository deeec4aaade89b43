import type { Cursor } from "./cursor.ts";

/** A key without `?` is known as one only at its `:`, which has to stand on the same line and at most so many characters on. */
const lengthMax = 1024;

/** The beginning of what may turn out to be a key. Counts from 0. */
export interface SimpleKey {
  /** The number of its first token, counted from the beginning of the text. */
  readonly tokenNumber: number;
  readonly line: number;
  readonly column: number;
  readonly at: number;
  /** Only a key can stand here, so that a missing `:` is a mistake. */
  readonly isRequired: boolean;
}

/** Remembers, for the block and for each open flow collection, where a key may have begun. */
export class SimpleKeys {
  readonly #cursor: Cursor;
  /** `undefined` where no key is possible. The first is the block's. */
  readonly #keys: (SimpleKey | undefined)[] = [undefined];
  /** For each open flow collection the number of the token that last began a possible key, at first that of its bracket. */
  readonly #lastNumbers: number[] = [];
  /** The places in `#keys` by the number of the token that may become a key. */
  readonly #levels = new Map<number, number>();

  constructor(cursor: Cursor) {
    this.#cursor = cursor;
  }

  /** How many flow collections are open. */
  get flowLevel(): number {
    return this.#lastNumbers.length;
  }

  /** What comes next, as token `tokenNumber`, may be a key. */
  note(tokenNumber: number, isRequired: boolean): void {
    this.giveUp();
    const { at, line, column } = this.#cursor;
    this.#keys[this.flowLevel] = { tokenNumber, line, column, at, isRequired };
    this.#levels.set(tokenNumber, this.flowLevel);
    if (this.flowLevel > 0) this.#lastNumbers[this.flowLevel - 1] = tokenNumber;
  }

  /** No `:` can follow any more. @throws YamlFailure when one had to. */
  giveUp(): void {
    if (this.#keys[this.flowLevel]?.isRequired) this.#failMissingColon();
    this.#forget(this.flowLevel);
  }

  /** Whether a `:` may still turn the token into a key. @throws YamlFailure when it no longer may, and had to. */
  mayBecomeKey(tokenNumber: number): boolean {
    const level = this.#levels.get(tokenNumber);
    return level !== undefined && this.#possible(level) !== undefined;
  }

  /** The key that a `:` ends here, which is no longer possible then; `undefined` when there is none. */
  take(): SimpleKey | undefined {
    const key = this.#possible(this.flowLevel);
    this.#forget(this.flowLevel);
    return key;
  }

  /** A flow collection begins with token `tokenNumber`. */
  open(tokenNumber: number): void {
    this.#lastNumbers.push(tokenNumber);
    this.#keys.push(undefined);
  }

  close(): void {
    const lastNumber = this.#lastNumbers.pop();
    if (lastNumber === undefined) return;
    this.#keys.pop();
    // As yaml.v2 has it: a bracket with no possible key behind it is not held back any longer to become a key itself.
    this.#levels.delete(lastNumber);
  }

  #possible(level: number): SimpleKey | undefined {
    const key = this.#keys[level];
    if (key === undefined) return undefined;
    const { line, at } = this.#cursor;
    if (key.line === line && key.at + lengthMax >= at) return key;
    if (key.isRequired) this.#failMissingColon();
    this.#keys[level] = undefined;
    return undefined;
  }

  #forget(level: number): void {
    const key = this.#keys[level];
    if (key === undefined) return;
    this.#levels.delete(key.tokenNumber);
    this.#keys[level] = undefined;
  }

  #failMissingColon(): never {
    this.#cursor.fail("could not find expected ':'");
  }
}
