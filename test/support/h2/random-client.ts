/**
 * A client that knows HTTP/2 and does what it likes within it: it opens streams, sends messages in pieces, cancels, trails, changes
 * settings and windows. What it sends is valid, so that a mutation of it is nearly so.
 */

import { Flag, FrameType } from "../../../src/grpc/h2/frames.ts";
import { Setting } from "../../../src/grpc/h2/settings.ts";
import {
  block,
  continuation,
  data,
  type Fields,
  frame,
  goAway,
  headers,
  indexedBlock,
  integer,
  lastData,
  lastHeaders,
  message,
  ping,
  pingAck,
  priority,
  requestFields,
  rstStream,
  settings,
  settingsAck,
  windowUpdate,
} from "./frames.ts";
import type { Random } from "./random.ts";

interface OpenStream {
  readonly id: number;
  /** What of its body is still to be sent. */
  body: Buffer;
}

export class RandomClient {
  readonly #random: Random;
  readonly #paths: readonly string[];
  readonly #open: OpenStream[] = [];
  #nextId: number = 1;
  /** Fields that this client has put into the dynamic table. */
  #indexed: number = 0;

  constructor(random: Random, paths: readonly string[]) {
    this.#random = random;
    this.#paths = paths;
  }

  /** The next frame or few. */
  next(): readonly Buffer[] {
    const random = this.#random;
    const choice = random.int(100);
    if (choice < 30) return this.#wholeCall();
    if (choice < 42) return this.#openStream();
    if (choice < 70) return this.#goOn();
    if (choice < 76) return [windowUpdate(0, 1 + random.int(70_000))];
    if (choice < 82) return this.#ofAnyStream((id) => windowUpdate(id, 1 + random.int(70_000)));
    if (choice < 86) return this.#cancel();
    if (choice < 90) return [random.once(2) ? ping() : pingAck()];
    if (choice < 93) return [this.#settings()];
    if (choice < 95) return this.#ofAnyStream((id) => priority(id + 2 * random.int(9), id + 100));
    if (choice < 97)
      return [frame(0x20 + random.int(200), random.int(256), random.int(99), random.bytes(9))];
    if (choice < 98) return [goAway(0, random.int(20))];
    return [settingsAck()];
  }

  #wholeCall(): readonly Buffer[] {
    const id = this.#newId();
    const body = this.#body();
    return [...this.#headers(id, false), ...cut(body, id, true)];
  }

  #openStream(): readonly Buffer[] {
    const id = this.#newId();
    const isEnd = this.#random.once(12);
    if (!isEnd) this.#open.push({ id, body: this.#body() });
    return this.#headers(id, isEnd);
  }

