/**
 * RFC 9113 §5.1 (the transitions between stream states), §5.1.2 (concurrency), §5.4.2 (stream errors), §6.9.2 and §8.1 (the exchange
 * of a request and its answer): the life of the streams of one connection.
 */

import type { Encode, EngineOptions } from "../engine.ts";
import { GrpcError, Status } from "../status.ts";
import { Calls } from "./calls.ts";
import { sendRstStream } from "./control-frames.ts";
import { ConnectionError, ErrorCode } from "./error-codes.ts";
import { windowBytesMax } from "./flow-control.ts";
import type { Output } from "./output.ts";
import type { RequestHead } from "./request-head.ts";
import { Sender, type SenderOwner } from "./sender.ts";
import type { Serving } from "./serving.ts";
import type { PeerSettings } from "./settings.ts";
import { Stream, type StreamOwner } from "./stream.ts";
import { StreamTable } from "./stream-table.ts";

/** What the streams of a connection need of it. */
export interface StreamsOwner {
  /** When the current chunk arrived. */
  readonly nowMs: number;
  /** The peer does not read what is written to it. */
  readonly isCongested: boolean;
  /**
   * A frame has arrived that is no part of a call, or a stream error been sent (§10.5).
   * @throws ConnectionError when there are too many
   */
  countIdleFrame(): void;
  /** A call with a deadline has begun. */
  onDeadline(): void;
}

const httpTexts: Readonly<Record<number, string>> = {
  405: "This is a gRPC server: requests are POST.\n",
  415: "This is a gRPC server: the content type of requests is application/grpc.\n",
  431: "The header fields of the request are too large.\n",
};

export class Streams implements StreamOwner, SenderOwner {
  readonly table = new StreamTable();
  readonly sender: Sender;
  /** Streams above this are not served: the last GOAWAY said so (§6.8). */
  servedTo: number = 0x7fffffff;
  /** Streams of handlers that never end by themselves are told to (see `GrpcServer.drain`). */
  isDraining: boolean = false;

  readonly #calls: Calls;
  readonly #output: Output;
  readonly #peer: PeerSettings;
  readonly #options: EngineOptions;
  readonly #owner: StreamsOwner;
  /** Streams that were closed while a unary handler was at work on them. Its work is bounded as open streams are. */
  #abandoned: number = 0;
  /** Answered before their request was complete. */
  #unfinished: Stream[] = [];

  constructor(owner: StreamsOwner, output: Output, peer: PeerSettings, serving: Serving) {
    this.#owner = owner;
    this.#output = output;
    this.#peer = peer;
    this.#options = serving.options;
    this.#calls = new Calls(serving);
    this.sender = new Sender(output, this);
  }

  get isCongested(): boolean {
    return this.#owner.isCongested;
  }

