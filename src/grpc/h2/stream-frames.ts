/**
 * The frames of streams as a peer sends them: RFC 9113 §6.1 (DATA), §6.2 (HEADERS), §6.3 (PRIORITY), §6.4 (RST_STREAM), §6.6
 * (PUSH_PROMISE), §6.9 (WINDOW_UPDATE) and §6.10 (CONTINUATION), and which of them a stream may get in which state (§5.1).
 */

import { uint31, viewOf } from "./bytes.ts";
import { sendWindowUpdate } from "./control-frames.ts";
import { ConnectionError, ErrorCode, protocolError, wrongLength } from "./error-codes.ts";
import { defaultWindowBytes, ReceiveWindow, windowBytesMax } from "./flow-control.ts";
import { Flag, type FrameReader } from "./frames.ts";
import { HeaderBlocks } from "./header-blocks.ts";
import type { Output } from "./output.ts";
import type { Serving } from "./serving.ts";
import type { Stream } from "./stream.ts";
import type { Streams, StreamsOwner } from "./streams.ts";

export class StreamFrames {
  readonly #owner: StreamsOwner;
  readonly #output: Output;
  readonly #streams: Streams;
  readonly #blocks: HeaderBlocks;
  readonly #window: ReceiveWindow;
  /** Streams that have used much of their window in this tick. */
  #hungry: Stream[] = [];
  /** END_STREAM of the HEADERS frame whose block is not complete. */
  #openBlockEndsStream: boolean = false;

  constructor(owner: StreamsOwner, output: Output, streams: Streams, serving: Serving) {
    this.#owner = owner;
    this.#output = output;
    this.#streams = streams;
    this.#blocks = new HeaderBlocks(serving);
    this.#window = new ReceiveWindow(serving.limits.receiveWindowBytes);
  }

  /** The stream whose header block is not complete (§4.3); 0: none. */
  get openBlockStreamId(): number {
    return this.#blocks.openStreamId;
  }

