/**
 * RFC 9113 §4.3 (field section compression) and §6.10 (CONTINUATION): puts the fragments of a header block together and decodes it.
 * A client that sends the same request again and again sends the same block again, byte for byte; as long as no block has changed the
 * dynamic table, that block means the same head as before and is not decoded.
 */

import { copyOf, viewOf } from "./bytes.ts";
import { ConnectionError, ErrorCode } from "./error-codes.ts";
import { type Field, FieldKind } from "./fields.ts";
import { HeaderDecoder } from "./hpack.ts";
import { RequestHead } from "./request-head.ts";
import type { Serving } from "./serving.ts";

/** A longer block is not remembered. */
const knownBytesMax = 1024;
const noView = viewOf(Buffer.alloc(0));

export class HeaderBlocks {
  /** The stream whose block is not complete; 0: none. Until then no other frame may come (§4.3). */
  openStreamId: number = 0;

  readonly #serving: Serving;
  readonly #decoder = new HeaderDecoder();
  /** The fragments of the open block. */
  #fragments: Buffer[] = [];
  #fragmentBytes: number = 0;

  /** The last block that left the table as it was, by words; the table's generation then; and what the block says. */
  #known: DataView = noView;
  #knownGeneration: number = -1;
  #knownHead: RequestHead | undefined;

  constructor(serving: Serving) {
    this.#serving = serving;
  }

  /** Takes a HEADERS frame without END_HEADERS. */
  open(streamId: number, bytes: Buffer, start: number, end: number): void {
    this.openStreamId = streamId;
    this.#keep(bytes, start, end);
  }

  /**
   * Takes a CONTINUATION frame; with `isLast` the whole block is the answer.
   * @throws ConnectionError when the block grows beyond its bounds: it cannot be skipped, the table would be wrong
   */
  continue(bytes: Buffer, start: number, end: number, isLast: boolean): Buffer | undefined {
    this.#keep(bytes, start, end);
    if (!isLast) return undefined;
    const block = Buffer.concat(this.#fragments);
    this.#fragments = [];
    this.#fragmentBytes = 0;
    this.openStreamId = 0;
    return block;
  }

  /**
   * The head that a request's block says.
   * @param view `bytes`, by words
   */
  request(bytes: Buffer, view: DataView, start: number, end: number): RequestHead {
    const known = this.#knownHead;
    if (known !== undefined && this.#isKnown(view, start, end)) return known;
    const generation = this.#decoder.generation;
    const fields: Field[] = [];
    const areAll = this.#decode(bytes, start, end, fields);
    const head = new RequestHead(fields, areAll, this.#serving.methods);
    if (this.#decoder.generation === generation && end - start <= knownBytesMax) {
      this.#known = viewOf(copyOf(bytes, start, end));
      this.#knownGeneration = generation;
      this.#knownHead = head;
    }
    return head;
  }

  /** Decodes a block of trailers; `false`: they are malformed (RFC 9113 §8.1: no pseudo-header fields). */
  trailers(bytes: Buffer, start: number, end: number): boolean {
    const fields: Field[] = [];
    this.#decode(bytes, start, end, fields);
    return fields.every((field) => field.kind >= FieldKind.REGULAR);
  }

  /** Decodes a block that nobody wants, for the sake of the table. */
  skip(bytes: Buffer, start: number, end: number): void {
    this.#decode(bytes, start, end, []);
  }

  #decode(bytes: Buffer, start: number, end: number, fields: Field[]): boolean {
    return this.#decoder.decode(bytes, start, end, fields, this.#serving.limits.headerListBytesMax);
  }

  /** Four bytes at a time: a byte at a time costs an answer to a small call a fifth of its time (bench/h2). */
  #isKnown(view: DataView, start: number, end: number): boolean {
    const known = this.#known;
    const length = known.byteLength;
    if (end - start !== length || this.#decoder.generation !== this.#knownGeneration) return false;
    let at = 0;
    for (; at + 4 <= length; at += 4) {
      if (known.getInt32(at) !== view.getInt32(start + at)) return false;
    }
    for (; at < length; at += 1) {
      if (known.getUint8(at) !== view.getUint8(start + at)) return false;
    }
    return true;
  }

  #keep(bytes: Buffer, start: number, end: number): void {
    const { headerBlockBytesMax, continuationsMax } = this.#serving.limits;
    this.#fragmentBytes += end - start;
    if (this.#fragmentBytes > headerBlockBytesMax || this.#fragments.length > continuationsMax) {
      throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, "header block is too long");
    }
    this.#fragments.push(copyOf(bytes, start, end));
  }
}
