/**
 * The header blocks that this server sends (gRPC over HTTP/2, «Responses»), encoded by RFC 7541 §6. The answer to a call has two:
 * `:status` and `content-type` first, `grpc-status` last. The first answer of a connection puts the latter two into the peer's
 * dynamic table; from then on the blocks of an OK answer are two bytes and one. Everything else is a literal that leaves the table alone.
 */

import { Status } from "../status.ts";
import { encodeMessage } from "./grpc-message.ts";
import { defaultTableBytes } from "./hpack-tables.ts";

/** The longest block that `putHead` or `putOk` writes. */
export const constantBlockBytesMax = 40;
/** An encoded `grpc-message` is cut here: it has to fit into one frame, and into a peer's idea of a header list. */
const messageBytesMax = 4096;
/** The longest block that `putStatus` or `putHttpStatus` writes. */
export const statusBlockBytesMax = messageBytesMax + 128;

// Representations of RFC 7541 §6; names by their index in the static table.
const indexed = 0x80;
const literalIndexed = 0x40;
const literal = 0x00;
const tableSizeUpdate = 0x20;
const status200 = 8;
const allow = 22;
const contentType = 31;
const newName = 0;

const encodings = "identity,deflate,gzip";

/** The newest two indexes of the dynamic table. */
const newest = 62;
const second = 63;
/** What the two fields take there (RFC 7541 §4.1). */
const tableBytesNeeded = 2 * 32 + "content-typeapplication/grpc".length + "grpc-status0".length;

export class ResponseFields {
  /** Where the peer's table has `content-type: application/grpc` and `grpc-status: 0`; 0: nowhere. */
  #contentTypeIndex: number = 0;
  #okIndex: number = 0;
  /** The size that the peer's decoder gives the table. */
  #tableBytes = defaultTableBytes;
  /** The smallest and the latest size that the peer has allowed since the last block; -1: it has said nothing. */
  #smallestBytes: number = -1;
  #latestBytes: number = -1;

  /** The peer's SETTINGS_HEADER_TABLE_SIZE. The next block says what has become of the table (RFC 7541 §4.2). */
  onTableSize(bytesMax: number): void {
    // Two fields have no use for more than a table has at first.
    this.#latestBytes = Math.min(bytesMax, defaultTableBytes);
    this.#smallestBytes =
      this.#smallestBytes < 0
        ? this.#latestBytes
        : Math.min(this.#smallestBytes, this.#latestBytes);
  }

  /** Writes the block that begins an answer at `at`; returns its end. */
  putHead(into: Buffer, at: number): number {
    let to = this.#putTableSize(into, at);
    into[to++] = indexed | status200;
    if (this.#contentTypeIndex > 0) {
      into[to++] = indexed | this.#contentTypeIndex;
      return to;
    }
    if (this.#okIndex === 0 && this.#tableBytes >= tableBytesNeeded) {
      this.#contentTypeIndex = newest;
      to = putInteger(into, to, literalIndexed, 6, contentType);
    } else to = putInteger(into, to, literal, 4, contentType);
    return putString(into, to, "application/grpc");
  }

  /** Writes the trailers of an answer that is OK. */
  putOk(into: Buffer, at: number): number {
    let to = this.#putTableSize(into, at);
    if (this.#okIndex > 0) {
      into[to++] = indexed | this.#okIndex;
      return to;
    }
    if (this.#contentTypeIndex === newest) {
      this.#contentTypeIndex = second;
      this.#okIndex = newest;
      to = putInteger(into, to, literalIndexed, 6, newName);
    } else to = putInteger(into, to, literal, 4, newName);
    return putString(into, putString(into, to, "grpc-status"), "0");
  }

  /** Writes trailers with a status and its message. */
  putStatus(into: Buffer, at: number, status: Status, message: string): number {
    let to = this.#putTableSize(into, at);
    to = putLiteral(into, to, "grpc-status", String(status));
    // What is not implemented may be the compression («Message-Encoding»): the peer learns which ones are.
    if (status === Status.UNIMPLEMENTED)
      to = putLiteral(into, to, "grpc-accept-encoding", encodings);
    if (message === "") return to;
    return putLiteral(into, to, "grpc-message", encodeMessage(message, messageBytesMax));
  }

  /** Writes the block that begins the answer to what is not a gRPC request. */
  putHttpStatus(into: Buffer, at: number, httpStatus: number): number {
    let to = this.#putTableSize(into, at);
    to = putInteger(into, to, literal, 4, status200);
    to = putString(into, to, String(httpStatus));
    to = putInteger(into, to, literal, 4, contentType);
    to = putString(into, to, "text/plain");
    if (httpStatus !== 405) return to;
    return putString(into, putInteger(into, to, literal, 4, allow), "POST");
  }

  /** RFC 7541 §4.2: a block after a change says the smallest size since the last one, then the latest. */
  #putTableSize(into: Buffer, at: number): number {
    if (this.#latestBytes < 0) return at;
    let to = at;
    let bytes = this.#tableBytes;
    if (this.#smallestBytes < tableBytesNeeded) {
      // A table too small for both fields is emptied.
      this.#contentTypeIndex = 0;
      this.#okIndex = 0;
      this.#smallestBytes = 0;
    }
    if (this.#smallestBytes < bytes) {
      bytes = this.#smallestBytes;
      to = putInteger(into, to, tableSizeUpdate, 5, bytes);
    }
    if (this.#latestBytes !== bytes) {
      bytes = this.#latestBytes;
      to = putInteger(into, to, tableSizeUpdate, 5, bytes);
    }
    this.#tableBytes = bytes;
    this.#smallestBytes = -1;
    this.#latestBytes = -1;
    return to;
  }
}

function putLiteral(into: Buffer, at: number, name: string, value: string): number {
  const to = putInteger(into, at, literal, 4, newName);
  return putString(into, putString(into, to, name), value);
}

/** RFC 7541 §5.1: `value` behind the bits of `first`. */
function putInteger(
  into: Buffer,
  at: number,
  first: number,
  prefixBits: number,
  value: number,
): number {
  const max = (1 << prefixBits) - 1;
  if (value < max) {
    into[at] = first | value;
    return at + 1;
  }
  into[at] = first | max;
  let to = at + 1;
  let rest = value - max;
  for (; rest >= 0x80; rest >>>= 7) into[to++] = (rest & 0x7f) | 0x80;
  into[to] = rest;
  return to + 1;
}

/** RFC 7541 §5.2, without Huffman coding: `text` is ASCII. */
function putString(into: Buffer, at: number, text: string): number {
  const to = putInteger(into, at, 0, 7, text.length);
  into.write(text, to, "latin1");
  return to + text.length;
}
