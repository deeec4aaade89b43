import type { ReplyReader } from "../dialect.ts";
import { ErrorReply, type Reply } from "../reply.ts";

/** The longest line: the head of a value, with its key, or an error. */
const lineBytesMax = 2_048;

/** No counter is that long; what else may lie under its key is at most a megabyte unless Memcached was told otherwise. */
const valueBytesMax = 16_777_216;

const lineFeed = 10;
const carriageReturn = 13;
const lineEndBytes = 2;

/**
 * Reads the replies of Memcached's text protocol (doc/protocol.txt of Memcached) to the commands that are sent. Each is one line, but
 * that to `get`:
 *
 *     VALUE <key> <flags> <bytes>\r\n <data>\r\n END\r\n
 *
 * A number is what a counter has now, a text the data or the word that was answered. `undefined`: nothing is under the key.
 */
export class MemcacheReader implements ReplyReader {
  readonly #onReply: (reply: Reply) => void;
  #line = "";
  /** The value under way, with the line end behind it. */
  #data: Buffer | undefined;
  #dataLength = 0;
  /** The value that `END` will deliver. */
  #value: string | undefined;

  constructor(onReply: (reply: Reply) => void) {
    this.#onReply = onReply;
  }

  push(bytes: Buffer, end: number): void {
    let at = 0;
    while (at < end) {
      at = this.#data ? this.#readData(this.#data, bytes, at, end) : this.#readLine(bytes, at, end);
    }
  }

  #readLine(bytes: Buffer, from: number, end: number): number {
    let at = from;
    while (at < end && bytes[at] !== lineFeed) at += 1;
    this.#line += bytes.toString("latin1", from, at);
    if (this.#line.length > lineBytesMax) {
      throw new Error(`Memcached sent a line of more than ${lineBytesMax} bytes`);
    }
    if (at === end) return end;
    const line = this.#line;
    this.#line = "";
    if (line.charCodeAt(line.length - 1) !== carriageReturn) throw malformed();
    this.#endLine(line.slice(0, -1));
    return at + 1;
  }

  #endLine(line: string): void {
    if (line.startsWith("VALUE ") && this.#value === undefined) this.#beginData(line);
    else if (line === "END") this.#deliverValue();
    else if (this.#value !== undefined) throw malformed();
    else this.#onReply(replyOf(line));
  }

  #beginData(line: string): void {
    const length = Number(line.split(" ")[3] ?? Number.NaN);
    if (!Number.isInteger(length) || length < 0) throw malformed();
    if (length > valueBytesMax) {
      throw new Error(`Memcached sent a value of more than ${valueBytesMax} bytes`);
    }
    this.#data = Buffer.allocUnsafe(length + lineEndBytes);
    this.#dataLength = 0;
  }

  #readData(data: Buffer, bytes: Buffer, from: number, end: number): number {
    const to = Math.min(end, from + data.length - this.#dataLength);
    bytes.copy(data, this.#dataLength, from, to);
    this.#dataLength += to - from;
    if (this.#dataLength < data.length) return to;
    const length = data.length - lineEndBytes;
    if (data[length] !== carriageReturn || data[length + 1] !== lineFeed) throw malformed();
    this.#data = undefined;
    this.#value = data.toString("latin1", 0, length);
    return to;
  }

  #deliverValue(): void {
    const value = this.#value;
    this.#value = undefined;
    this.#onReply(value);
  }
}

function replyOf(line: string): Reply {
  if (/^\d{1,20}$/.test(line)) return Number(line);
  if (line === "NOT_FOUND") return undefined;
  if (line === "STORED" || line === "NOT_STORED" || line.startsWith("VERSION ")) return line;
  if (/^(?:ERROR$|CLIENT_ERROR|SERVER_ERROR)/.test(line)) return new ErrorReply(line);
  throw malformed();
}

function malformed(): Error {
  return new Error("Memcached sent something that is not its text protocol");
}
