import { Cursor, chars, isBlank, isBlankOrEnd, isBreak } from "./cursor.ts";
import { scanAnchor, scanDirective, scanTag } from "./scan-property.ts";
import { scanBlock, scanPlain, scanQuoted } from "./scan-scalar.ts";
import { SimpleKeys } from "./simple-keys.ts";
import { type Token, TokenQueue, type TokenType } from "./token.ts";

/** Deeper nesting is refused, so that no file can exhaust the stack. Each level of `descriptors` takes two. */
const nestingMax = 256;

/**
 * Cuts a YAML 1.1 text into tokens: indentation becomes the beginning and end of block collections, and a `:` turns what stood
 * before it into a key. No more is read than the next token needs, so that of two mistakes the one is told that yaml.v2 tells.
 */
export class Scanner {
  readonly #cursor: Cursor;
  readonly #queue = new TokenQueue();
  readonly #keys: SimpleKeys;
  #isAtEnd: boolean = false;
  /** The column of the innermost open block collection, -1 outside of any. */
  #indent = -1;
  readonly #outerIndents: number[] = [];
  #isSimpleKeyAllowed: boolean = true;

  constructor(text: string) {
    this.#cursor = new Cursor(text);
    this.#keys = new SimpleKeys(this.#cursor);
  }

  /** The next token, which stays the next. The last one is `stream-end`. */
  peek(): Token {
    const queue = this.#queue;
    while (queue.isEmpty || this.#keys.mayBecomeKey(queue.firstNumber)) {
      if (this.#isAtEnd) break;
      this.#fetch();
    }
    return queue.first as Token;
  }

  /** Leaves the next token behind. */
  skip(): void {
    this.#queue.takeFirst();
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
      if (this.#isInFlow || !this.#isSimpleKeyAllowed) cursor.skipBlanks();
      else cursor.skipSpaces();
      if (cursor.code() === chars.hash) cursor.skipToBreak();
      if (!isBreak(cursor.code())) return;
      cursor.takeBreak();
      if (!this.#isInFlow) this.#isSimpleKeyAllowed = true;
    }
  }

  get #isInFlow(): boolean {
    return this.#keys.flowLevel > 0;
  }

  /** Brackets, commas and the indicators `-`, `?` and `:`. `false`: it is none of them. */
  #fetchStructure(code: number): boolean {
    const isIndicator = this.#isInFlow || isBlankOrEnd(this.#cursor.code(1));
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
        this.#keys.giveUp();
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
    const isInFlow = this.#isInFlow;
    if (!isInFlow && (code === chars.bar || code === chars.greater)) {
      this.#keys.giveUp();
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

  /** What comes next may be a key; it has to be where block keys stand. */
  #noteKey(): void {
    if (!this.#isSimpleKeyAllowed) return;
    const isRequired = !this.#isInFlow && this.#indent === this.#cursor.column;
    this.#keys.note(this.#queue.nextNumber, isRequired);
  }

  #fetchEnd(): void {
    this.#cursor.closeLine();
    this.#leaveBlocks();
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
    this.#keys.giveUp();
    this.#isSimpleKeyAllowed = false;
  }

  #openFlow(type: "flow-sequence-start" | "flow-mapping-start"): void {
    this.#noteKey();
    if (this.#keys.flowLevel === nestingMax) this.#failTooDeep();
    this.#keys.open(this.#queue.nextNumber);
    this.#isSimpleKeyAllowed = true;
    this.#take(type);
  }

  #closeFlow(type: "flow-sequence-end" | "flow-mapping-end"): void {
    this.#keys.giveUp();
    this.#keys.close();
    this.#isSimpleKeyAllowed = false;
    this.#take(type);
  }

  #fetchBlockEntry(): void {
    this.#beginBlock(
      "block-sequence-start",
      "block sequence entries are not allowed in this context",
    );
    this.#keys.giveUp();
    this.#isSimpleKeyAllowed = true;
    this.#take("block-entry");
  }

  #fetchExplicitKey(): void {
    this.#beginBlock("block-mapping-start", "mapping keys are not allowed in this context");
    this.#keys.giveUp();
    this.#isSimpleKeyAllowed = !this.#isInFlow;
    this.#take("key");
  }

  #fetchValue(): void {
    const key = this.#keys.take();
    if (key !== undefined) {
      const { tokenNumber, line, column } = key;
      this.#queue.insert(tokenNumber, { type: "key", line, column, text: "", suffix: "" });
      this.#openBlock("block-mapping-start", key, tokenNumber);
      this.#isSimpleKeyAllowed = false;
    } else {
      this.#beginBlock("block-mapping-start", "mapping values are not allowed in this context");
      this.#isSimpleKeyAllowed = !this.#isInFlow;
    }
    this.#take("value");
  }

  /** An indicator stands here, which in a block has to be where a key could stand. */
  #beginBlock(type: "block-sequence-start" | "block-mapping-start", problem: string): void {
    if (this.#isInFlow) return;
    if (!this.#isSimpleKeyAllowed) this.#cursor.fail(problem);
    const { line, column } = this.#cursor;
    this.#openBlock(type, { line, column }, this.#queue.nextNumber);
  }

  /** Opens a block collection when `place` is further right than the innermost open one. */
  #openBlock(
    type: "block-sequence-start" | "block-mapping-start",
    { line, column }: { readonly line: number; readonly column: number },
    tokenNumber: number,
  ): void {
    if (this.#isInFlow || this.#indent >= column) return;
    if (this.#outerIndents.length === nestingMax) this.#failTooDeep();
    this.#outerIndents.push(this.#indent);
    this.#indent = column;
    this.#queue.insert(tokenNumber, { type, line, column, text: "", suffix: "" });
  }

  /** Closes the block collections that are further right than `column`. */
  #closeBlocks(column: number): void {
    if (this.#isInFlow) return;
    while (this.#indent > column) {
      this.#add("block-end", this.#cursor.line, this.#cursor.column);
      this.#indent = this.#outerIndents.pop() as number;
    }
  }

  /** Adds the token that the cursor stands on, and passes it. */
  #take(type: TokenType, length = 1): void {
    this.#add(type, this.#cursor.line, this.#cursor.column);
    this.#cursor.at += length;
  }

  #add(type: TokenType, line: number, column: number, text = "", suffix = ""): void {
    this.#queue.add({ type, line, column, text, suffix });
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
    default:
      return !neverBegins.has(code);
  }
}

/** Indicators of something else, and those that YAML reserves. */
const neverBegins: ReadonlySet<number> = new Set([
  chars.tab,
  chars.comma,
  chars.leftBracket,
  chars.rightBracket,
  chars.leftBrace,
  chars.rightBrace,
  chars.hash,
  chars.bar,
  chars.greater,
  chars.percent,
  chars.at,
  chars.backtick,
]);
