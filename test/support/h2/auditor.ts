/**
 * Holds a server to what it owes any peer, however odd: its frames are frames, its header blocks decode, an answer begins with HEADERS
 * and ends once, no more DATA is sent than the peer's windows allow, and nothing follows the GOAWAY of an error.
 */

import type { Field } from "../../../src/grpc/h2/fields.ts";
import { Flag, FrameReader, FrameType } from "../../../src/grpc/h2/frames.ts";
import { HeaderDecoder } from "../../../src/grpc/h2/hpack.ts";
import { Setting } from "../../../src/grpc/h2/settings.ts";

interface Audited {
  /** DATA that may still be sent; never less than the server may believe. */
  window: number;
  hasHead: boolean;
  isDone: boolean;
}

export class Auditor {
  /** Frames that the peer has sent whole. */
  clientFrames: number = 0;
  serverFrames: number = 0;
  /** Calls that were answered to their end. */
  answered: number = 0;
  /** The code of the GOAWAY that ended the connection; `undefined`: none has. */
  errorCode: number | undefined;

  readonly #client = new FrameReader();
  readonly #server = new FrameReader();
  readonly #decoder = new HeaderDecoder();
  readonly #streams = new Map<number, Audited>();
  #window: number = 65_535;
  #initialWindow: number = 65_535;
  /** The largest initial window of this chunk. */
  #initialMost: number = 65_535;
  /** By how much the windows of streams shrink once the server's answer to this chunk is read. */
  #shrink: number = 0;
  #isClientBroken: boolean = false;

  /** What the peer is about to send, behind its preface. */
  onClient(bytes: Buffer): void {
    if (this.#isClientBroken) return;
    this.#settleChunk();
    this.#client.feed(bytes, 0);
    try {
      while (this.#client.next()) this.#clientFrame(this.#client);
    } catch {
      // Longer than a frame may be: the server ends the connection, too.
      this.#isClientBroken = true;
    }
  }

  onServer(bytes: Buffer): void {
    this.#server.feed(bytes, 0);
    while (this.#server.next()) {
      if (this.errorCode !== undefined) throw new Error("a frame behind the GOAWAY of an error");
      this.serverFrames += 1;
      this.#serverFrame(this.#server);
    }
  }

  #settleChunk(): void {
    if (this.#shrink === 0) return;
    for (const stream of this.#streams.values()) stream.window -= this.#shrink;
    this.#shrink = 0;
    this.#initialMost = this.#initialWindow;
  }

  #clientFrame({ type, streamId, bytes, start, end }: FrameReader): void {
    this.clientFrames += 1;
    if (type === FrameType.HEADERS && !this.#streams.has(streamId)) {
      this.#streams.set(streamId, { window: this.#initialMost, hasHead: false, isDone: false });
    }
    if (type === FrameType.WINDOW_UPDATE && end - start === 4) {
      const increment = bytes.readUInt32BE(start) & 0x7fffffff;
      const stream = this.#streams.get(streamId);
      if (streamId === 0) this.#window += increment;
      else if (stream !== undefined) stream.window += increment;
    }
    if (type === FrameType.SETTINGS && streamId === 0) this.#clientSettings(bytes, start, end);
  }

  #clientSettings(bytes: Buffer, start: number, end: number): void {
    for (let at = start; at + 6 <= end; at += 6) {
      if (bytes.readUInt16BE(at) !== Setting.INITIAL_WINDOW_SIZE) continue;
      const value = bytes.readUInt32BE(at + 2);
      const difference = value - this.#initialWindow;
      this.#initialWindow = value;
      this.#initialMost = Math.max(this.#initialMost, value);
      if (difference < 0) this.#shrink -= difference;
      else for (const stream of this.#streams.values()) stream.window += difference;
    }
  }

  #serverFrame({ type, flags, streamId, bytes, start, end }: FrameReader): void {
    switch (type) {
      case FrameType.HEADERS:
        this.#headers(this.#streamOf(streamId), flags, bytes, start, end);
        return;
      case FrameType.DATA:
        this.#data(this.#streamOf(streamId), flags, end - start);
        return;
      case FrameType.RST_STREAM:
        this.#reset(this.#streams.get(streamId));
        return;
      case FrameType.GOAWAY:
        if (bytes.readUInt32BE(start + 4) !== 0) this.errorCode = bytes.readUInt32BE(start + 4);
        return;
      case FrameType.WINDOW_UPDATE:
        if (bytes.readUInt32BE(start) === 0) throw new Error("a window update by 0");
        return;
      case FrameType.SETTINGS:
      case FrameType.PING:
        return;
      default:
        throw new Error(`a frame of type ${type}`);
    }
  }

  #streamOf(streamId: number): Audited {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) throw new Error(`an answer on stream ${streamId}, which is not open`);
    if (stream.isDone) throw new Error(`an answer on stream ${streamId}, which is closed`);
    return stream;
  }

  #headers(stream: Audited, flags: number, bytes: Buffer, start: number, end: number): void {
    const fields: Field[] = [];
    this.#decoder.decode(bytes, start, end, fields, 65_536);
    const names = fields.map(({ name }) => name);
    const isEnd = (flags & Flag.END_STREAM) !== 0;
    if (names.includes(":status") === stream.hasHead) throw new Error(`fields ${names}`);
    if (stream.hasHead && !(isEnd && names.includes("grpc-status")))
      throw new Error("odd trailers");
    stream.hasHead = true;
    this.#end(stream, isEnd);
  }

  #data(stream: Audited, flags: number, length: number): void {
    stream.window -= length;
    this.#window -= length;
    if (!stream.hasHead) throw new Error("DATA in front of HEADERS");
    if (stream.window < 0 || this.#window < 0) throw new Error("DATA beyond the window");
    this.#end(stream, (flags & Flag.END_STREAM) !== 0);
  }

  #end(stream: Audited, isEnd: boolean): void {
    if (!isEnd) return;
    stream.isDone = true;
    this.answered += 1;
  }

  #reset(stream: Audited | undefined): void {
    if (stream === undefined) throw new Error("RST_STREAM of an idle stream");
    stream.isDone = true;
  }
}