  /** §6.1. */
  data(frame: FrameReader): void {
    const { streamId } = frame;
    if (streamId === 0) throw protocolError("DATA on stream 0");
    // Padding counts.
    const flowBytes = frame.end - frame.start;
    if (!this.#window.take(flowBytes)) {
      throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, "DATA beyond the connection window");
    }
    frame.stripPadding();
    const stream = this.#streams.table.get(streamId);
    if (stream === undefined) this.#frameOfNoStream(streamId, "DATA");
    else if (stream.isRemoteClosed) this.#streams.reset(stream, ErrorCode.STREAM_CLOSED);
    else if ((frame.flags & Flag.END_STREAM) === 0) this.#dataThatGoesOn(stream, frame, flowBytes);
    else if (stream.receiveWindow?.take(flowBytes) === false) {
      this.#streams.reset(stream, ErrorCode.FLOW_CONTROL_ERROR);
    } else this.#streams.receiveLast(stream, frame.bytes, frame.start, frame.end);
  }

  /** §6.9: the end of a tick. What has been received is handled, so the peer may send as much again. */
  settle(): void {
    if (this.#window.isLow) sendWindowUpdate(this.#output, 0, this.#window.giveBack());
    if (this.#hungry.length === 0) return;
    for (const stream of this.#hungry) {
      const increment = stream.isRemoteClosed ? 0 : (stream.receiveWindow?.giveBack() ?? 0);
      if (increment > 0 && !stream.isClosed) sendWindowUpdate(this.#output, stream.id, increment);
    }
    this.#hungry = [];
  }

  /** §6.2. */
  headers(frame: FrameReader): void {
    const { streamId, flags } = frame;
    if ((streamId & 1) === 0) throw protocolError("HEADERS on a stream that no client opens");
    frame.stripPadding();
    if ((flags & Flag.PRIORITY) !== 0) {
      checkPriority(frame);
      frame.start += 5;
    }
    const isEnd = (flags & Flag.END_STREAM) !== 0;
    if ((flags & Flag.END_HEADERS) !== 0) {
      this.#headerBlock(streamId, isEnd, frame.bytes, frame.view, frame.start, frame.end);
    } else {
      this.#openBlockEndsStream = isEnd;
      this.#blocks.open(streamId, frame.bytes, frame.start, frame.end);
    }
  }

  /** §6.3 is deprecated, so nothing comes of it; but it has a length, and a stream cannot depend on itself. */
  priority(frame: FrameReader): void {
    if (frame.streamId === 0) throw protocolError("PRIORITY on stream 0");
    if (frame.end - frame.start !== 5) throw wrongLength("PRIORITY");
    checkPriority(frame);
    this.#owner.countIdleFrame();
  }

  /** §6.4. */
  rstStream(frame: FrameReader): void {
    const { streamId } = frame;
    if (frame.end - frame.start !== 4) throw wrongLength("RST_STREAM");
    this.#owner.countIdleFrame();
    const stream = this.#streams.table.get(streamId);
    if (stream !== undefined) this.#streams.close(stream);
    else this.#requireUsed(streamId, "RST_STREAM");
  }

  /** §6.9, on a stream. */
  windowUpdate(frame: FrameReader): void {
    const increment = uint31(frame.bytes, frame.start);
    const stream = this.#streams.table.get(frame.streamId);
    if (stream === undefined) {
      this.#requireUsed(frame.streamId, "WINDOW_UPDATE");
      return;
    }
    stream.sendWindow += increment;
    if (increment === 0) this.#streams.reset(stream, ErrorCode.PROTOCOL_ERROR);
    else if (stream.sendWindow > windowBytesMax) {
      this.#streams.reset(stream, ErrorCode.FLOW_CONTROL_ERROR);
    } else this.#streams.sender.resumeStream(stream);
  }

  /** §6.10. The connection has made sure that the frame goes on with the open block, if there is one. */
  continuation(frame: FrameReader): void {
    if (this.#blocks.openStreamId === 0) throw protocolError("CONTINUATION of no header block");
    const isLast = (frame.flags & Flag.END_HEADERS) !== 0;
    const block = this.#blocks.continue(frame.bytes, frame.start, frame.end, isLast);
    if (block !== undefined) {
      this.#headerBlock(
        frame.streamId,
        this.#openBlockEndsStream,
        block,
        viewOf(block),
        0,
        block.length,
      );
    }
  }

  #headerBlock(
    streamId: number,
    isEnd: boolean,
    bytes: Buffer,
    view: DataView,
    start: number,
    end: number,
  ): void {
    const { table, servedTo } = this.#streams;
    if (streamId > table.lastId) {
      if (streamId > servedTo) {
        this.#blocks.skip(bytes, start, end);
        return;
      }
      const head = this.#blocks.request(bytes, view, start, end);
      table.use(streamId);
      this.#streams.open(streamId, head, isEnd);
      return;
    }
    const stream = table.get(streamId);
    const areTrailers = this.#blocks.trailers(bytes, start, end);
    if (stream === undefined) {
      if (table.wasSkipped(streamId)) throw protocolError("HEADERS on a stream below others");
      this.#frameOfNoStream(streamId, "HEADERS");
    } else if (stream.isRemoteClosed) this.#streams.reset(stream, ErrorCode.STREAM_CLOSED);
    else if (!isEnd || !areTrailers) this.#streams.reset(stream, ErrorCode.PROTOCOL_ERROR);
    else this.#streams.endRequest(stream);
  }

  #dataThatGoesOn(stream: Stream, frame: FrameReader, flowBytes: number): void {
    stream.receiveWindow ??= new ReceiveWindow(defaultWindowBytes);
    if (!stream.receiveWindow.take(flowBytes)) {
      this.#streams.reset(stream, ErrorCode.FLOW_CONTROL_ERROR);
      return;
    }
    if (frame.start === frame.end) this.#owner.countIdleFrame();
    this.#streams.receive(stream, frame.bytes, frame.start, frame.end);
    if (stream.receiveWindow.isLow) this.#hungry.push(stream);
  }

  /** DATA or HEADERS of a stream that is not open. §5.1: what was sent before the peer knew of a reset is to be ignored. */
  #frameOfNoStream(streamId: number, type: string): void {
    this.#requireUsed(streamId, type);
    this.#owner.countIdleFrame();
    const { table, servedTo } = this.#streams;
    if (streamId <= servedTo && !table.mayHaveBeenReset(streamId)) {
      throw new ConnectionError(ErrorCode.STREAM_CLOSED, `${type} on a closed stream`);
    }
  }

  /** §5.1: an idle stream may get HEADERS and PRIORITY only. */
  #requireUsed(streamId: number, type: string): void {
    const { table, servedTo } = this.#streams;
    if (streamId > table.lastId && streamId <= servedTo) {
      throw protocolError(`${type} on an idle stream`);
    }
    if ((streamId & 1) === 0) throw protocolError(`${type} on a stream that no client opens`);
  }
}

/** The five bytes of a priority that a frame begins with: all that is looked at is RFC 7540 §5.3.1, no stream depends on itself. */
function checkPriority(frame: FrameReader): void {
  if (frame.end - frame.start < 5) throw wrongLength("HEADERS");
  if (uint31(frame.bytes, frame.start) === frame.streamId) {
    throw protocolError("a stream depends on itself");
  }
}
