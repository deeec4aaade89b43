/**
 * RFC 9113 §5.2 and §6.9 from the sender's side, and gRPC over HTTP/2, «Responses»: writes answers into the connection's output as far
 * as the peer's windows let them, and the rest when they do. The one message of a unary answer is encoded where it goes.
 */

import { invariant } from "../../invariant.ts";
import type { Encode } from "../engine.ts";
import { Status } from "../status.ts";
import { putUint32 } from "./bytes.ts";
import { SendWindow } from "./flow-control.ts";
import {
  defaultFrameBytesMax,
  Flag,
  FrameType,
  frameHeaderBytes,
  putFrameHeader,
} from "./frames.ts";
import { prefixBytes } from "./messages.ts";
import type { Output } from "./output.ts";
import { constantBlockBytesMax, ResponseFields, statusBlockBytesMax } from "./response-fields.ts";
import type { Stream } from "./stream.ts";

/** What of a stream's output has not been sent. */
export interface Unsent {
  /** Payload of DATA frames. */
  readonly parts: Buffer[];
  /** Bytes of the first part that have been sent. */
  sentBytes: number;
  /** What follows the parts; `undefined`: not known yet. `"data"`: nothing, END_STREAM is on the last DATA frame. */
  end: { readonly status: Status; readonly message: string } | "data" | undefined;
}

/** What the sender asks of its connection. */
export interface SenderOwner {
  /** END_STREAM has been written. */
  onLocalClosed(stream: Stream): void;
  /** The peer does not read what is written: nothing but the ends of calls may be added. */
  readonly isCongested: boolean;
  report(error: unknown, path: string): void;
}

/** A DATA frame is never longer, whatever the peer allows: streams share the connection evenly. */
const dataBytesMax = defaultFrameBytesMax;
/** What a whole unary answer takes besides its message. */
const answerOverhead = 3 * frameHeaderBytes + 2 * constantBlockBytesMax + prefixBytes;

export class Sender {
  readonly window = new SendWindow();
  readonly fields = new ResponseFields();

  readonly #output: Output;
  readonly #owner: SenderOwner;
  /** Streams with unsent output, the one whose turn is next first. */
  readonly #blocked = new Set<Stream>();

  constructor(output: Output, owner: SenderOwner) {
    this.#output = output;
    this.#owner = owner;
  }

  /** Sends the one message of a call, of at most `bytesMax` bytes, and status OK. */
  answer<T>(stream: Stream, value: T, bytesMax: number, encode: Encode<T>): void {
    const dataMax = bytesMax + prefixBytes;
    const fits =
      dataMax <= stream.sendWindow && dataMax <= this.window.bytes && dataMax <= dataBytesMax;
    if (!fits) {
      this.#answerInParts(stream, value, bytesMax, encode);
      return;
    }
    const output = this.#output;
    output.reserve(bytesMax + answerOverhead);
    this.#putHead(stream);
    const { bytes, end: frameStart } = output;
    const dataStart = frameStart + frameHeaderBytes;
    const messageStart = dataStart + prefixBytes;
    let messageEnd: number;
    try {
      messageEnd = encode(value, bytes, messageStart);
      invariant(messageEnd - messageStart <= bytesMax, "an answer is longer than announced");
    } catch (error) {
      this.#fail(stream, error);
      return;
    }
    const dataBytes = messageEnd - dataStart;
    putFrameHeader(bytes, frameStart, dataBytes, FrameType.DATA, 0, stream.id);
    bytes[dataStart] = 0;
    putUint32(bytes, dataStart + 1, messageEnd - messageStart);
    stream.sendWindow -= dataBytes;
    this.window.bytes -= dataBytes;
    output.end = messageEnd;
    this.#putStatus(stream, Status.OK, "");
  }

  /** Sends one message of a stream; `false`: it waits, and so should the handler. */
  write(stream: Stream, message: Uint8Array): boolean {
    this.#putHead(stream);
    this.#queue(stream).parts.push(frameMessage(message));
    return this.#send(stream);
  }

  /** Ends a call behind what has been written. */
  finish(stream: Stream, status: Status, message: string): void {
    if (stream.unsent === undefined) this.#putStatus(stream, status, message);
    else stream.unsent.end = { status, message };
  }

  /** Answers what is not a gRPC request, with the reason as a text for people. */
  respond(stream: Stream, httpStatus: number, text: string): void {
    const output = this.#output;
    output.reserve(frameHeaderBytes + statusBlockBytesMax);
    const start = output.end + frameHeaderBytes;
    const end = this.fields.putHttpStatus(output.bytes, start, httpStatus);
    if (stream.head.isHead) {
      this.#putHeadersFrame(stream, end, Flag.END_HEADERS | Flag.END_STREAM);
      this.#owner.onLocalClosed(stream);
      return;
    }
    this.#putHeadersFrame(stream, end, Flag.END_HEADERS);
    const unsent = this.#queue(stream);
    unsent.parts.push(Buffer.from(text));
    unsent.end = "data";
    this.#send(stream);
  }