  /** Sends a piece of a body, or the last one. */
  #goOn(): readonly Buffer[] {
    if (this.#open.length === 0) return this.#openStream();
    const index = this.#random.int(this.#open.length);
    const stream = this.#open[index] as OpenStream;
    const length = Math.min(stream.body.length, this.#random.int(200), 16_384);
    const piece = stream.body.subarray(0, length);
    stream.body = stream.body.subarray(length);
    const isEnd = stream.body.length === 0;
    if (isEnd) this.#open.splice(index, 1);
    if (isEnd && this.#random.once(4))
      return [data(stream.id, piece), lastHeaders(stream.id, [["x", "y"]])];
    if (this.#random.once(6)) return [this.#padded(stream.id, piece, isEnd)];
    return [isEnd ? lastData(stream.id, piece) : data(stream.id, piece)];
  }

  #cancel(): readonly Buffer[] {
    if (this.#open.length === 0 || this.#random.once(2)) {
      return this.#ofAnyStream((id) => rstStream(id, this.#random.int(14)));
    }
    const [stream] = this.#open.splice(this.#random.int(this.#open.length), 1);
    return [rstStream(stream?.id ?? 1)];
  }

  #padded(id: number, piece: Buffer, isEnd: boolean): Buffer {
    const padding = this.#random.int(20);
    const flags = Flag.PADDED | (isEnd ? Flag.END_STREAM : 0);
    const payload = Buffer.concat([Buffer.of(padding), piece, Buffer.alloc(padding)]);
    return frame(FrameType.DATA, flags, id, payload);
  }

  #ofAnyStream(make: (id: number) => Buffer): readonly Buffer[] {
    if (this.#nextId === 1) return this.#wholeCall();
    return [make(1 + 2 * this.#random.int((this.#nextId - 1) / 2))];
  }

  #settings(): Buffer {
    const random = this.#random;
    return settings(
      random.pick([
        [Setting.INITIAL_WINDOW_SIZE, random.int(100_000)],
        [Setting.HEADER_TABLE_SIZE, random.int(9000)],
        [Setting.MAX_FRAME_SIZE, 16_384 + random.int(9000)],
        [Setting.ENABLE_PUSH, random.int(2)],
        [random.int(0xfff0) + 7, random.int(99)],
      ] as const),
    );
  }

  #newId(): number {
    const id = this.#nextId;
    this.#nextId += this.#random.once(50) ? 4 : 2;
    return id;
  }

  /** One message, or none, or a few; long ones now and then. */
  #body(): Buffer {
    const random = this.#random;
    const count = random.once(8) ? random.int(4) : 1;
    const one = () =>
      message(Buffer.alloc(random.once(20) ? random.int(5000) : random.int(60), "m"));
    return Buffer.concat(Array.from({ length: count }, one));
  }

  #headers(id: number, isEnd: boolean): readonly Buffer[] {
    const random = this.#random;
    const fields = this.#fields();
    if (random.once(3)) return [isEnd ? lastHeaders(id, fields) : headers(id, fields)];
    const bytes = this.#block(fields);
    const endStream = isEnd ? Flag.END_STREAM : 0;
    if (random.once(4) && bytes.length > 2) {
      const at = random.int(bytes.length);
      const first = frame(FrameType.HEADERS, endStream, id, bytes.subarray(0, at));
      return [first, continuation(id, bytes.subarray(at), true)];
    }
    if (random.once(5)) {
      const withPriority = Buffer.concat([Buffer.of(0, 0, 0, 0, 9), bytes]);
      return [
        frame(FrameType.HEADERS, Flag.END_HEADERS | Flag.PRIORITY | endStream, id, withPriority),
      ];
    }
    return [frame(FrameType.HEADERS, Flag.END_HEADERS | endStream, id, bytes)];
  }

  #fields(): Fields {
    const random = this.#random;
    const more: (readonly [string, string])[] = [];
    if (random.once(3))
      more.push(["grpc-timeout", `${random.int(50)}${random.pick(["m", "u", "S"])}`]);
    if (random.once(4)) more.push(["x-request-id", String(random.next())]);
    if (random.once(30)) more.push(["grpc-encoding", random.pick(["gzip", "identity", "x"])]);
    if (random.once(40)) more.push(["content-length", String(random.int(50))]);
    return requestFields(random.pick(this.#paths), ...more);
  }

  /** Literals, some of them into the table, and fields out of it that do no harm. */
  #block(fields: Fields): Buffer {
    const random = this.#random;
    if (!random.once(3)) return block(fields);
    const parts = [block(fields)];
    if (random.once(2)) {
      parts.push(indexedBlock([["x-indexed", "v".repeat(random.int(40))]]));
      this.#indexed += 1;
    }
    if (this.#indexed > 0 && random.once(2)) parts.push(integer(0x80, 7, 62));
    if (random.once(9)) parts.unshift(integer(0x20, 5, 4096));
    return Buffer.concat(parts);
  }
}

/** A body as one DATA frame, or as several when it is too long for one. */
function cut(body: Buffer, id: number, isEnd: boolean): readonly Buffer[] {
  const frames: Buffer[] = [];
  let rest = body;
  for (; rest.length > 16_384; rest = rest.subarray(16_384))
    frames.push(data(id, rest.subarray(0, 16_384)));
  frames.push(isEnd ? lastData(id, rest) : data(id, rest));
  return frames;
}
