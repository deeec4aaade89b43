/**
 * gRPC over HTTP/2, «Length-Prefixed-Message»: finds the messages in the DATA of a stream. One that arrives whole is read where it
 * lies; the parts of another are gathered, and never more is held than has arrived and the connection's budget allows.
 */

import { gunzipSync, inflateSync } from "node:zlib";
import { GrpcError, Status } from "../status.ts";
import { uint8, uint32 } from "./bytes.ts";

/** The flag and the length in front of a message. */
export const prefixBytes = 5;

const noBytes = Buffer.alloc(0);

/** What messages that have not arrived whole may take together, of a connection or of a server. */
export class MessageBudget {
  #bytesLeft: number;
  readonly #whole: MessageBudget | undefined;

  /** @param whole the budget that this one is a part of */
  constructor(bytesMax: number, whole?: MessageBudget) {
    this.#bytesLeft = bytesMax;
    this.#whole = whole;
  }

  take(bytes: number): boolean {
    if (bytes > this.#bytesLeft || this.#whole?.take(bytes) === false) return false;
    this.#bytesLeft -= bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#bytesLeft += bytes;
    this.#whole?.giveBack(bytes);
  }
}

export class MessageReader {
  /** The current message is `bytes[start, end)`, valid until the next call of `next`. */
  bytes: Buffer = noBytes;
  start: number = 0;
  end: number = 0;
  isCompressed: boolean = false;

  readonly #bytesMax: number;
  readonly #budget: MessageBudget;
  #data: Buffer = noBytes;
  #at: number = 0;
  #dataEnd: number = 0;
  /** The beginning of a message and its prefix: `#partial[0, #held)`; of `#partial.length` the budget knows. */
  #partial: Buffer = noBytes;
  #held: number = 0;

  constructor(bytesMax: number, budget: MessageBudget) {
    this.#bytesMax = bytesMax;
    this.#budget = budget;
  }

  /** Whether the beginning of a message is held. */
  get isInsideMessage(): boolean {
    return this.#held > 0;
  }

  /** Takes the payload of a DATA frame; the one before must have been read to its end. */
  feed(data: Buffer, start: number, end: number): void {
    this.#data = data;
    this.#at = start;
    this.#dataEnd = end;
  }

  /**
   * Moves to the next whole message; `false`: the rest of it has still to arrive.
   * @throws GrpcError when a message is too long, or has been announced so
   */
  next(): boolean {
    if (this.#held > 0) return this.#nextPartial();
    const left = this.#dataEnd - this.#at;
    let wholeBytes = prefixBytes;
    if (left >= prefixBytes) {
      wholeBytes += this.#readPrefix(this.#data, this.#at);
      if (left >= wholeBytes) {
        this.bytes = this.#data;
        this.start = this.#at + prefixBytes;
        this.#at += wholeBytes;
        this.end = this.#at;
        return true;
      }
    }
    if (left > 0) this.#hold(left, wholeBytes);
    this.#data = noBytes;
    this.bytes = noBytes;
    return false;
  }

  /** Forgets what is held, and gives it back to the budget. */
  release(): void {
    this.#budget.giveBack(this.#partial.length);
    this.#partial = noBytes;
    this.#held = 0;
    this.#data = noBytes;
    this.bytes = noBytes;
    this.#at = 0;
    this.#dataEnd = 0;
  }

  #readPrefix(bytes: Buffer, at: number): number {
    const flag = uint8(bytes, at);
    if (flag > 1) throw new GrpcError(Status.INTERNAL, "a message's compressed flag is not 0 or 1");
    this.isCompressed = flag === 1;
    const length = uint32(bytes, at + 1);
    if (length > this.#bytesMax) throw tooLong(length, this.#bytesMax);
    return length;
  }

  #nextPartial(): boolean {
    if (!this.#fill(prefixBytes)) return false;
    const wholeBytes = prefixBytes + this.#readPrefix(this.#partial, 0);
    if (!this.#fill(wholeBytes)) return false;
    this.bytes = this.#partial;
    this.start = prefixBytes;
    this.end = wholeBytes;
    this.#budget.giveBack(this.#partial.length);
    this.#partial = noBytes;
    this.#held = 0;
    return true;
  }

  #fill(bytesWanted: number): boolean {
    const missing = bytesWanted - this.#held;
    if (missing <= 0) return true;
    const left = this.#dataEnd - this.#at;
    if (left > 0) this.#hold(Math.min(missing, left), bytesWanted);
    return this.#held >= bytesWanted;
  }

  /** Holds the next `count` bytes, of a beginning that is known to go on to `wholeBytes`. */
  #hold(count: number, wholeBytes: number): void {
    const wanted = this.#held + count;
    if (this.#partial.length < wanted) {
      this.#grow(Math.min(Math.max(wanted, 2 * this.#held, 64), wholeBytes));
    }
    this.#data.copy(this.#partial, this.#held, this.#at, this.#at + count);
    this.#held = wanted;
    this.#at += count;
  }

  #grow(bytes: number): void {
    if (!this.#budget.take(bytes - this.#partial.length)) {
      throw new GrpcError(Status.RESOURCE_EXHAUSTED, "too many bytes of unfinished messages");
    }
    const larger = Buffer.allocUnsafeSlow(bytes);
    this.#partial.copy(larger, 0, 0, this.#held);
    this.#partial = larger;
  }
}

/**
 * The content of a compressed message.
 * @param bytesMax the longest content
 * @throws GrpcError when the encoding is not known, the bytes are not of it, or the content is too long
 */
export function decompress(message: Uint8Array, encoding: string, bytesMax: number): Buffer {
  const limits = { maxOutputLength: Math.max(1, bytesMax) };
  try {
    if (encoding === "gzip") return gunzipSync(message, limits);
    if (encoding === "deflate") return inflateSync(message, limits);
  } catch (error) {
    throw isTooLarge(error) ? tooLong(undefined, bytesMax) : notOf(encoding, error);
  }
  if (encoding === "identity") {
    throw new GrpcError(Status.INTERNAL, "a message is compressed without grpc-encoding");
  }
  throw new GrpcError(Status.UNIMPLEMENTED, "grpc-encoding is not identity, gzip or deflate");
}

/** Node's word for output beyond `maxOutputLength`. */
function isTooLarge(error: unknown): boolean {
  return (
    typeof error === "object" &&
    error !== null &&
    "code" in error &&
    error.code === "ERR_BUFFER_TOO_LARGE"
  );
}

function notOf(encoding: string, cause: unknown): GrpcError {
  return new GrpcError(Status.INTERNAL, `a message is not ${encoding}`, { cause });
}

function tooLong(length: number | undefined, bytesMax: number): GrpcError {
  const what = length === undefined ? "a message's content" : `a message of ${length} bytes`;
  return new GrpcError(Status.RESOURCE_EXHAUSTED, `${what} is longer than ${bytesMax} bytes`);
}
