import {
  type ChannelCredentials,
  type ChannelOptions,
  Client,
  type ClientDuplexStream,
  credentials,
  Metadata,
  type ServiceError,
  type StatusObject,
} from "@grpc/grpc-js";

export interface AskOptions {
  /** Milliseconds since the epoch. */
  readonly deadlineMs?: number;
  readonly headers?: Readonly<Record<string, string | Buffer>>;
  readonly signal?: AbortSignal;
}

/** A gRPC client that knows no messages, only their bytes; it has a connection of its own. */
export class GrpcClient {
  readonly #client: Client;

  /** @param target `127.0.0.1:8081` or `unix:/path` */
  constructor(
    target: string,
    options: ChannelOptions = {},
    trust: ChannelCredentials = credentials.createInsecure(),
  ) {
    this.#client = new Client(target, trust, {
      "grpc.use_local_subchannel_pool": 1,
      ...options,
    });
  }

  /** @throws (rejects) grpc-js's ServiceError, with `code` and `details` */
  ask(path: string, request: Uint8Array, options: AskOptions = {}): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const call = this.#client.makeUnaryRequest(
        path,
        toBuffer,
        same,
        request,
        toMetadata(options),
        toCallOptions(options),
        (error: ServiceError | null, answer?: Buffer) => {
          if (error === null && answer !== undefined) resolve(answer);
          else reject(error ?? new Error("neither an answer nor an error"));
        },
      );
      options.signal?.addEventListener("abort", () => call.cancel());
    });
  }

  /** A stream in both directions; nothing is read from it before `read`. */
  stream(path: string, options: AskOptions = {}): TestStream {
    return new TestStream(
      this.#client.makeBidiStreamRequest(
        path,
        toBuffer,
        same,
        toMetadata(options),
        toCallOptions(options),
      ),
    );
  }

  close(): void {
    this.#client.close();
  }
}

export class TestStream {
  readonly #call: ClientDuplexStream<Uint8Array, Buffer>;
  /** What has arrived since `read`. */
  readonly messages: Buffer[] = [];
  /** How the call ended; never rejects. */
  readonly status: Promise<StatusObject>;

  constructor(call: ClientDuplexStream<Uint8Array, Buffer>) {
    this.#call = call;
    this.status = new Promise((resolve) => {
      call.on("status", resolve);
    });
    // The status says it all.
    call.on("error", () => {});
  }

  read(): this {
    this.#call.on("data", (message: Buffer) => this.messages.push(message));
    return this;
  }

  send(message: Uint8Array): this {
    this.#call.write(message);
    return this;
  }

  halfClose(): this {
    this.#call.end();
    return this;
  }

  cancel(): void {
    this.#call.cancel();
  }
}

function toMetadata({ headers = {} }: AskOptions): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.add(name, value);
  return metadata;
}

function toCallOptions({ deadlineMs }: AskOptions) {
  return deadlineMs === undefined ? {} : { deadline: deadlineMs };
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes);
}

function same(bytes: Buffer): Buffer {
  return bytes;
}
