/**
 * What the service needs of a gRPC server, and no more: methods that take and give message bytes. Two engines stand behind it;
 * nothing above this file knows which one runs, and nothing below it knows what a rate limit is.
 */

import type { Socket } from "node:net";
import type { Refusal } from "../tls/client-certificate.ts";
import type { SanName } from "../tls/names.ts";
import type { TlsSource } from "../tls/source.ts";

/** A call as its handler sees it. */
export interface Call {
  /** `/package.Service/Method` */
  readonly path: string;
  /** When the caller stops waiting (`grpc-timeout`), in milliseconds of `Clock.nowMs`; `undefined`: it never said. */
  readonly deadlineMs: number | undefined;
  /** The first value of a request header, by its lower-case name. */
  header(name: string): string | undefined;
}

/**
 * Answers one message with one message. Throws (or rejects with) `GrpcError` to end the call with that status; any other error
 * becomes INTERNAL without a text and is reported to `EngineOptions.onError`.
 */
export type UnaryHandler = (request: Uint8Array, call: Call) => Uint8Array | Promise<Uint8Array>;

/** Writes `value` into `into` from `at` on, and returns where it ends. */
export type Encode<T> = (value: T, into: Buffer, at: number) => number;

/** A unary call that is answered through it, once, with `reply` or `fail`, within its handler or later. */
export interface DirectCall extends Call {
  /**
   * Answers with the message that `encode` writes, at once, of at most `bytesMax` bytes. What `encode` throws ends the call with
   * INTERNAL and is reported.
   */
  reply<T>(value: T, bytesMax: number, encode: Encode<T>): void;
  /** Ends the call with the status of a `GrpcError`; any other error becomes INTERNAL without a text and is reported. */
  fail(error: unknown): void;
}

/**
 * A unary handler of few copies and allocations: the request is `bytes[start, end)` where it arrived, which is the handler's only
 * until it returns, and the answer is encoded where it leaves. What it throws is a `fail`.
 */
export type DirectHandler = (bytes: Buffer, start: number, end: number, call: DirectCall) => void;

/** One side of a stream, held by its handler. */
export interface StreamCall extends Call {
  /** Sends a message; `false` asks to wait for `onDrain`. Does nothing once the call has ended. */
  write(message: Uint8Array): boolean;
  /** Ends the call; with no error the status is OK. */
  end(error?: Error): void;
}

/** What a stream handler wants to hear. Each is called at most once, but `onMessage` and `onDrain`. */
export interface StreamListener {
  onMessage?(message: Uint8Array): void;
  /** The peer sends no more messages; it may be lost instead, and `onEnd` follow. */
  onHalfClose?(): void;
  /** The peer can take messages again after a `write` that answered `false`. */
  onDrain?(): void;
  /** The call is over: cancelled by the peer, its connection lost, or ended by `end`. Frees what the handler holds. */
  onEnd?(): void;
}

/** Serves a call whose requests, answers or both are streams. */
export type StreamHandler = (call: StreamCall) => StreamListener;

export interface Methods {
  readonly unary: ReadonlyMap<string, UnaryHandler>;
  readonly stream: ReadonlyMap<string, StreamHandler>;
  /** Unary methods in their faster form. One that is served both ways is served directly by an engine that can. */
  readonly direct?: ReadonlyMap<string, DirectHandler>;
  /**
   * What answers calls of a direct method, cheaply, when there are more than can be carried (`EngineOptions.waitMaxMs`). Methods without
   * it are always served, and so are all by an engine that does not know when there are too many.
   */
  readonly excess?: ReadonlyMap<string, ExcessHandler>;
}

/**
 * Answers a call that is not served, for there are too many.
 *
 * @param isPressing that has taken long already, and what takes more than a few microseconds should end the call with an error
 */
export type ExcessHandler = (
  bytes: Buffer,
  start: number,
  end: number,
  call: DirectCall,
  isPressing: boolean,
) => void;

export interface EngineOptions {
  /** The longest request message, in bytes; a longer one ends with RESOURCE_EXHAUSTED. */
  readonly messageBytesMax: number;
  /** A connection older than this is told to go away (GOAWAY), ±10 %. Infinity: none is. */
  readonly connectionAgeMaxMs: number;
  /** How long calls of such a connection may still take. Infinity: as long as they like. */
  readonly connectionAgeGraceMs: number;
  /** Streams that one connection may have open at a time. */
  readonly concurrentStreamsMax: number;
  /** How long calls may wait until they are looked at, before the excess is answered by `Methods.excess`; absent: however long. */
  readonly waitMaxMs?: number | undefined;
  /** An error that no handler meant to throw. */
  readonly onError: (error: unknown, path: string) => void;
  /** Clear text without it. */
  readonly tls?: ServerTls | undefined;
}

/** TLS 1.2 or 1.3. Clients that offer protocols (ALPN) have to offer HTTP/2. */
export interface ServerTls {
  /**
   * The server's certificate and key. When it has CAs, each client has to show a certificate that comes from one of them; whether it
   * has, does not change. New connections are made with what is in force then, and those that stand go on as they are.
   */
  readonly source: TlsSource;
  /** A client's certificate must have one of these names; empty: any will do. */
  readonly clientNames: readonly SanName[];
  /** A connection was not let in. */
  readonly onRefused: (refusal: Refusal) => void;
}

/** Where to listen: a TCP address (`port` 0 picks a free one) or a Unix socket. */
export type BindAddress =
  | { readonly host: string; readonly port: number }
  | { readonly socketPath: string };

/** Connections that another process accepts for this one. */
export interface AcceptedConnections {
  /** Calls `take` with each from now on, until the returned function is called. */
  onConnection(take: (socket: Socket) => void): () => void;
}

/** Where connections come from. */
export type ListenAddress = BindAddress | AcceptedConnections;

/** A running gRPC server. */
export interface GrpcServer {
  /** The port it listens on; `undefined` on a Unix socket. */
  readonly port: number | undefined;
  /**
   * Takes no new connections, tells the open ones to go away and lets calls in flight finish, for at most `graceMs`. Streams never
   * finish by themselves (a health watch): what they wrote is still sent, then they end with UNAVAILABLE, and their peers call again
   * elsewhere.
   */
  drain(graceMs: number): Promise<void>;
  /** Ends everything at once. */
  close(): Promise<void>;
}

/** @throws (rejects) when the address cannot be bound; the error says which address and why. */
export type StartEngine = (
  methods: Methods,
  address: ListenAddress,
  options: EngineOptions,
) => Promise<GrpcServer>;