  /** The peer can take more: of the connection, of every stream, or of the socket. */
  resume(): void {
    for (const stream of [...this.#blocked]) this.resumeStream(stream);
  }

  /** The peer can take more of this stream. */
  resumeStream(stream: Stream): void {
    if (!this.#blocked.has(stream) || !this.#send(stream)) return;
    this.#blocked.delete(stream);
    if (!stream.awaitsDrain || stream.hasEnded) return;
    stream.awaitsDrain = false;
    stream.tell(() => stream.listener?.onDrain?.());
  }

  /** Drops what a closed stream has not sent. */
  forget(stream: Stream): void {
    stream.unsent = undefined;
    this.#blocked.delete(stream);
  }

  #queue(stream: Stream): Unsent {
    stream.unsent ??= { parts: [], sentBytes: 0, end: undefined };
    return stream.unsent;
  }

  /** Sends what the windows and the socket allow; `false`: the stream now waits for them. */
  #send(stream: Stream): boolean {
    const { unsent } = stream;
    let hasSent = false;
    for (let part = unsent?.parts[0]; unsent !== undefined && part !== undefined; ) {
      const left = part.length - unsent.sentBytes;
      const count = Math.min(left, stream.sendWindow, this.window.bytes, dataBytesMax);
      if (count <= 0 || this.#owner.isCongested) return this.#wait(stream, hasSent);
      const isEnd = unsent.end === "data" && count === left && unsent.parts.length === 1;
      this.#putData(stream, part.subarray(unsent.sentBytes, unsent.sentBytes + count), isEnd);
      hasSent = true;
      unsent.sentBytes += count;
      if (count < left) continue;
      unsent.sentBytes = 0;
      unsent.parts.shift();
      part = unsent.parts[0];
    }
    stream.unsent = undefined;
    if (unsent?.end === undefined) return !this.#owner.isCongested || this.#wait(stream, hasSent);
    if (unsent.end === "data") this.#owner.onLocalClosed(stream);
    else this.#putStatus(stream, unsent.end.status, unsent.end.message);
    return true;
  }

  /** One that has had its turn goes behind the others that wait: none takes the connection's window for itself. */
  #wait(stream: Stream, hasSent: boolean): false {
    if (hasSent) this.#blocked.delete(stream);
    this.#blocked.add(stream);
    return false;
  }

  /** An answer that no single frame can carry now. */
  #answerInParts<T>(stream: Stream, value: T, bytesMax: number, encode: Encode<T>): void {
    const bytes = Buffer.allocUnsafe(prefixBytes + bytesMax);
    let end: number;
    try {
      end = encode(value, bytes, prefixBytes);
      invariant(end <= bytes.length, "an answer is longer than announced");
    } catch (error) {
      this.#fail(stream, error);
      return;
    }
    bytes[0] = 0;
    putUint32(bytes, 1, end - prefixBytes);
    this.#putHead(stream);
    const unsent = this.#queue(stream);
    unsent.parts.push(bytes.subarray(0, end));
    unsent.end = { status: Status.OK, message: "" };
    this.#send(stream);
  }

  #fail(stream: Stream, error: unknown): void {
    this.#owner.report(error, stream.path);
    this.#putStatus(stream, Status.INTERNAL, "");
  }

  /** The HEADERS frame that begins an answer, unless it has been sent. */
  #putHead(stream: Stream): void {
    if (stream.hasHead) return;
    stream.hasHead = true;
    const output = this.#output;
    output.reserve(frameHeaderBytes + constantBlockBytesMax);
    const end = this.fields.putHead(output.bytes, output.end + frameHeaderBytes);
    this.#putHeadersFrame(stream, end, Flag.END_HEADERS);
  }

  #putData(stream: Stream, payload: Buffer, isEnd: boolean): void {
    const output = this.#output;
    output.reserve(frameHeaderBytes + payload.length);
    const flags = isEnd ? Flag.END_STREAM : 0;
    putFrameHeader(output.bytes, output.end, payload.length, FrameType.DATA, flags, stream.id);
    output.bytes.set(payload, output.end + frameHeaderBytes);
    output.end += frameHeaderBytes + payload.length;
    stream.sendWindow -= payload.length;
    this.window.bytes -= payload.length;
  }

  /** The trailers; without a head before them they are the whole answer («Trailers-Only»). */
  #putStatus(stream: Stream, status: Status, message: string): void {
    const output = this.#output;
    output.reserve(frameHeaderBytes + constantBlockBytesMax + statusBlockBytesMax);
    let end = output.end + frameHeaderBytes;
    if (!stream.hasHead) end = this.fields.putHead(output.bytes, end);
    end =
      status === Status.OK
        ? this.fields.putOk(output.bytes, end)
        : this.fields.putStatus(output.bytes, end, status, message);
    this.#putHeadersFrame(stream, end, Flag.END_HEADERS | Flag.END_STREAM);
    this.#owner.onLocalClosed(stream);
  }

  /** Puts the header in front of a block that has been written behind it, up to `blockEnd`. */
  #putHeadersFrame(stream: Stream, blockEnd: number, flags: number): void {
    const output = this.#output;
    const length = blockEnd - output.end - frameHeaderBytes;
    putFrameHeader(output.bytes, output.end, length, FrameType.HEADERS, flags, stream.id);
    output.end = blockEnd;
  }
}

function frameMessage(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(prefixBytes + message.length);
  framed[0] = 0;
  putUint32(framed, 1, message.length);
  framed.set(message, prefixBytes);
  return framed;
}
