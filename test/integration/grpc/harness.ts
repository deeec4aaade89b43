import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";
import type { ChannelCredentials, ChannelOptions } from "@grpc/grpc-js";
import type {
  DirectHandler,
  EngineOptions,
  GrpcServer,
  ListenAddress,
  Methods,
  StartEngine,
  StreamHandler,
  UnaryHandler,
} from "../../../src/grpc/engine.ts";
import { GrpcClient } from "../../support/grpc-client.ts";

export const unaryPath = "/test.Service/Unary";
export const directPath = "/test.Service/Direct";
export const streamPath = "/test.Service/Stream";

export interface ServeOptions extends Partial<EngineOptions> {
  readonly unary?: UnaryHandler;
  readonly stream?: StreamHandler;
  /** Served under `directPath`. */
  readonly direct?: DirectHandler;
  readonly address?: ListenAddress;
}

/** One engine under test, and all that a test started with it. */
export class Harness {
  readonly #start: StartEngine;
  readonly #closers: (() => void | Promise<void>)[] = [];
  /** What the engine reported to `onError`: `path: message`. */
  readonly errors: string[] = [];

  constructor(start: StartEngine) {
    this.#start = start;
  }

  async serve({ unary, stream, direct, address, ...options }: ServeOptions): Promise<GrpcServer> {
    const methods: Methods = {
      unary: new Map(unary === undefined ? [] : [[unaryPath, unary]]),
      stream: new Map(stream === undefined ? [] : [[streamPath, stream]]),
      direct: new Map(direct === undefined ? [] : [[directPath, direct]]),
    };
    const server = await this.#start(methods, address ?? { host: "127.0.0.1", port: 0 }, {
      messageBytesMax: 4 * 2 ** 20,
      connectionAgeMaxMs: 3_600_000,
      connectionAgeGraceMs: 1000,
      concurrentStreamsMax: 1000,
      onError: (error, path) => this.errors.push(`${path}: ${String(error)}`),
      ...options,
    });
    this.#closers.push(() => server.close());
    return server;
  }

  client(
    server: GrpcServer | string,
    options?: ChannelOptions,
    trust?: ChannelCredentials,
  ): GrpcClient {
    const target = typeof server === "string" ? server : `127.0.0.1:${server.port}`;
    const client = new GrpcClient(target, options, trust);
    this.#closers.push(() => client.close());
    return client;
  }

  /** A connection on which the test writes HTTP/2 itself. */
  connection(server: GrpcServer): Http2Connection {
    const connection = new Http2Connection(server);
    this.#closers.push(() => connection.destroy());
    return connection;
  }

  async cleanUp(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close();
    this.errors.length = 0;
  }
}

export class Http2Connection {
  readonly #session: ClientHttp2Session;
  /** Error codes of the GOAWAY frames received. */
  readonly goaways: number[] = [];
  readonly closed: Promise<void>;

  constructor(server: GrpcServer) {
    this.#session = connect(`http://127.0.0.1:${server.port}`);
    this.#session.on("goaway", (code) => this.goaways.push(code));
    this.#session.on("error", () => {});
    this.closed = new Promise((resolve) => {
      this.#session.once("close", resolve);
    });
  }

  request(path: string, headers: Readonly<Record<string, string>> = {}): Http2Call {
    return new Http2Call(
      this.#session.request({
        ":method": "POST",
        ":path": path,
        te: "trailers",
        "content-type": "application/grpc",
        ...headers,
      }),
    );
  }

  destroy(): void {
    this.#session.destroy();
  }
}

export class Http2Call {
  readonly stream: ClientHttp2Stream;
  /** All bytes of the answer's DATA frames. */
  readonly body: Promise<Buffer>;
  /** Response headers and trailers as one. */
  readonly headers: Record<string, unknown> = {};

  constructor(stream: ClientHttp2Stream) {
    this.stream = stream;
    const chunks: Buffer[] = [];
    stream.on("response", (headers) => Object.assign(this.headers, headers));
    stream.on("trailers", (headers) => Object.assign(this.headers, headers));
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("error", () => {});
    this.body = new Promise((resolve) => {
      stream.once("close", () => resolve(Buffer.concat(chunks)));
    });
  }
}

/** A message with gRPC's prefix of five bytes. */
export function framed(message: Uint8Array): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

export interface Gate {
  /** Waits until `open` is called. */
  readonly opened: Promise<void>;
  open(): void;
}

export function gate(): Gate {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}
