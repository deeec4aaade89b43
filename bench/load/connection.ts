import { uint8, uint31, uint32 } from "../../src/grpc/h2/bytes.ts";
import {
  Flag,
  FrameReader,
  FrameType,
  frameHeaderBytes,
  putFrameHeader,
} from "../../src/grpc/h2/frames.ts";
import { Answer } from "./answer.ts";
import { type Channel, openChannel, type Target } from "./channel.ts";
import {
  openingBytes,
  pingAnswer,
  readSettings,
  settingsAck,
  windowUpdate,
} from "./control-frames.ts";
import type { RequestTemplate } from "./request.ts";
import { RequestHeads } from "./request-head.ts";
import { ResponseHeads } from "./response-heads.ts";

/** A call under way. Its object is used again for the next one. */
export interface Call {
  user: number;
  /** When it was made, or due, in ms. */
  startMs: number;
  /** `Verifier.ceiling` when it was made. */
  ceiling: number;
  hasAnswer: boolean;
}

export interface ConnectionOptions {
  readonly target: Target;
  readonly template: RequestTemplate;
  readonly timeout: string;
  /** The message of a call; `answer` is only good until the function returns. What it throws ends the connection. */
  readonly onMessage: (call: Call, answer: Answer) => void;
  /** A call ended: with status OK after its message, or because its deadline had passed. */
  readonly onEnded: (connection: Connection, call: Call, isLate: boolean) => void;
  /** A call ended with another status, or was reset. Unless it is given, that is an error. */
  readonly onRefused?: ((connection: Connection, call: Call) => void) | undefined;
  /** Once, when the connection comes to an end that `close` did not ask for. */
  readonly onError: (error: Error) => void;
}

const connectionWindow = 2 ** 30;
const outputBytes = 65_536;
const deadlineExceeded = "4";

