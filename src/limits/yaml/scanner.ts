import { Cursor, chars, isBlank, isBlankOrEnd, isBreak } from "./cursor.ts";
import { scanAnchor, scanDirective, scanTag } from "./scan-property.ts";
import { scanBlock, scanPlain, scanQuoted } from "./scan-scalar.ts";
import type { Token, TokenType } from "./token.ts";

/** Deeper nesting is refused, so that no file can exhaust the stack. Each level of `descriptors` takes two. */
export const nestingMax = 256;

/** A key without `?` is known as one only at its `:`, which has to stand on the same line and at most so many characters on. */
const simpleKeyLengthMax = 1024;

/** The beginning of what may turn out to be a key. */
interface SimpleKey {
  isPossible: boolean;
  /** Only a key can stand here, so that a missing `:` is a mistake. */
  readonly isRequired: boolean;
  /** The number of its first token, counted from the beginning of the text. */
  readonly tokenNumber: number;
  readonly at: number;
  readonly line: number;
  readonly column: number;
}

const noSimpleKey: SimpleKey = {
  isPossible: false,
  isRequired: false,
  tokenNumber: -1,
  at: 0,
  line: 0,
  column: 0,
};

/**
 * Cuts a YAML 1.1 text into tokens: indentation becomes the beginning and end of block collections, and a `:` turns what stood
 * before it into a key. No more is read than the next token needs, so that of two mistakes the one is told that yaml.v2 tells.
 */
export class Scanner {
  readonly #cursor: Cursor;
  #tokens: Token[] = [];
  /** Where in `#tokens` the next token stands; those before have been taken. */
  #head = 0;
  #takenCount = 0;
  #isAtEnd: boolean = false;
  /** The column of the innermost open block collection, -1 outside of any. */
  #indent = -1;
  readonly #outerIndents: number[] = [];
  #isSimpleKeyAllowed: boolean = true;
  /** One for each open flow collection, and one for the block around them. */
  readonly #simpleKeys: SimpleKey[] = [noSimpleKey];
  /** The places in `#simpleKeys` by the number of the token that may become a key. */
  readonly #keyLevels = new Map<number, number>();

  constructor(text: string) {
    this.#cursor = new Cursor(text);
  }

  /** The next token, which stays the next. Behind the end there is another end. */
  peek(): Token {
    while (this.#head === this.#tokens.length || this.#mayBecomeKey()) {
      if (this.#isAtEnd) break;
      this.#fetch();
    }
    return this.#tokens[this.#head] as Token;
  }

  /** Leaves the next token behind. */
  skip(): void {
    this.#head += 1;
    this.#takenCount += 1;
    if (this.#head === this.#tokens.length && !this.#isAtEnd) {
      this.#tokens = [];
      this.#head = 0;
    }
  }

  get #flowLevel(): number {
    return this.#simpleKeys.length - 1;
  }

