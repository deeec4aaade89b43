import { ErrorReply, type Reply } from "../reply.ts";

/** The longest line: an integer, a length, a simple string or an error. */
const lineBytesMax = 8_192;

/** Bounds of one reply. The largest that is ever asked for is CLUSTER SLOTS, of a cluster whose every slot is a range of its own. */
const stringBytesMax = 16_777_216;
const elementsMax = 1_000_000;
const depthMax = 8;

const carriageReturn = 13;
const lineFeed = 10;
const lineEndBytes = 2;

/** The length of what is null. */
const none = -1;

interface OpenArray {
  readonly elements: Reply[];
  readonly length: number;
}

/** Reads replies out of bytes that come in pieces, split anywhere. */
export class ReplyParser {
  readonly #onReply: (reply: Reply) => void;
  /** The beginning of a line whose end has not come yet. */
  #line: Buffer | undefined;
  #lineLength = 0;
  /** A bulk string under way, with the line end behind it. */
  #bulk: Buffer | undefined;
  #bulkLength = 0;
  /** Arrays under way, the outermost first. */
  readonly #arrays: OpenArray[] = [];
  #stringBytes = 0;
  #elements = 0;

  constructor(onReply: (reply: Reply) => void) {
    this.#onReply = onReply;
  }

  /**
   * Takes `bytes[0, end)`, of which it keeps nothing. After an error it must not be given more.
   *
   * @throws Error when that is not RESP2, or a reply is larger than any that is asked for
   */
  push(bytes: Buffer, end: number): void {
    let at = 0;
    while (at < end) {
      at = this.#bulk ? this.#readBulk(this.#bulk, bytes, at, end) : this.#readLine(bytes, at, end);
    }
  }

  #readLine(bytes: Buffer, from: number, end: number): number {
    let at = from;
    while (at < end && bytes[at] !== lineFeed) at += 1;
    if (at === end || this.#lineLength > 0) this.#keepLine(bytes, from, at);
    if (at === end) return end;
    const length = this.#lineLength;
    this.#lineLength = 0;
    if (length > 0 && this.#line) this.#endLine(this.#line, 0, length);
    else this.#endLine(bytes, from, at);
    return at + 1;
  }

  #keepLine(bytes: Buffer, from: number, to: number): void {
    if (this.#lineLength + to - from > lineBytesMax) throw tooLarge("a line", lineBytesMax);
    this.#line ??= Buffer.allocUnsafeSlow(lineBytesMax);
    bytes.copy(this.#line, this.#lineLength, from, to);
    this.#lineLength += to - from;
  }

  /** `bytes[from, to)` is a line without its line feed. */
  #endLine(bytes: Buffer, from: number, to: number): void {
    if (to - from > lineBytesMax) throw tooLarge("a line", lineBytesMax);
    const last = to - 1;
    if (last <= from || bytes[last] !== carriageReturn) throw malformed();
    switch (bytes[from]) {
      case 0x3a: // :
        this.#deliver(readInteger(bytes, from + 1, last));
        break;
      case 0x24: // $
        this.#beginBulk(readLength(bytes, from + 1, last));
        break;
      case 0x2a: // *
        this.#beginArray(readLength(bytes, from + 1, last));
        break;
      case 0x2b: // +
        this.#deliver(bytes.toString("utf8", from + 1, last));
        break;
      case 0x2d: // -
        this.#deliver(new ErrorReply(bytes.toString("utf8", from + 1, last)));
        break;
      default:
        throw malformed();
    }
  }

  #beginBulk(length: number): void {
    if (length === none) {
      this.#deliver(undefined);
      return;
    }
    this.#stringBytes += length;
    if (this.#stringBytes > stringBytesMax) throw tooLarge("a reply", stringBytesMax);
    this.#bulk = Buffer.allocUnsafe(length + lineEndBytes);
    this.#bulkLength = 0;
  }

  #readBulk(bulk: Buffer, bytes: Buffer, from: number, end: number): number {
    const to = Math.min(end, from + bulk.length - this.#bulkLength);
    bytes.copy(bulk, this.#bulkLength, from, to);
    this.#bulkLength += to - from;
    if (this.#bulkLength < bulk.length) return to;
    const length = bulk.length - lineEndBytes;
    if (bulk[length] !== carriageReturn || bulk[length + 1] !== lineFeed) throw malformed();
    this.#bulk = undefined;
    this.#deliver(bulk.toString("utf8", 0, length));
    return to;
  }

  #beginArray(length: number): void {
    if (length === none || length === 0) {
      this.#deliver(length === none ? undefined : []);
      return;
    }
    this.#elements += length;
    if (this.#elements > elementsMax) {
      throw new Error(`Redis sent a reply of more than ${elementsMax} elements`);
    }
    if (this.#arrays.length === depthMax) {
      throw new Error(`Redis sent a reply of arrays more than ${depthMax} deep`);
    }
    this.#arrays.push({ elements: [], length });
  }

  #deliver(value: Reply): void {
    let reply = value;
    for (;;) {
      const array = this.#arrays.at(-1);
      if (array === undefined) break;
      array.elements.push(reply);
      if (array.elements.length < array.length) return;
      this.#arrays.pop();
      reply = array.elements;
    }
    this.#stringBytes = 0;
    this.#elements = 0;
    this.#onReply(reply);
  }
}

/** A whole number in decimal digits, with or without a sign. 64 bits are nineteen digits. */
function readInteger(bytes: Buffer, from: number, to: number): number {
  const sign = bytes[from];
  const isNegative = sign === 0x2d;
  let at = isNegative || sign === 0x2b ? from + 1 : from;
  if (at === to || to - at > 19) throw malformed();
  let value = 0;
  for (; at < to; at++) {
    const digit = (bytes[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) throw malformed();
    value = value * 10 + digit;
  }
  return isNegative ? -value : value;
}

/** How many bytes or elements follow, or `none`. */
function readLength(bytes: Buffer, from: number, to: number): number {
  const length = readInteger(bytes, from, to);
  if (length < none) throw malformed();
  return length;
}

function malformed(): Error {
  return new Error("Redis sent something that is not RESP2");
}

function tooLarge(what: string, bytesMax: number): Error {
  return new Error(`Redis sent ${what} of more than ${bytesMax} bytes`);
}
