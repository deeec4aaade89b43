/**
 * RFC 7541 §3 (decoding a header block), §5.1 (integers), §5.2 (string literals) and §6 (the representations of a field). Decoding only:
 * what this server sends is constant and lies in `response-fields.ts`.
 */

import { copyOf, uint8 } from "./bytes.ts";
import { ConnectionError, ErrorCode } from "./error-codes.ts";
import { Field } from "./fields.ts";
import { DynamicTable } from "./hpack-tables.ts";
import { decodeHuffman } from "./huffman.ts";

/** Where Huffman-coded strings are decoded to; the engine decodes one string at a time. Grows to the longest header block. */
let scratch = Buffer.allocUnsafeSlow(4096);
const noBytes = Buffer.alloc(0);
/** A longer literal is not remembered: a path of gRPC is shorter, and nobody shall have much kept. */
const asideBytesMax = 256;

export class HeaderDecoder {
  /** How often a block has changed the table. While it stays, equal blocks mean equal fields. */
  generation: number = 0;

  readonly #table = new DynamicTable();
  #lastAside: Field | undefined;
  #lastAsideBytes: Buffer = noBytes;
  #block: Buffer = noBytes;
  #at: number = 0;
  #end: number = 0;

  /**
   * Decodes the whole header block `block[start, end)` and appends its fields to `fields`, up to `bytesMax` bytes of them by the
   * measure of §4.1; the rest only brings the table up to date.
   * @returns whether all fields are there
   * @throws ConnectionError (COMPRESSION_ERROR)
   */
  decode(block: Buffer, start: number, end: number, fields: Field[], bytesMax: number): boolean {
    this.#block = block;
    this.#at = start;
    this.#end = end;
    let bytesLeft = bytesMax;
    // §4.2: the size of the table changes before the first field only.
    let mayResize = true;
    while (this.#at < end) {
      const first = uint8(block, this.#at);
      let field: Field;
      if ((first & 0x80) !== 0) field = this.#table.at(this.#integer(7));
      else if ((first & 0x40) !== 0) {
        field = this.#literal(6);
        this.#table.add(field);
        this.generation += 1;
      } else if ((first & 0x20) !== 0) {
        if (!mayResize) fail("dynamic table size update after a field");
        this.#table.resize(this.#integer(5));
        this.generation += 1;
        continue;
      } else field = this.#literalAside(first);
      mayResize = false;
      bytesLeft -= field.size;
      if (bytesLeft >= 0) fields.push(field);
    }
    // An idle connection keeps no chunk alive.
    this.#block = noBytes;
    return bytesLeft >= 0;
  }

  /** §6.2: a name by its index or as a string, then a value. */
  #literal(prefixBits: number): Field {
    const index = this.#integer(prefixBits);
    return index === 0
      ? new Field(this.#string(), this.#string())
      : this.#table.at(index).with(this.#string());
  }

  /**
   * §6.2.2, §6.2.3: a literal that leaves the table alone. Clients send the path like that, with every request; when its name is one
   * of the static table's, the same bytes mean the same field again.
   */
  #literalAside(first: number): Field {
    const nameIndex = first & 0xf;
    if (nameIndex === 0 || nameIndex === 15) return this.#literal(4);
    const start = this.#at;
    if (this.#lastAside !== undefined && this.#isLastAside()) {
      this.#at += this.#lastAsideBytes.length;
      return this.#lastAside;
    }
    const field = this.#literal(4);
    if (this.#at - start <= asideBytesMax) {
      this.#lastAside = field;
      this.#lastAsideBytes = copyOf(this.#block, start, this.#at);
    }
    return field;
  }

  #isLastAside(): boolean {
    const { length } = this.#lastAsideBytes;
    if (this.#at + length > this.#end) return false;
    for (let at = 0; at < length; at += 1) {
      if (this.#block[this.#at + at] !== this.#lastAsideBytes[at]) return false;
    }
    return true;
  }

  /** §5.1. Nothing in HPACK needs more than 28 bits behind the prefix here; a longer integer is refused (§7.4). */
  #integer(prefixBits: number): number {
    const max = (1 << prefixBits) - 1;
    let value = uint8(this.#block, this.#at++) & max;
    if (value < max) return value;
    for (let shift = 0; shift <= 21; shift += 7) {
      if (this.#at >= this.#end) fail("header block ends inside an integer");
      const byte = uint8(this.#block, this.#at++);
      value += (byte & 0x7f) << shift;
      if ((byte & 0x80) === 0) return value;
    }
    return fail("integer is too long");
  }

  /** §5.2. */
  #string(): string {
    if (this.#at >= this.#end) fail("header block ends before a string");
    const isHuffman = (uint8(this.#block, this.#at) & 0x80) !== 0;
    const length = this.#integer(7);
    const start = this.#at;
    const end = start + length;
    if (end > this.#end) fail("header block ends inside a string");
    this.#at = end;
    if (!isHuffman) return this.#block.toString("latin1", start, end);
    if (length * 2 > scratch.length) scratch = Buffer.allocUnsafeSlow(length * 2);
    const decodedEnd = decodeHuffman(this.#block, start, end, scratch, 0);
    if (decodedEnd < 0) fail("string is not Huffman-coded");
    return scratch.toString("latin1", 0, decodedEnd);
  }
}

function fail(message: string): never {
  throw new ConnectionError(ErrorCode.COMPRESSION_ERROR, message);
}
