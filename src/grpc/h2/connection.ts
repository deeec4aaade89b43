/**
 * One connection: RFC 9113 §3.4 (preface), §5.4.1 (connection errors), and the frames that concern all of it (§6.5, §6.7, §6.8, §6.9).
 * Where the other sections are:
 *
 * §4.1, §4.2 frames.ts · §4.3, §6.10 header-blocks.ts · §5.1 stream.ts, streams.ts · §5.1.1 stream-table.ts · §5.2, §6.9
 * flow-control.ts, sender.ts · §5.4, §7 error-codes.ts · §6.1 to §6.4, §6.9 stream-frames.ts · what we send of §6.4 to §6.9
 * control-frames.ts · §6.5 settings.ts · §6.8, §9.1 lifetime.ts · §8.1.1, §8.3 request-head.ts · §8.2 fields.ts · §3.2, §3.3, §9.2
 * server.ts · §10.5 limits.ts, idle-frames.ts, reading.ts,
 * admission.ts
 */

import { uint8, uint31 } from "./bytes.ts";
import { sendPingAck, sendSettings, sendSettingsAck, sendWindowUpdate } from "./control-frames.ts";
import { ConnectionError, ErrorCode, protocolError, wrongLength } from "./error-codes.ts";
import { defaultWindowBytes } from "./flow-control.ts";
import { Flag, FrameReader, FrameType } from "./frames.ts";
import { IdleFrames } from "./idle-frames.ts";
import { Lifetime } from "./lifetime.ts";
import { Output, type OutputBuffers, type Transport } from "./output.ts";
import { Reading, type Source } from "./reading.ts";
import type { Serving } from "./serving.ts";
import { encodeSettings, PeerSettings } from "./settings.ts";
import { StreamFrames } from "./stream-frames.ts";
import { Streams, type StreamsOwner } from "./streams.ts";

/** What a connection needs of its socket; `net.Socket` and `tls.TLSSocket` have it. */
export interface ConnectionTransport extends Transport, Source {
  end(): unknown;
  destroy(): unknown;
}

/** What a connection needs of its server. */
export interface ConnectionOwner {
  readonly buffers: OutputBuffers;
  /** Milliseconds since the epoch. */
  nowMs(): number;
  /** From 0 up to 1. */
  random(): number;
  /** Has `flush` called at the end of this tick. */
  schedule(connection: Connection): void;
  /** Has `expire` called every few milliseconds until it answers `false`. */
  watchDeadlines(connection: Connection): void;
}

const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

export class Connection implements StreamsOwner {
  nowMs: number;

  readonly #transport: ConnectionTransport;
  readonly #owner: ConnectionOwner;
  readonly #serving: Serving;
  readonly #reader = new FrameReader();
  readonly #peer = new PeerSettings();
  readonly #output: Output;
  readonly #streams: Streams;
  readonly #frames: StreamFrames;
  readonly #lifetime: Lifetime;
  readonly #idleFrames: IdleFrames;
  readonly #reading: Reading;

  /** Bytes of the preface that have arrived. */
  #prefaceBytes: number = 0;
  #hasPeerSettings: boolean = false;
  #isReceiving: boolean = false;
  /** `expire` is being called. */
  #isWatched: boolean = false;

