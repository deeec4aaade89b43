/**
 * RFC 9113 §5.1 (stream states): a stream, and the gRPC call on it. One light object for each call: what only a few calls need (queued
 * output, messages in pieces, listeners) is made when it is needed.
 *
 * open: neither side is closed · half-closed (remote): the request is complete · half-closed (local): the answer is complete ·
 * closed: both are, or the stream was reset. Idle streams have no object.
 */

import type { DirectCall, Encode, StreamCall, StreamListener } from "../engine.ts";
import { GrpcError, Status } from "../status.ts";
import type { ReceiveWindow } from "./flow-control.ts";
import type { MessageReader } from "./messages.ts";
import type { RequestHead } from "./request-head.ts";
import type { Unsent } from "./sender.ts";

/** What a call needs of its connection. */
export interface StreamOwner {
  /** Sends the one answer of a call, and its status OK. */
  answer<T>(stream: Stream, value: T, bytesMax: number, encode: Encode<T>): void;
  /** Sends one of several messages; `false`: not now, but as soon as the peer takes it. */
  write(stream: Stream, message: Uint8Array): boolean;
  /** Ends a call behind what has been written. */
  finish(stream: Stream, status: Status, message: string): void;
  /** The handler of a call that was closed meanwhile has come to its end. */
  forgetAbandoned(): void;
  /** An error that no handler meant to throw. */
  report(error: unknown, path: string): void;
}

export class Stream implements StreamCall, DirectCall {
  readonly id: number;
  readonly head: RequestHead;
  readonly #owner: StreamOwner;
  readonly #startMs: number;

  isRemoteClosed: boolean = false;
  isLocalClosed: boolean = false;
  isClosed: boolean = false;
  /** How the call ends is decided; what its handler says from now on is not sent. */
  hasEnded: boolean = false;
  /** A unary handler is at work. */
  isRunning: boolean = false;
  /** The HEADERS frame of the answer is written. */
  hasHead: boolean = false;

  /** How much may be sent (§6.9); a change of the peer's settings can make it negative. */
  sendWindow: number;
  /** `undefined`: no DATA frame has come but the last. */
  receiveWindow: ReceiveWindow | undefined;
  /** The bytes of all DATA frames, for comparison with `content-length`. */
  contentBytes: number = 0;

  /** Output that the peer's windows do not let out yet. */
  unsent: Unsent | undefined;
  /** A `write` answered `false`, so that the handler waits for `onDrain`. */
  awaitsDrain: boolean = false;
  /** `undefined`: no message has come in pieces. */
  messages: MessageReader | undefined;
  /** The message of a unary call whose end has not come yet. */
  request: Buffer | undefined;
  /** What a stream's handler wants to hear. */
  listener: StreamListener | undefined;

  constructor(
    id: number,
    head: RequestHead,
    owner: StreamOwner,
    sendWindow: number,
    startMs: number,
  ) {
    this.id = id;
    this.head = head;
    this.#owner = owner;
    this.sendWindow = sendWindow;
    this.#startMs = startMs;
  }

  get path(): string {
    return this.head.path;
  }

  get deadlineMs(): number | undefined {
    return this.head.timeoutMs === undefined ? undefined : this.#startMs + this.head.timeoutMs;
  }

  header(name: string): string | undefined {
    return this.head.header(name);
  }

  reply<T>(value: T, bytesMax: number, encode: Encode<T>): void {
    if (this.#settle()) {
      this.hasEnded = true;
      this.#owner.answer(this, value, bytesMax, encode);
    }
  }

  fail(error: unknown): void {
    if (this.#settle()) this.end(error);
    else if (!(error instanceof GrpcError)) this.#owner.report(error, this.path);
  }

  write(message: Uint8Array): boolean {
    if (this.hasEnded) return true;
    const isTaken = this.#owner.write(this, message);
    this.awaitsDrain ||= !isTaken;
    return isTaken;
  }

  end(error?: unknown): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    if (error === undefined) this.#owner.finish(this, Status.OK, "");
    else if (error instanceof GrpcError) this.#owner.finish(this, error.status, error.message);
    else {
      this.#owner.report(error, this.path);
      this.#owner.finish(this, Status.INTERNAL, "");
    }
  }

  /** Calls a listener's `callback`. What it throws ends the call, as what a unary handler throws does. */
  tell(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      if (this.hasEnded) this.#owner.report(error, this.path);
      else this.end(error);
    }
  }

  /** A unary handler has come to its end; whether anybody still waits for it. */
  #settle(): boolean {
    if (!this.isRunning) return false;
    this.isRunning = false;
    if (this.isClosed) this.#owner.forgetAbandoned();
    return !this.hasEnded;
  }
}