/** The client's side of an HTTP/2 connection, for unary gRPC calls of one kind. */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #channel: Channel;
  readonly #reader = new FrameReader();
  readonly #responseHeads = new ResponseHeads();
  readonly #answer = new Answer();
  readonly #calls = new Map<number, Call>();
  readonly #output = Buffer.allocUnsafeSlow(outputBytes);
  #outputEnd = 0;
  /** Such as they may be before the peer's SETTINGS are there; no call is made before that. */
  #heads = new RequestHeads("http", "", 0);
  #nextStreamId = 1;
  #sendWindow = 65_535;
  #unacknowledged = 0;
  #streamsMax = 0;
  /** Calls that wait until the peer takes more of them: by its window, or by its bound on streams. */
  readonly #waiting: Call[] = [];
  #hasEnded: boolean = false;
  #hasSettings: () => void = () => undefined;
  readonly #settings = new Promise<void>((resolve) => {
    this.#hasSettings = resolve;
  });

  private constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#channel = openChannel(options.target, {
      onBytes: (chunk) => this.#read(chunk),
      onEnd: (error) => this.#end(error ?? new Error("the server closed the connection")),
    });
  }

  /** Settles when the server's SETTINGS are there. */
  static async open(options: ConnectionOptions): Promise<Connection> {
    const connection = new Connection(options);
    await connection.#channel.opened;
    connection.#channel.write(openingBytes(connectionWindow));
    await connection.#settings;
    return connection;
  }

  get bytesSent(): number {
    return this.#channel.bytesSent;
  }

  get bytesReceived(): number {
    return this.#channel.bytesReceived;
  }

  /** Makes a call; it goes out with the next `flush`. */
  send(call: Call): void {
    if (this.#mayPut && this.#waiting.length === 0) this.#put(call);
    else this.#waiting.push(call);
  }

  /** Writes the calls that were made. */
  flush(): void {
    if (this.#outputEnd === 0) return;
    this.#channel.write(Buffer.from(this.#output.subarray(0, this.#outputEnd)));
    this.#outputEnd = 0;
  }

  close(): void {
    this.#hasEnded = true;
    this.#channel.close();
  }

  get #mayPut(): boolean {
    const length = this.#options.template.bytes.length;
    return length <= this.#sendWindow && this.#calls.size < this.#streamsMax;
  }

  #put(call: Call): void {
    const { template } = this.#options;
    const head = this.#heads.next();
    const length = template.bytes.length;
    if (this.#outputEnd + head.length + length + 2 * frameHeaderBytes > outputBytes) this.flush();
    const id = this.#nextStreamId;
    this.#nextStreamId += 2;
    const output = this.#output;
    let at = this.#outputEnd;
    putFrameHeader(output, at, head.length, FrameType.HEADERS, Flag.END_HEADERS, id);
    output.set(head, at + frameHeaderBytes);
    at += frameHeaderBytes + head.length;
    putFrameHeader(output, at, length, FrameType.DATA, Flag.END_STREAM, id);
    this.#outputEnd = template.write(call.user, output, at + frameHeaderBytes);
    this.#sendWindow -= length;
    call.hasAnswer = false;
    this.#calls.set(id, call);
  }

  #read(chunk: Buffer): void {
    try {
      this.#reader.feed(chunk, 0);
      while (this.#reader.next()) this.#onFrame(this.#reader);
      if (this.#unacknowledged > connectionWindow / 2) {
        this.#channel.write(windowUpdate(this.#unacknowledged));
        this.#unacknowledged = 0;
      }
      this.flush();
    } catch (error) {
      this.#end(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #onFrame({ type, flags, streamId, bytes, start, end }: FrameReader): void {
    switch (type) {
      case FrameType.DATA:
        this.#unacknowledged += end - start;
        if ((flags & Flag.PADDED) !== 0) throw new Error("a DATA frame is padded");
        if (end > start) this.#onMessage(this.#callOf(streamId), bytes, start, end);
        if ((flags & Flag.END_STREAM) !== 0) throw new Error("an answer ends without trailers");
        return;
      case FrameType.HEADERS:
        this.#onHeaders(flags, streamId, bytes, start, end);
        return;
      case FrameType.SETTINGS:
        if ((flags & Flag.ACK) !== 0) return;
        this.#onSettings(bytes, start, end);
        return;
      case FrameType.PING:
        if ((flags & Flag.ACK) === 0) this.#channel.write(pingAnswer(bytes, start));
        return;
      case FrameType.WINDOW_UPDATE:
        if (streamId === 0) {
          this.#sendWindow += uint31(bytes, start);
          this.#putWaiting();
        }
        return;
      case FrameType.RST_STREAM:
        this.#onReset(streamId, uint32(bytes, start));
        return;
      case FrameType.GOAWAY:
        throw new Error(`the server sent GOAWAY with error code ${uint32(bytes, start + 4)}`);
      default:
        return;
    }
  }

  #onSettings(bytes: Buffer, start: number, end: number): void {
    const { target, timeout } = this.#options;
    const scheme = target.certificate === undefined ? "http" : "https";
    const { headerTableBytes, concurrentStreamsMax } = readSettings(bytes, start, end);
    this.#heads = new RequestHeads(scheme, timeout, headerTableBytes);
    this.#streamsMax = concurrentStreamsMax;
    this.#channel.write(settingsAck());
    this.#hasSettings();
  }

  #onHeaders(flags: number, streamId: number, bytes: Buffer, start: number, end: number): void {
    if ((flags & (Flag.PADDED | Flag.PRIORITY)) !== 0 || (flags & Flag.END_HEADERS) === 0) {
      throw new Error("a HEADERS frame is padded, has a priority or is continued");
    }
    const head = this.#responseHeads.read(bytes, start, end);
    if (head.httpStatus !== undefined && head.httpStatus !== "200") {
      throw new Error(`:status ${head.httpStatus}`);
    }
    if ((flags & Flag.END_STREAM) === 0) return;
    const call = this.#callOf(streamId);
    this.#calls.delete(streamId);
    this.#putWaiting();
    const { grpcStatus = "missing", grpcMessage } = head;
    if (grpcStatus === "0" && !call.hasAnswer) throw new Error("OK without an answer");
    if (isShed(grpcStatus) && this.#options.onRefused !== undefined) {
      this.#options.onRefused(this, call);
      return;
    }
    if (grpcStatus !== "0" && grpcStatus !== deadlineExceeded) {
      throw new Error(`grpc-status ${grpcStatus}: ${grpcMessage ?? ""}`);
    }
    this.#options.onEnded(this, call, grpcStatus === deadlineExceeded);
  }

  /** A server may give up a call whose deadline is over in this way. */
  #onReset(streamId: number, code: number): void {
    if (this.#options.onRefused === undefined) {
      throw new Error(`a call was reset with error code ${code}`);
    }
    const call = this.#calls.get(streamId);
    // Some say so of calls that they have answered.
    if (call === undefined) return;
    this.#calls.delete(streamId);
    this.#putWaiting();
    this.#options.onRefused(this, call);
  }

  /** The message must come in one frame and be followed by the trailers at once: that is what all servers do. */
  #onMessage(call: Call, bytes: Buffer, start: number, end: number): void {
    const length = uint32(bytes, start + 1);
    if (uint8(bytes, start) !== 0 || end - start !== 5 + length || call.hasAnswer) {
      throw new Error("an answer is compressed, split or not the only one");
    }
    this.#answer.read(bytes, start + 5, end);
    this.#options.onMessage(call, this.#answer);
    call.hasAnswer = true;
  }

  #callOf(streamId: number): Call {
    const call = this.#calls.get(streamId);
    if (call === undefined) throw new Error(`frame for stream ${streamId}, which is not open`);
    return call;
  }

  #putWaiting(): void {
    while (this.#waiting.length > 0 && this.#mayPut) this.#put(this.#waiting.shift() as Call);
  }

  #end(error: Error): void {
    if (this.#hasEnded) return;
    this.close();
    this.#options.onError(error);
  }
}

function isShed(grpcStatus: string): boolean {
  return grpcStatus !== "0" && grpcStatus !== deadlineExceeded;
}