  constructor(transport: ConnectionTransport, owner: ConnectionOwner, serving: Serving) {
    const { options, limits } = serving;
    const ageMaxMs = options.connectionAgeMaxMs * (0.9 + 0.2 * owner.random());
    this.nowMs = owner.nowMs();
    this.#idleFrames = new IdleFrames(limits.idleFramesPerSecondMax, this.nowMs);
    this.#reading = new Reading(transport, serving.admission, limits);
    this.#transport = transport;
    this.#owner = owner;
    this.#serving = serving;
    this.#output = new Output(transport, owner.buffers, () => {
      if (!this.#isReceiving) owner.schedule(this);
    });
    this.#streams = new Streams(this, this.#output, this.#peer, serving);
    this.#frames = new StreamFrames(this, this.#output, this.#streams, serving);
    this.#lifetime = new Lifetime(
      transport,
      this.#output,
      this.#streams,
      serving,
      this.nowMs,
      ageMaxMs,
    );
    sendSettings(this.#output, encodeSettings(options, limits));
    const windowGrowth = limits.receiveWindowBytes - defaultWindowBytes;
    if (windowGrowth > 0) sendWindowUpdate(this.#output, 0, windowGrowth);
  }

  get isCongested(): boolean {
    return this.#transport.writableLength >= this.#serving.limits.unreadOutputBytesMax;
  }

  /** Takes what has arrived from the peer. */
  receive(chunk: Buffer): void {
    if (this.#lifetime.hasEnded) return;
    this.nowMs = this.#owner.nowMs();
    this.#isReceiving = true;
    try {
      this.#reading.take(chunk.length);
      this.#reader.feed(chunk, this.#readPreface(chunk));
      while (this.#reader.next()) this.#takeFrame(this.#reader);
    } catch (error) {
      this.#fail(error);
    }
    this.#isReceiving = false;
    this.flush();
  }

  /** The end of a tick: sends what there is to say. */
  flush(): void {
    if (this.#lifetime.hasEnded) return;
    this.#streams.settle();
    this.#frames.settle();
    this.#lifetime.settle(this.nowMs);
    this.#output.flush();
    if (this.isCongested) this.#reading.wait(this.nowMs);
  }

  /** The socket has nothing left to write. */
  onDrain(): void {
    this.#reading.stopWaiting();
    this.#streams.sender.resume();
    this.flush();
  }

  /** The socket is gone. */
  onClose(): void {
    this.#streams.closeAll();
  }

  /** Ends the calls whose deadline is over; `false`: no call has one any more. */
  expire(nowMs: number): boolean {
    this.#isWatched = this.#streams.expire(nowMs);
    return this.#isWatched;
  }

  /** Ends what has taken too long, with the connection if need be; called every second or so. */
  check(nowMs: number): void {
    this.nowMs = nowMs;
    this.#lifetime.check(nowMs);
    const { unreadOutputMaxMs } = this.#serving.limits;
    if (this.#reading.waitedMs(nowMs) > unreadOutputMaxMs) this.#transport.destroy();
  }

  /** Sends the peer away; calls in flight are served, streams that do not end by themselves are ended. */
  drain(): void {
    this.nowMs = this.#owner.nowMs();
    this.#streams.drain();
    this.#lifetime.leave(this.nowMs, "server is shutting down", Number.POSITIVE_INFINITY);
  }

  countIdleFrame(): void {
    this.#idleFrames.count(this.nowMs);
  }

  onDeadline(): void {
    if (this.#isWatched) return;
    this.#isWatched = true;
    this.#owner.watchDeadlines(this);
  }

  /** §3.4: compares what has arrived of the preface; returns where the frames begin. */
  #readPreface(chunk: Buffer): number {
    let at = 0;
    for (; this.#prefaceBytes < preface.length && at < chunk.length; at += 1) {
      if (uint8(chunk, at) !== uint8(preface, this.#prefaceBytes)) {
        throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, "not an HTTP/2 preface");
      }
      this.#prefaceBytes += 1;
      this.#lifetime.hasPreface = this.#prefaceBytes === preface.length;
    }
    return at;
  }

  #takeFrame(frame: FrameReader): void {
    const { openBlockStreamId } = this.#frames;
    if (openBlockStreamId !== 0) {
      // §4.3: a header block is not interrupted, not even by frames of types unknown to us.
      if (frame.type !== FrameType.CONTINUATION || frame.streamId !== openBlockStreamId) {
        throw protocolError("a header block is interrupted");
      }
    } else if (!this.#hasPeerSettings && frame.type !== FrameType.SETTINGS) {
      throw protocolError("the first frame is not SETTINGS");
    }
    switch (frame.type) {
      case FrameType.DATA:
        this.#frames.data(frame);
        break;
      case FrameType.HEADERS:
        this.#frames.headers(frame);
        break;
      case FrameType.PRIORITY:
        this.#frames.priority(frame);
        break;
      case FrameType.RST_STREAM:
        this.#frames.rstStream(frame);
        break;
      case FrameType.SETTINGS:
        this.#settings(frame);
        break;
      case FrameType.PUSH_PROMISE:
        // §8.4: a client cannot push.
        throw protocolError("PUSH_PROMISE from a client");
      case FrameType.PING:
        this.#ping(frame);
        break;
      case FrameType.GOAWAY:
        this.#goAway(frame);
        break;
      case FrameType.WINDOW_UPDATE:
        this.#windowUpdate(frame);
        break;
      case FrameType.CONTINUATION:
        this.#frames.continuation(frame);
        break;
      default:
        // §5.5: frames of unknown types are ignored.
        this.countIdleFrame();
    }
  }

  /** §6.5. */
  #settings({ bytes, start, end, flags, streamId }: FrameReader): void {
    if (streamId !== 0) throw protocolError("SETTINGS on a stream");
    if ((flags & Flag.ACK) !== 0) {
      if (start !== end) throw wrongLength("SETTINGS ACK");
      if (!this.#hasPeerSettings) throw protocolError("the first frame is not SETTINGS");
      this.#lifetime.isGreeted = true;
      this.countIdleFrame();
      return;
    }
    this.#hasPeerSettings = true;
    this.countIdleFrame();
    const windowBefore = this.#peer.initialWindowBytes;
    this.#peer.apply(bytes, start, end, this.#streams.sender.fields);
    // What follows from the settings is sent behind their ACK.
    sendSettingsAck(this.#output);
    const difference = this.#peer.initialWindowBytes - windowBefore;
    if (difference !== 0) this.#streams.growWindows(difference);
  }

  /** §6.7. */
  #ping({ bytes, start, end, flags, streamId }: FrameReader): void {
    if (streamId !== 0) throw protocolError("PING on a stream");
    if (end - start !== 8) throw wrongLength("PING");
    this.countIdleFrame();
    if ((flags & Flag.ACK) === 0) sendPingAck(this.#output, bytes, start);
    else this.#lifetime.onPingAck(this.nowMs);
  }

  /** §6.8: a client that leaves begins no more streams; those that it has begun are served. */
  #goAway({ start, end, streamId }: FrameReader): void {
    if (streamId !== 0) throw protocolError("GOAWAY on a stream");
    if (end - start < 8) throw wrongLength("GOAWAY");
    this.countIdleFrame();
  }

  /** §6.9. */
  #windowUpdate(frame: FrameReader): void {
    if (frame.end - frame.start !== 4) throw wrongLength("WINDOW_UPDATE");
    this.countIdleFrame();
    if (frame.streamId !== 0) {
      this.#frames.windowUpdate(frame);
      return;
    }
    const increment = uint31(frame.bytes, frame.start);
    if (increment === 0) throw protocolError("WINDOW_UPDATE by 0");
    this.#streams.sender.window.grow(increment);
    this.#streams.sender.resume();
  }

  #fail(error: unknown): void {
    if (error instanceof ConnectionError) {
      this.#lifetime.fail(this.nowMs, error);
      return;
    }
    this.#serving.options.onError(error, "connection");
    const failure = new ConnectionError(ErrorCode.INTERNAL_ERROR, "");
    this.#lifetime.fail(this.nowMs, failure);
  }
}
