/**
 * gRPC over HTTP/2, «Requests»: brings what arrives on a stream to the handler of its method. A unary request that lies whole in the last
 * DATA frame, as nearly all do, goes to its handler from where it lies.
 */

import type { Encode, StreamHandler } from "../engine.ts";
import { GrpcError, Status } from "../status.ts";
import { type Admission, Share } from "./admission.ts";
import { copyOf, uint8, uint32 } from "./bytes.ts";
import { decompress, MessageBudget, MessageReader, prefixBytes } from "./messages.ts";
import type { Serving } from "./serving.ts";
import type { Stream } from "./stream.ts";

export class Calls {
  readonly #messageBytesMax: number;
  readonly #budget: MessageBudget;
  readonly #admission: Admission;
  readonly #share = new Share();

  constructor({ options, limits, budget, admission }: Serving) {
    const bytesMax = limits.partialMessageBytesMax + options.messageBytesMax;
    this.#messageBytesMax = options.messageBytesMax;
    this.#budget = new MessageBudget(bytesMax, budget);
    this.#admission = admission;
  }

  /** The fields of a gRPC request have arrived. */
  begin(stream: Stream): void {
    const { failure, method } = stream.head;
    if (failure !== undefined) stream.end(failure);
    else if (method?.stream !== undefined) listen(stream, method.stream);
  }

  /** The payload of a DATA frame has arrived, and with `isLast` all of the request. */
  receive(stream: Stream, bytes: Buffer, start: number, end: number, isLast: boolean): void {
    if (stream.hasEnded) return;
    const isUnary = stream.head.method?.stream === undefined;
    if (isLast && isUnary && stream.messages === undefined && this.#isWhole(bytes, start, end)) {
      this.#run(stream, bytes, start + prefixBytes, end);
      return;
    }
    try {
      this.#receiveParts(stream, bytes, start, end);
    } catch (error) {
      stream.end(error);
    }
    if (isLast) this.endRequest(stream);
  }

  /** The request has ended. */
  endRequest(stream: Stream): void {
    if (stream.hasEnded) return;
    if (stream.messages?.isInsideMessage === true) {
      stream.end(new GrpcError(Status.INTERNAL, "the request ends inside a message"));
    } else if (stream.head.method?.stream !== undefined) {
      stream.tell(() => stream.listener?.onHalfClose?.());
    } else if (stream.request === undefined) {
      stream.end(new GrpcError(Status.UNIMPLEMENTED, "a unary request without a message"));
    } else this.#run(stream, stream.request, 0, stream.request.length);
  }

  /** Gives back what a stream has held. */
  release(stream: Stream): void {
    stream.messages?.release();
    if (stream.request !== undefined) this.#budget.giveBack(stream.request.length);
    stream.request = undefined;
  }

  /** Whether `bytes[start, end)` is exactly one uncompressed message, and not too long. */
  #isWhole(bytes: Buffer, start: number, end: number): boolean {
    const length = end - start - prefixBytes;
    return (
      length >= 0 &&
      length <= this.#messageBytesMax &&
      uint8(bytes, start) === 0 &&
      uint32(bytes, start + 1) === length
    );
  }

  #receiveParts(stream: Stream, bytes: Buffer, start: number, end: number): void {
    stream.messages ??= new MessageReader(this.#messageBytesMax, this.#budget);
    const reader = stream.messages;
    reader.feed(bytes, start, end);
    while (!stream.hasEnded && reader.next()) {
      const message = reader.bytes.subarray(reader.start, reader.end);
      this.#deliver(
        stream,
        reader.isCompressed
          ? decompress(message, stream.head.encoding, this.#messageBytesMax)
          : message,
      );
    }
  }

  #deliver(stream: Stream, message: Buffer): void {
    if (stream.head.method?.stream !== undefined) {
      stream.tell(() => stream.listener?.onMessage?.(message));
      return;
    }
    if (stream.request !== undefined) {
      throw new GrpcError(Status.UNIMPLEMENTED, "a unary request with more than one message");
    }
    if (!this.#budget.take(message.length)) {
      throw new GrpcError(Status.RESOURCE_EXHAUSTED, "too many unfinished requests");
    }
    stream.request = copyOf(message, 0, message.length);
  }

  #run(stream: Stream, bytes: Buffer, start: number, end: number): void {
    const { method, timeoutMs } = stream.head;
    stream.isRunning = true;
    try {
      if (method?.direct !== undefined) {
        const isServed =
          method.excess === undefined || this.#admission.admits(this.#share, timeoutMs);
        if (isServed) method.direct(bytes, start, end, stream);
        else method.excess(bytes, start, end, stream, this.#admission.isPressing);
        return;
      }
      const answer = method?.unary?.(bytes.subarray(start, end), stream);
      if (answer instanceof Uint8Array) reply(stream, answer);
      else {
        answer?.then(
          (bytes) => reply(stream, bytes),
          (error: unknown) => stream.fail(error),
        );
      }
    } catch (error) {
      stream.fail(error);
    }
  }
}

function listen(stream: Stream, handler: StreamHandler): void {
  stream.tell(() => {
    stream.listener = handler(stream);
  });
  if (stream.isClosed) stream.tell(() => stream.listener?.onEnd?.());
}

function reply(stream: Stream, answer: Uint8Array): void {
  stream.reply(answer, answer.length, copy);
}

const copy: Encode<Uint8Array> = (message, into, at) => {
  into.set(message, at);
  return at + message.length;
};