  /** Idle to open, or with `isEnd` to half-closed (remote): a request's HEADERS have arrived, with an identifier above all others. */
  open(id: number, head: RequestHead, isEnd: boolean): void {
    if (head.malformed !== undefined) {
      this.refuse(id, ErrorCode.PROTOCOL_ERROR);
      return;
    }
    const max = this.#options.concurrentStreamsMax;
    if (this.table.size >= max || this.#abandoned >= max) {
      this.refuse(id, ErrorCode.REFUSED_STREAM);
      return;
    }
    const stream = new Stream(id, head, this, this.#peer.initialWindowBytes, this.#owner.nowMs);
    this.table.add(stream);
    if (head.timeoutMs !== undefined) this.#owner.onDeadline();
    if (head.httpStatus === 0) this.#calls.begin(stream);
    if (this.isDraining && head.method?.stream !== undefined) stream.end(goingAway());
    if (isEnd) this.endRequest(stream);
  }

  /** DATA of a request that goes on. */
  receive(stream: Stream, bytes: Buffer, start: number, end: number): void {
    stream.contentBytes += end - start;
    if (stream.head.httpStatus === 0) this.#calls.receive(stream, bytes, start, end, false);
  }

  /** The last DATA of a request: open to half-closed (remote), or half-closed (local) to closed. */
  receiveLast(stream: Stream, bytes: Buffer, start: number, end: number): void {
    stream.contentBytes += end - start;
    if (stream.head.httpStatus !== 0 || !hasAnnouncedLength(stream)) {
      this.endRequest(stream);
      return;
    }
    stream.isRemoteClosed = true;
    this.#calls.receive(stream, bytes, start, end, true);
    if (stream.isLocalClosed && !stream.isClosed) this.close(stream);
  }

  /** END_STREAM without DATA: open to half-closed (remote), or half-closed (local) to closed. */
  endRequest(stream: Stream): void {
    const { httpStatus } = stream.head;
    if (!hasAnnouncedLength(stream)) {
      this.reset(stream, ErrorCode.PROTOCOL_ERROR);
      return;
    }
    stream.isRemoteClosed = true;
    if (stream.isLocalClosed) this.close(stream);
    else if (httpStatus === 0) this.#calls.endRequest(stream);
    else {
      stream.hasEnded = true;
      this.sender.respond(stream, httpStatus, httpTexts[httpStatus] ?? "");
    }
  }

  /** §5.4.2: a stream error. */
  reset(stream: Stream, code: ErrorCode): void {
    this.refuse(stream.id, code);
    this.close(stream);
  }

  /** A stream error of a stream that has not been opened. */
  refuse(id: number, code: ErrorCode): void {
    this.#owner.countIdleFrame();
    this.#sendReset(id, code);
  }

  /** To closed, from wherever it was. */
  close(stream: Stream): void {
    if (stream.isClosed) return;
    stream.isClosed = true;
    stream.hasEnded = true;
    this.table.remove(stream);
    if (stream.isRunning) this.#abandoned += 1;
    if (stream.unsent !== undefined || stream.awaitsDrain) this.sender.forget(stream);
    if (stream.messages !== undefined || stream.request !== undefined) this.#calls.release(stream);
    if (stream.listener !== undefined) stream.tell(() => stream.listener?.onEnd?.());
  }

  /** Closes what is open without a word: the connection is lost. */
  closeAll(): void {
    for (const stream of this.table.all()) this.close(stream);
  }

  /** Half-closed (remote) to closed, or open to half-closed (local): END_STREAM has been written. */
  onLocalClosed(stream: Stream): void {
    stream.isLocalClosed = true;
    if (stream.isRemoteClosed) this.close(stream);
    else this.#unfinished.push(stream);
  }

  /** The end of a tick. A peer whose request is answered before it is complete need not go on with it (§8.1). */
  settle(): void {
    if (this.#unfinished.length === 0) return;
    const unfinished = this.#unfinished;
    this.#unfinished = [];
    for (const stream of unfinished) {
      if (stream.isClosed) continue;
      this.#sendReset(stream.id, ErrorCode.NO_ERROR);
      this.close(stream);
    }
  }

  /** §6.9.2: SETTINGS_INITIAL_WINDOW_SIZE has changed by `difference`. @throws ConnectionError */
  growWindows(difference: number): void {
    for (const stream of this.table.all()) {
      stream.sendWindow += difference;
      if (stream.sendWindow > windowBytesMax) {
        throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, "a window is above 2147483647");
      }
    }
    this.sender.resume();
  }

  /** Ends the calls whose callers have stopped waiting; whether calls are left that have a deadline. */
  expire(nowMs: number): boolean {
    let areLeft = false;
    for (const stream of this.table.all()) {
      const { deadlineMs } = stream;
      if (deadlineMs === undefined || stream.hasEnded) continue;
      if (deadlineMs <= nowMs)
        stream.end(new GrpcError(Status.DEADLINE_EXCEEDED, "Deadline exceeded"));
      else areLeft = true;
    }
    return areLeft;
  }

  /** Ends the streams that never end by themselves, now and from now on. */
  drain(): void {
    this.isDraining = true;
    for (const stream of this.table.all()) {
      if (stream.head.method?.stream !== undefined) stream.end(goingAway());
    }
  }

  answer<T>(stream: Stream, value: T, bytesMax: number, encode: Encode<T>): void {
    this.sender.answer(stream, value, bytesMax, encode);
  }

  write(stream: Stream, message: Uint8Array): boolean {
    return this.sender.write(stream, message);
  }

  finish(stream: Stream, status: Status, message: string): void {
    this.sender.finish(stream, status, message);
  }

  forgetAbandoned(): void {
    this.#abandoned -= 1;
  }

  report(error: unknown, path: string): void {
    this.#options.onError(error, path);
  }

  #sendReset(id: number, code: ErrorCode): void {
    this.table.rememberReset(id);
    sendRstStream(this.#output, id, code);
  }
}

/** §8.1.1: `content-length`, where it is given, is the length of all DATA. */
function hasAnnouncedLength(stream: Stream): boolean {
  return stream.head.contentBytes < 0 || stream.head.contentBytes === stream.contentBytes;
}

function goingAway(): GrpcError {
  return new GrpcError(Status.UNAVAILABLE, "the server is shutting down");
}
