import { type ClientHttp2Session, connect, sensitiveHeaders } from "node:http2";
import { createServer, type Server, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { Field } from "../../../src/grpc/h2/fields.ts";
import { Flag, FrameReader, FrameType } from "../../../src/grpc/h2/frames.ts";
import { HeaderDecoder } from "../../../src/grpc/h2/hpack.ts";
import { Setting } from "../../../src/grpc/h2/settings.ts";
import { eventually } from "../../support/eventually.ts";
import { settings, settingsAck } from "../../support/h2/frames.ts";

type Pair = readonly [name: string, value: string];

/** A server that understands nothing but the header blocks of its client, which is Node's: nghttp2 has encoded them. */
class BlockReader {
  readonly lists: Pair[][] = [];
  readonly #server: Server;
  readonly #reader = new FrameReader();
  readonly #decoder = new HeaderDecoder();
  #socket: Socket | undefined;
  #prefaceLeft: number = 24;
  /** Acknowledgements of our settings. */
  acks: number = 0;

  constructor() {
    this.#server = createServer((socket) => {
      this.#socket = socket;
      socket.on("error", () => {});
      socket.on("data", (chunk: Buffer) => this.#take(chunk));
      socket.write(settings());
    });
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    const address = this.#server.address();
    return typeof address === "object" ? (address?.port ?? 0) : 0;
  }

  /** The client's encoder may use this much of the table from now on. */
  async setTableBytes(bytes: number): Promise<void> {
    const before = this.acks;
    this.#socket?.write(settings([Setting.HEADER_TABLE_SIZE, bytes]));
    await eventually(() => this.acks > before, { intervalMs: 1 });
  }

  close(): void {
    this.#socket?.destroy();
    this.#server.close();
  }

  #take(chunk: Buffer): void {
    const skipped = Math.min(this.#prefaceLeft, chunk.length);
    this.#prefaceLeft -= skipped;
    this.#reader.feed(chunk, skipped);
    while (this.#reader.next()) {
      const { type, flags, bytes, start, end } = this.#reader;
      if (type === FrameType.SETTINGS && (flags & Flag.ACK) !== 0) this.acks += 1;
      else if (type === FrameType.SETTINGS) this.#socket?.write(settingsAck());
      if (type !== FrameType.HEADERS) continue;
      const fields: Field[] = [];
      // Node sets no padding, and a priority of five bytes in front of each block.
      const from = (flags & Flag.PRIORITY) === 0 ? start : start + 5;
      this.#decoder.decode(bytes, from, end, fields, 65_536);
      this.lists.push(fields.map(({ name, value }) => [name, value] as const));
    }
  }
}

const name = fc.oneof(
  fc.constantFrom("accept", "user-agent", "via", "x-request-id", "traceparent", "grpc-timeout"),
  fc.stringMatching(/^x-[a-z0-9_.-]{0,20}$/),
);
const value = fc.oneof(
  fc.constantFrom("", "trailers", "20m", "application/grpc", "gzip, deflate"),
  fc.stringMatching(/^[!-~]([ -~]{0,60}[!-~])?$/),
  fc.stringMatching(/^[a-z0-9]{300,400}$/),
);
const list = fc.uniqueArray(fc.tuple(name, value, fc.boolean()), {
  selector: ([each]) => each,
  maxLength: 12,
});
/** What a table may hold, and the requests that follow. */
const rounds = fc.array(
  fc.record({
    tableBytes: fc.constantFrom(0, 60, 500, 4096),
    lists: fc.array(list, { maxLength: 8 }),
  }),
  {
    maxLength: 4,
  },
);

describe("header blocks of another implementation", () => {
  const closers: (() => void)[] = [];
  afterEach(() => {
    for (const close of closers.splice(0).reverse()) close();
  });

  async function open(): Promise<{ reader: BlockReader; session: ClientHttp2Session }> {
    const reader = new BlockReader();
    const session = connect(`http://127.0.0.1:${await reader.listen()}`);
    session.on("error", () => {});
    closers.push(
      () => reader.close(),
      () => session.destroy(),
    );
    await eventually(() => reader.acks > 0, { intervalMs: 1 });
    return { reader, session };
  }

  test("are decoded to the fields that it was given, whatever it puts into the table", async () => {
    const { reader, session } = await open();
    await fc.assert(
      fc.asyncProperty(rounds, async (all) => {
        for (const { tableBytes, lists } of all) {
          await reader.setTableBytes(tableBytes);
          for (const fields of lists) {
            reader.lists.length = 0;
            request(session, fields);
            await eventually(() => reader.lists.length === 1, { intervalMs: 1 });
            const got = reader.lists[0]?.filter(([each]) => !each.startsWith(":"));
            expect(new Map(got)).toEqual(new Map(fields.map(([each, text]) => [each, text])));
          }
        }
      }),
      { numRuns: 40 },
    );
  }, 60_000);
});

/** A request with these fields, the third of each telling whether it is never to be indexed. */
function request(
  session: ClientHttp2Session,
  fields: readonly (readonly [string, string, boolean])[],
): void {
  const stream = session.request({
    ":method": "POST",
    ":path": "/x",
    ...Object.fromEntries(fields),
    [sensitiveHeaders]: fields.filter(([, , isSensitive]) => isSensitive).map(([each]) => each),
  });
  stream.on("error", () => {});
  stream.close();
}
