import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from "node:http2";
import { afterEach, describe, expect, test } from "@jest/globals";
import type { DirectHandler, GrpcServer } from "../../../src/grpc/engine.ts";
import { startH2Server } from "../../../src/grpc/h2/server.ts";
import { GrpcError, Status } from "../../../src/grpc/status.ts";
import { eventually } from "../../support/eventually.ts";
import { message, unaryPath } from "../../support/h2/frames.ts";
import { RawClient } from "../../support/h2/raw-client.ts";

/** Answers with its request; a request of no bytes with a status. */
const echo: DirectHandler = (bytes, start, end, call) => {
  if (start === end) throw new GrpcError(Status.NOT_FOUND, "nothing");
  const copy = Buffer.from(bytes.subarray(start, end));
  call.reply(copy, copy.length, (value, into, at) => at + value.copy(into, at));
};

describe("clients on sockets", () => {
  const closers: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  async function start(options = {}): Promise<GrpcServer> {
    const server = await startH2Server(
      { unary: new Map(), stream: new Map(), direct: new Map([[unaryPath, echo]]) },
      { host: "127.0.0.1", port: 0 },
      {
        messageBytesMax: 2 ** 20,
        connectionAgeMaxMs: 3_600_000,
        connectionAgeGraceMs: 1000,
        concurrentStreamsMax: 100,
        onError: (error) => {
          throw error;
        },
      },
      options,
    );
    closers.push(() => server.close());
    return server;
  }

  async function open(server: GrpcServer): Promise<RawClient> {
    const client = await RawClient.greeted(server.port ?? 0);
    closers.push(() => client.destroy());
    return client;
  }

  test("Node's decoder reads our header blocks, whatever table it allows and whenever it changes", async () => {
    const server = await start();
    const session = connect(`http://127.0.0.1:${server.port}`, {
      settings: { headerTableSize: 0 },
    });
    closers.push(() => session.destroy());
    for (const headerTableSize of [0, 4096, 60, 104, 103, 1000, 0, 65_536, 4096]) {
      await new Promise<void>((resolve) => session.settings({ headerTableSize }, () => resolve()));
      for (const content of ["a", "", "b"]) {
        const { headers, trailers, body } = await request(session, message(content));
        expect(headers).toMatchObject({ ":status": 200, "content-type": "application/grpc" });
        if (content === "")
          expect(headers).toMatchObject({ "grpc-status": "5", "grpc-message": "nothing" });
        else
          expect({ trailers, body }).toMatchObject({
            trailers: { "grpc-status": "0" },
            body: message(content),
          });
      }
    }
  });

  test("a peer that does not read is not read from for ever", async () => {
    const server = await start({ limits: { unreadOutputBytesMax: 100_000 } });
    const client = await open(server);
    client.send(Buffer.from("000006040000000000", "hex"), Buffer.from("00047fffffff", "hex"));
    client.send(Buffer.from("0000040800000000007fff0000", "hex"));
    client.pause();
    const frames = Array.from({ length: 4000 }, (_, at) => bigCall(2 * at + 1));
    for (let at = 0; at < frames.length; at += 100) client.send(...frames.slice(at, at + 100));
    // 4,000 answers of 15 kB are more than all buffers on the way hold; when the peer reads again, they come.
    await eventually(
      hasStopped(() => client.unsentBytes),
      { intervalMs: 50 },
    );
    expect(client.answers.on(7999).isComplete).toBe(false);
    client.resume();
    await eventually(() => client.answers.on(7999).isComplete, { timeoutMs: 20_000 });
    expect(client.answers.body(7999)).toHaveLength(15_005);
  }, 30_000);

  test("no more connections are taken than allowed", async () => {
    const server = await start({ limits: { connectionsMax: 2 } });
    await open(server);
    await open(server);
    const third = await RawClient.open(server.port ?? 0);
    closers.push(() => third.destroy());
    await third.untilClosed();
  });
});

/** Whether something is left and does not change any more. */
function hasStopped(read: () => number): () => boolean {
  let last = 0;
  return () => {
    const before = last;
    last = read();
    return last > 0 && last === before;
  };
}

interface Got {
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders;
  readonly body: Buffer;
}

function request(session: ClientHttp2Session, body: Buffer): Promise<Got> {
  const stream = session.request({
    ":method": "POST",
    ":path": unaryPath,
    te: "trailers",
    "content-type": "application/grpc",
  });
  let headers: IncomingHttpHeaders = {};
  let trailers: IncomingHttpHeaders = {};
  const chunks: Buffer[] = [];
  stream.on("response", (got) => {
    headers = got;
  });
  stream.on("trailers", (got) => {
    trailers = got;
  });
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  stream.end(body);
  return new Promise((resolve, reject) => {
    stream.once("error", reject);
    stream.once("close", () => resolve({ headers, trailers, body: Buffer.concat(chunks) }));
  });
}

const bigMessage = message(Buffer.alloc(15_000, "x"));

function bigCall(streamId: number): Buffer {
  const head = Buffer.concat([
    Buffer.of(0x83, 0x86, 0x04, unaryPath.length),
    Buffer.from(unaryPath),
    Buffer.of(0x0f, 0x10, 16),
    Buffer.from("application/grpc"),
  ]);
  const frames = Buffer.alloc(18 + head.length + bigMessage.length);
  frames.writeUIntBE(head.length, 0, 3);
  frames.writeUInt16BE(0x0104, 3);
  frames.writeUInt32BE(streamId, 5);
  frames.set(head, 9);
  frames.writeUIntBE(bigMessage.length, 9 + head.length, 3);
  frames.writeUInt16BE(0x0001, 12 + head.length);
  frames.writeUInt32BE(streamId, 14 + head.length);
  frames.set(bigMessage, 18 + head.length);
  return frames;
}
