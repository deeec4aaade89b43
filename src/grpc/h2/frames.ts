/**
 * RFC 9113 §4.1 (frame format), §4.2 (frame size) and the constants of §6. `FrameReader` finds the frames in the chunks that a
 * socket gives. A frame that lies in one chunk is read where it lies; only one that is split over chunks is copied, and never more of
 * it is held than has arrived.
 */

import { putUint24, putUint32, uint8, uint24, uint31, viewOf } from "./bytes.ts";
import { ConnectionError, ErrorCode } from "./error-codes.ts";

export const FrameType = {
  DATA: 0x0,
  HEADERS: 0x1,
  PRIORITY: 0x2,
  RST_STREAM: 0x3,
  SETTINGS: 0x4,
  PUSH_PROMISE: 0x5,
  PING: 0x6,
  GOAWAY: 0x7,
  WINDOW_UPDATE: 0x8,
  CONTINUATION: 0x9,
} as const;

export const Flag = {
  ACK: 0x1,
  END_STREAM: 0x1,
  END_HEADERS: 0x4,
  PADDED: 0x8,
  PRIORITY: 0x20,
} as const;

/** Every frame begins with this many bytes. */
export const frameHeaderBytes = 9;

/** SETTINGS_MAX_FRAME_SIZE as it is before any setting, and the one that this server keeps for what it receives. */
export const defaultFrameBytesMax = 16_384;

export function putFrameHeader(
  into: Uint8Array,
  at: number,
  length: number,
  type: number,
  flags: number,
  streamId: number,
): void {
  putUint24(into, at, length);
  into[at + 3] = type;
  into[at + 4] = flags;
  putUint32(into, at + 5, streamId);
}

const noBytes = Buffer.alloc(0);

/** The frames of a connection, one at a time: `feed` a chunk, then read the fields after each `next` that answers true. */
export class FrameReader {
  /** The current frame: its payload is `bytes[start, end)`, valid until the next call of `next`. */
  bytes: Buffer = noBytes;
  start: number = 0;
  end: number = 0;
  type: number = 0;
  flags: number = 0;
  streamId: number = 0;

  #view: DataView | undefined;
  #chunk: Buffer = noBytes;
  #at: number = 0;
  /** The beginning of a frame whose rest has not arrived: `#split[0, #splitBytes)`. */
  #split: Buffer | undefined;
  #splitBytes: number = 0;

  /** `bytes` by words. */
  get view(): DataView {
    this.#view ??= viewOf(this.bytes);
    return this.#view;
  }

  /** Takes a chunk; the one before must have been read to its end. `from` skips what has been read of it otherwise. */
  feed(chunk: Buffer, from: number): void {
    this.#chunk = chunk;
    this.#at = from;
  }

  /**
   * Moves to the next whole frame; `false`: the rest of it has still to arrive.
   * @throws ConnectionError as soon as the header announces a frame longer than we allow (§4.2)
   */
  next(): boolean {
    if (this.#split !== undefined) return this.#nextSplit() || this.#endChunk();
    const left = this.#chunk.length - this.#at;
    if (left >= frameHeaderBytes) {
      const frameBytes = frameHeaderBytes + this.#readHeader(this.#chunk, this.#at);
      if (left >= frameBytes) {
        if (this.bytes !== this.#chunk) {
          this.bytes = this.#chunk;
          this.#view = undefined;
        }
        this.start = this.#at + frameHeaderBytes;
        this.#at += frameBytes;
        this.end = this.#at;
        return true;
      }
    }
    if (left > 0) this.#hold(left);
    return this.#endChunk();
  }

  /** §6.1, §6.2: takes the padding off the current frame, which is of a type that may have it. */
  stripPadding(): void {
    if ((this.flags & Flag.PADDED) === 0) return;
    const padding = this.start < this.end ? uint8(this.bytes, this.start) + 1 : 1;
    if (padding > this.end - this.start) {
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, "padding is longer than its frame");
    }
    this.start += 1;
    this.end -= padding - 1;
  }

  /** Reads the header at `at` and answers the length of the payload. */
  #readHeader(bytes: Buffer, at: number): number {
    const length = uint24(bytes, at);
    if (length > defaultFrameBytesMax) {
      throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, "frame is longer than 16384 bytes");
    }
    this.type = uint8(bytes, at + 3);
    this.flags = uint8(bytes, at + 4);
    this.streamId = uint31(bytes, at + 5);
    return length;
  }

  /** The chunk is read to its end: nothing keeps it alive while the connection is idle. */
  #endChunk(): false {
    this.#chunk = noBytes;
    this.bytes = noBytes;
    this.#view = undefined;
    this.#at = 0;
    return false;
  }

  #nextSplit(): boolean {
    if (!this.#fill(frameHeaderBytes)) return false;
    const frameBytes = frameHeaderBytes + this.#readHeader(this.#split ?? noBytes, 0);
    if (!this.#fill(frameBytes)) return false;
    this.#view = undefined;
    this.bytes = this.#split ?? noBytes;
    this.start = frameHeaderBytes;
    this.end = frameBytes;
    this.#split = undefined;
    this.#splitBytes = 0;
    return true;
  }

  /** Takes from the chunk until `bytesWanted` of the split frame are held. */
  #fill(bytesWanted: number): boolean {
    const missing = bytesWanted - this.#splitBytes;
    if (missing <= 0) return true;
    const left = this.#chunk.length - this.#at;
    if (left > 0) this.#hold(Math.min(missing, left));
    return this.#splitBytes >= bytesWanted;
  }

  #hold(count: number): void {
    const wanted = this.#splitBytes + count;
    if (this.#split === undefined || this.#split.length < wanted) {
      // Doubling keeps the copying linear for a peer that sends a frame byte by byte, and bounded by what it has sent.
      const larger = Buffer.allocUnsafeSlow(Math.max(wanted, 2 * this.#splitBytes, 64));
      this.#split?.copy(larger, 0, 0, this.#splitBytes);
      this.#split = larger;
    }
    this.#chunk.copy(this.#split, this.#splitBytes, this.#at, this.#at + count);
    this.#splitBytes = wanted;
    this.#at += count;
  }
}
