/** A client that makes the same small call again as soon as it is answered, on so many streams of so many connections. */

import { putUint32, uint8, uint24 } from "../../src/grpc/h2/bytes.ts";
import {
  Flag,
  FrameReader,
  FrameType,
  frameHeaderBytes,
  putFrameHeader,
} from "../../src/grpc/h2/frames.ts";
import { type Channel, openChannel } from "../load/channel.ts";
import { openingBytes, settingsAck, windowUpdate } from "../load/control-frames.ts";

/** Whether every call has the same fields, or two of them are new each time, as those of tracing are. */
export type Fields = "same" | "traced";

const path = "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit";
const windowBytes = 2 ** 30;

/** A request with two descriptors, as Envoy sends it. */
const message = Buffer.from(
  "0a03726c7312210a1f0a0e72656d6f74655f61646472657373120d3139322e3136382e3130302e37" +
    "12270a0e0a0470617468120c2f6170692f6f72646572732f0a150a0475736572120d757365722d303030313233343500",
  "hex",
);

function literal(first: number, name: string, value: string): Buffer {
  return Buffer.concat([Buffer.of(first, name.length), Buffer.from(name), text(value)]);
}

function text(value: string): Buffer {
  return Buffer.concat([Buffer.of(value.length), Buffer.from(value)]);
}

/** :method POST, :scheme http, and the path as a literal beside the table, which is how nghttp2 sends it. */
const start = Buffer.concat([Buffer.of(0x83, 0x86, 0x04), text(path)]);
const constant = [
  [":authority", "ratelimit"],
  ["te", "trailers"],
  ["content-type", "application/grpc"],
  ["grpc-timeout", "20m"],
  ["x-envoy-internal", "true"],
  ["x-forwarded-for", "10.0.0.1"],
] as const;
/** Puts the constant fields into the table: 62 is the last of them. */
const firstBlock = Buffer.concat([
  start,
  ...constant.map(([name, value]) => literal(0x40, name, value)),
]);
const laterBlock = Buffer.concat([
  start,
  Buffer.from(constant.map((_, at) => 0x80 | (61 + constant.length - at))),
]);

/** So many calls with two new fields each leave the constant fields where they are in the table. */
const refillEvery = 20;

export class ClosedLoop {
  answered: number = 0;
  readonly #connections: readonly Client[];

  private constructor(connections: readonly Client[]) {
    this.#connections = connections;
  }

  static async open(port: number, connections: number, fields: Fields): Promise<ClosedLoop> {
    const loop = new ClosedLoop(
      Array.from({ length: connections }, () => new Client(port, fields, () => loop.answered++)),
    );
    await Promise.all(loop.#connections.map((each) => each.opened));
    return loop;
  }

  /** Begins to call, on so many streams of each connection. */
  start(streams: number): void {
    for (const each of this.#connections) each.call(streams);
  }

  /** One call on each connection; resolves when all are answered. */
  async callOnce(): Promise<void> {
    const expected = this.answered + this.#connections.length;
    for (const each of this.#connections) each.callOnce();
    while (this.answered < expected) await new Promise(setImmediate);
  }

  close(): void {
    for (const each of this.#connections) each.close();
  }
}

class Client {
  readonly opened: Promise<void>;
  readonly #channel: Channel;
  readonly #reader = new FrameReader();
  readonly #fields: Fields;
  readonly #onAnswer: () => void;
  #nextId: number = 1;
  #receivedBytes: number = 0;
  #traces: number = 0;
  #isOnce: boolean = false;

  constructor(port: number, fields: Fields, onAnswer: () => void) {
    this.#fields = fields;
    this.#onAnswer = onAnswer;
    this.#channel = openChannel(
      { port, certificate: undefined },
      { onBytes: (chunk) => this.#read(chunk), onEnd: () => {} },
    );
    this.opened = this.#channel.opened.then(() => this.#channel.write(openingBytes(windowBytes)));
  }

  call(count: number): void {
    const calls = Array.from({ length: count }, () => this.#frames());
    this.#channel.write(Buffer.concat(calls));
  }

  callOnce(): void {
    this.#isOnce = true;
    this.call(1);
  }

  close(): void {
    this.#channel.close();
  }

  #frames(): Buffer {
    const id = this.#nextId;
    this.#nextId += 2;
    const block = this.#block(id);
    const dataAt = frameHeaderBytes + block.length;
    const frames = Buffer.allocUnsafe(dataAt + frameHeaderBytes + 5 + message.length);
    putFrameHeader(frames, 0, block.length, FrameType.HEADERS, Flag.END_HEADERS, id);
    frames.set(block, frameHeaderBytes);
    putFrameHeader(frames, dataAt, 5 + message.length, FrameType.DATA, Flag.END_STREAM, id);
    frames[dataAt + frameHeaderBytes] = 0;
    putUint32(frames, dataAt + frameHeaderBytes + 1, message.length);
    frames.set(message, dataAt + frameHeaderBytes + 5);
    return frames;
  }

  #block(id: number): Buffer {
    if (this.#fields === "same") return id === 1 ? firstBlock : laterBlock;
    const turn = this.#traces % refillEvery;
    this.#traces += 1;
    const trace = this.#traces.toString(16).padStart(32, "0");
    // Two fields a call push the constant ones back in the table, and out of it unless they are put in again.
    const known = constant.map((_, at) => 0x80 | (61 + constant.length - at + 2 * turn));
    return Buffer.concat([
      turn === 0 ? firstBlock : Buffer.concat([start, Buffer.from(known)]),
      literal(0x40, "x-request-id", `${trace.slice(0, 8)}-1234-4321-8765-${trace.slice(20)}`),
      literal(0x40, "traceparent", `00-${trace}-00f067aa0ba902b7-01`),
    ]);
  }

  #read(chunk: Buffer): void {
    let ended = 0;
    this.#reader.feed(chunk, 0);
    while (this.#reader.next()) {
      const { type, flags, start: from, end, bytes } = this.#reader;
      if (type === FrameType.HEADERS && (flags & Flag.END_STREAM) !== 0) ended += 1;
      else if (type === FrameType.DATA) this.#receivedBytes += end - from;
      else if (type === FrameType.SETTINGS && flags === 0) this.#channel.write(settingsAck());
      else if (type === FrameType.RST_STREAM || type === FrameType.GOAWAY) {
        throw new Error(
          `the server sent ${uint24(bytes, from)} ${uint8(bytes, end - 1)} in frame ${type}`,
        );
      }
    }
    if (this.#receivedBytes > windowBytes / 4) {
      this.#channel.write(windowUpdate(this.#receivedBytes));
      this.#receivedBytes = 0;
    }
    for (let count = 0; count < ended; count += 1) this.#onAnswer();
    if (ended > 0 && !this.#isOnce) this.call(ended);
  }
}
