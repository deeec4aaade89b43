export type TokenType =
  | "stream-end"
  | "version-directive"
  | "tag-directive"
  | "document-start"
  | "document-end"
  | "block-sequence-start"
  | "block-mapping-start"
  | "block-end"
  | "flow-sequence-start"
  | "flow-sequence-end"
  | "flow-mapping-start"
  | "flow-mapping-end"
  | "block-entry"
  | "flow-entry"
  | "key"
  | "value"
  | "alias"
  | "anchor"
  | "tag"
  | "plain"
  | "quoted";

/** The least part of a YAML text that means something by itself. Lines and columns count from 0. */
export interface Token {
  readonly type: TokenType;
  readonly line: number;
  readonly column: number;
  /** The text of a scalar, the name of an anchor or alias, the handle of a tag, the version of a directive. */
  readonly text: string;
  /** The suffix of a tag, or the prefix of a tag directive. */
  readonly suffix: string;
}

/** Tokens that were read and not yet taken. */
export class TokenQueue {
  #tokens: Token[] = [];
  /** Where in `#tokens` the next one stands. */
  #head = 0;
  #takenCount = 0;

  get isEmpty(): boolean {
    return this.#head === this.#tokens.length;
  }

  get first(): Token | undefined {
    return this.#tokens[this.#head];
  }

  /** The number of the first token, counted from the beginning of the text. */
  get firstNumber(): number {
    return this.#takenCount;
  }

  /** The number of the token that is added next. */
  get nextNumber(): number {
    return this.#takenCount + this.#tokens.length - this.#head;
  }

  add(token: Token): void {
    this.#tokens.push(token);
  }

  /** Adds a token before the one with this number; at the end when that one was taken already. */
  insert(number: number, token: Token): void {
    if (number < this.#takenCount) this.#tokens.push(token);
    else this.#tokens.splice(this.#head + number - this.#takenCount, 0, token);
  }

  takeFirst(): void {
    this.#head += 1;
    this.#takenCount += 1;
    if (this.isEmpty) {
      this.#tokens = [];
      this.#head = 0;
    }
  }
}
