/** What a server says on one connection, read frame by frame. */

import { ConnectionError, ErrorCode } from "../../../src/grpc/h2/error-codes.ts";
import type { Field } from "../../../src/grpc/h2/fields.ts";
import { Flag, FrameType } from "../../../src/grpc/h2/frames.ts";
import { HeaderDecoder } from "../../../src/grpc/h2/hpack.ts";

export interface SeenFrame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

/** The answer on one stream so far. */
export interface Answer {
  /** Response headers and trailers as one. */
  readonly fields: Record<string, string>;
  /** The payload of its DATA frames, as it was cut. */
  readonly parts: Buffer[];
  /** END_STREAM has come. */
  isComplete: boolean;
  /** The error code of its RST_STREAM. */
  resetCode: number | undefined;
}

export class Answers {
  /** Every frame, in order. */
  readonly frames: SeenFrame[] = [];
  readonly #answers = new Map<number, Answer>();
  readonly #decoder = new HeaderDecoder();
  #rest: Buffer = Buffer.alloc(0);

  take(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= 9) {
      const length = this.#rest.readUIntBE(0, 3);
      if (this.#rest.length < 9 + length) return;
      this.#takeFrame({
        type: this.#rest.readUInt8(3),
        flags: this.#rest.readUInt8(4),
        streamId: this.#rest.readUInt32BE(5),
        payload: Buffer.from(this.#rest.subarray(9, 9 + length)),
      });
      this.#rest = this.#rest.subarray(9 + length);
    }
  }

  on(streamId: number): Answer {
    const known = this.#answers.get(streamId);
    if (known !== undefined) return known;
    const fresh: Answer = { fields: {}, parts: [], isComplete: false, resetCode: undefined };
    this.#answers.set(streamId, fresh);
    return fresh;
  }

  /** The body of an answer. */
  body(streamId: number): Buffer {
    return Buffer.concat(this.on(streamId).parts);
  }

  /** How many frames there were of a type, with these flags, on this stream. */
  count(type: number, flags: number = 0, streamId: number = 0): number {
    return this.frames.filter(
      (seen) => seen.type === type && seen.flags === flags && seen.streamId === streamId,
    ).length;
  }

  /** Error codes of the GOAWAY frames, and the last streams that they named. */
  get goAways(): { readonly lastStreamId: number; readonly code: number; readonly text: string }[] {
    return this.frames
      .filter(({ type }) => type === FrameType.GOAWAY)
      .map(({ payload }) => ({
        lastStreamId: payload.readUInt32BE(0),
        code: payload.readUInt32BE(4),
        text: payload.toString("utf8", 8),
      }));
  }

  #takeFrame(seen: SeenFrame): void {
    this.frames.push(seen);
    const { type, flags, streamId, payload } = seen;
    const answer = this.on(streamId);
    if (type === FrameType.RST_STREAM) answer.resetCode = payload.readUInt32BE(0);
    if (type === FrameType.DATA) answer.parts.push(payload);
    if (type === FrameType.HEADERS) this.#takeFields(answer, payload);
    if (type === FrameType.DATA || type === FrameType.HEADERS) {
      answer.isComplete ||= (flags & Flag.END_STREAM) !== 0;
    }
  }

  #takeFields(answer: Answer, payload: Buffer): void {
    const fields: Field[] = [];
    if (!this.#decoder.decode(payload, 0, payload.length, fields, 65_536)) {
      throw new ConnectionError(
        ErrorCode.COMPRESSION_ERROR,
        "the fields of an answer are too long",
      );
    }
    for (const { name, value } of fields) answer.fields[name] = value;
  }
}