  /** Whether a `:` may still turn the next token into a key. */
  #mayBecomeKey(): boolean {
    const level = this.#keyLevels.get(this.#takenCount);
    return level !== undefined && this.#isStillPossible(this.#simpleKeys[level] as SimpleKey);
  }

  #isStillPossible(key: SimpleKey): boolean {
    if (!key.isPossible) return false;
    const { line, at } = this.#cursor;
    if (key.line === line && key.at + simpleKeyLengthMax >= at) return true;
    if (key.isRequired) this.#cursor.fail("could not find expected ':'");
    key.isPossible = false;
    return false;
  }

  #fetch(): void {
    const cursor = this.#cursor;
    this.#skipToToken();
    this.#closeBlocks(cursor.column);
    const code = cursor.code();
    if (code === chars.end) this.#fetchEnd();
    else if (cursor.column === 0 && code === chars.percent) this.#fetchDirective();
    else if (cursor.isDocumentIndicator(chars.minus)) this.#fetchIndicator("document-start");
    else if (cursor.isDocumentIndicator(chars.dot)) this.#fetchIndicator("document-end");
    else if (!this.#fetchStructure(code)) this.#fetchContent(code);
  }

  #skipToToken(): void {
    const cursor = this.#cursor;
    for (;;) {
      // A tab indents nothing: it may only stand where no block key can begin.
      if (this.#flowLevel > 0 || !this.#isSimpleKeyAllowed) cursor.skipBlanks();
      else cursor.skipSpaces();
      if (cursor.code() === chars.hash) cursor.skipToBreak();
      if (!isBreak(cursor.code())) return;
      cursor.takeBreak();
      if (this.#flowLevel === 0) this.#isSimpleKeyAllowed = true;
    }
  }

  /** Brackets, commas and the indicators `-`, `?` and `:`. `false`: it is none of them. */
  #fetchStructure(code: number): boolean {
    const isIndicator = this.#flowLevel > 0 || isBlankOrEnd(this.#cursor.code(1));
    switch (code) {
      case chars.leftBracket:
        this.#openFlow("flow-sequence-start");
        return true;
      case chars.leftBrace:
        this.#openFlow("flow-mapping-start");
        return true;
      case chars.rightBracket:
        this.#closeFlow("flow-sequence-end");
        return true;
      case chars.rightBrace:
        this.#closeFlow("flow-mapping-end");
        return true;
      case chars.comma:
        this.#giveUpKey();
        this.#isSimpleKeyAllowed = true;
        this.#take("flow-entry");
        return true;
      case chars.minus:
        if (!isBlankOrEnd(this.#cursor.code(1))) return false;
        this.#fetchBlockEntry();
        return true;
      case chars.question:
        if (isIndicator) this.#fetchExplicitKey();
        return isIndicator;
      case chars.colon:
        if (isIndicator) this.#fetchValue();
        return isIndicator;
      default:
        return false;
    }
  }

  #fetchContent(code: number): void {
    const cursor = this.#cursor;
    const { line, column } = cursor;
    const isInFlow = this.#flowLevel > 0;
    if (!isInFlow && (code === chars.bar || code === chars.greater)) {
      this.#giveUpKey();
      this.#isSimpleKeyAllowed = true;
      this.#add("quoted", line, column, scanBlock(cursor, this.#indent));
      return;
    }
    if (!beginsContent(code, cursor.code(1), isInFlow)) {
      cursor.fail("found character that cannot start any token");
    }
    this.#noteKey();
    this.#isSimpleKeyAllowed = false;
    if (code === chars.asterisk) this.#add("alias", line, column, scanAnchor(cursor));
    else if (code === chars.ampersand) this.#add("anchor", line, column, scanAnchor(cursor));
    else if (code === chars.exclamation) {
      const { handle, suffix } = scanTag(cursor);
      this.#add("tag", line, column, handle, suffix);
    } else if (code === chars.singleQuote || code === chars.doubleQuote) {
      this.#add("quoted", line, column, scanQuoted(cursor));
    } else {
      const { text, endsLine } = scanPlain(cursor, this.#indent, isInFlow);
      if (endsLine) this.#isSimpleKeyAllowed = true;
      this.#add("plain", line, column, text);
    }
  }

  #fetchEnd(): void {
    this.#cursor.closeLine();
    this.#closeBlocks(-1);
    this.#giveUpKey();
    this.#isSimpleKeyAllowed = false;
    this.#add("stream-end", this.#cursor.line, this.#cursor.column);
    this.#isAtEnd = true;
  }

  #fetchDirective(): void {
    this.#leaveBlocks();
    const { line, column } = this.#cursor;
    const directive = scanDirective(this.#cursor);
    if (directive.name === "YAML") this.#add("version-directive", line, column, directive.version);
    else this.#add("tag-directive", line, column, directive.handle, directive.prefix);
  }

  #fetchIndicator(type: "document-start" | "document-end"): void {
    this.#leaveBlocks();
    this.#take(type, 3);
  }

  #leaveBlocks(): void {
    this.#closeBlocks(-1);
    this.#giveUpKey();
    this.#isSimpleKeyAllowed = false;
  }

  #openFlow(type: "flow-sequence-start" | "flow-mapping-start"): void {
    this.#noteKey();
    if (this.#flowLevel === nestingMax) this.#failTooDeep();
    this.#simpleKeys.push({ ...noSimpleKey, tokenNumber: this.#nextNumber });
    this.#isSimpleKeyAllowed = true;
    this.#take(type);
  }

  #closeFlow(type: "flow-sequence-end" | "flow-mapping-end"): void {
    this.#giveUpKey();
    if (this.#flowLevel > 0) {
      // As yaml.v2 has it: an empty collection is no longer held back to become a key.
      this.#keyLevels.delete(this.#simpleKeys.pop()?.tokenNumber ?? -1);
    }
    this.#isSimpleKeyAllowed = false;
    this.#take(type);
  }

  #fetchBlockEntry(): void {
    if (this.#flowLevel === 0) {
      if (!this.#isSimpleKeyAllowed) {
        this.#cursor.fail("block sequence entries are not allowed in this context");
      }
      this.#openBlockHere("block-sequence-start");
    }
    this.#giveUpKey();
    this.#isSimpleKeyAllowed = true;
    this.#take("block-entry");
  }

  #fetchExplicitKey(): void {
    if (this.#flowLevel === 0) {
      if (!this.#isSimpleKeyAllowed) {
        this.#cursor.fail("mapping keys are not allowed in this context");
      }
      this.#openBlockHere("block-mapping-start");
    }
    this.#giveUpKey();
    this.#isSimpleKeyAllowed = this.#flowLevel === 0;
    this.#take("key");
  }

  #fetchValue(): void {
    const key = this.#simpleKeys[this.#flowLevel] as SimpleKey;
    if (this.#isStillPossible(key)) {
      const at = this.#head + key.tokenNumber - this.#takenCount;
      this.#insert(at, "key", key);
      this.#openBlock("block-mapping-start", key, at);
      this.#forgetKey(key);
      this.#isSimpleKeyAllowed = false;
    } else {
      if (this.#flowLevel === 0) {
        if (!this.#isSimpleKeyAllowed) {
          this.#cursor.fail("mapping values are not allowed in this context");
        }
        this.#openBlockHere("block-mapping-start");
      }
      this.#isSimpleKeyAllowed = this.#flowLevel === 0;
    }
    this.#take("value");
  }

  #openBlockHere(type: "block-sequence-start" | "block-mapping-start"): void {
    const { line, column } = this.#cursor;
    this.#openBlock(type, { line, column }, this.#tokens.length);
  }

  /** Opens a block collection when `place` is further right than the innermost open one. */
  #openBlock(
    type: "block-sequence-start" | "block-mapping-start",
    place: { readonly line: number; readonly column: number },
    at: number,
  ): void {
    if (this.#flowLevel > 0 || this.#indent >= place.column) return;
    if (this.#outerIndents.length === nestingMax) this.#failTooDeep();
    this.#outerIndents.push(this.#indent);
    this.#indent = place.column;
    this.#insert(at, type, place);
  }

  /** Closes the block collections that are further right than `column`. */
  #closeBlocks(column: number): void {
    if (this.#flowLevel > 0) return;
    while (this.#indent > column) {
      this.#add("block-end", this.#cursor.line, this.#cursor.column);
      this.#indent = this.#outerIndents.pop() as number;
    }
  }

  /** What comes next may be a key. */
  #noteKey(): void {
    if (!this.#isSimpleKeyAllowed) return;
    this.#giveUpKey();
    const { at, line, column } = this.#cursor;
    this.#simpleKeys[this.#flowLevel] = {
      isPossible: true,
      isRequired: this.#flowLevel === 0 && this.#indent === column,
      tokenNumber: this.#nextNumber,
      at,
      line,
      column,
    };
    this.#keyLevels.set(this.#nextNumber, this.#flowLevel);
  }

  /** The number of the token that is added next. */
  get #nextNumber(): number {
    return this.#takenCount + this.#tokens.length - this.#head;
  }

  #giveUpKey(): void {
    const key = this.#simpleKeys[this.#flowLevel] as SimpleKey;
    if (!key.isPossible) return;
    if (key.isRequired) this.#cursor.fail("could not find expected ':'");
    this.#forgetKey(key);
  }

  #forgetKey(key: SimpleKey): void {
    key.isPossible = false;
    this.#keyLevels.delete(key.tokenNumber);
  }

  /** Adds the token that the cursor stands on, and passes it. */
  #take(type: TokenType, length = 1): void {
    this.#add(type, this.#cursor.line, this.#cursor.column);
    this.#cursor.at += length;
  }

  #add(type: TokenType, line: number, column: number, text = "", suffix = ""): void {
    this.#tokens.push({ type, line, column, text, suffix });
  }

  #insert(
    at: number,
    type: TokenType,
    { line, column }: { readonly line: number; readonly column: number },
  ): void {
    const place = at < this.#head ? this.#tokens.length : at;
    this.#tokens.splice(place, 0, { type, line, column, text: "", suffix: "" });
  }

  #failTooDeep(): never {
    this.#cursor.fail(`exceeded max depth of ${nestingMax}`);
  }
}

/** Whether an alias, anchor, tag or scalar may begin with `code`. */
function beginsContent(code: number, next: number, isInFlow: boolean): boolean {
  switch (code) {
    case chars.minus:
      return !isBlank(next);
    case chars.question:
    case chars.colon:
      return !isInFlow && !isBlankOrEnd(next);
    case chars.tab:
    case chars.comma:
    case chars.leftBracket:
    case chars.rightBracket:
    case chars.leftBrace:
    case chars.rightBrace:
    case chars.hash:
    case chars.bar:
    case chars.greater:
    case chars.percent:
    case chars.at:
    case chars.backtick:
      return false;
    default:
      return true;
  }
}
