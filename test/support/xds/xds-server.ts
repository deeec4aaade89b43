import { join } from "node:path";
import {
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  status,
} from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

/** What a client asked, as a library other than ours reads it. */
export interface Request {
  readonly versionInfo: string;
  readonly responseNonce: string;
  readonly typeUrl: string;
  readonly resourceNames: readonly string[];
  readonly node?: { readonly id: string; readonly metadata?: unknown };
  readonly errorDetail?: { readonly code: number; readonly message: string };
}

export interface Response {
  readonly versionInfo: string;
  readonly nonce: string;
  readonly typeUrl: string;
  readonly resources: readonly Resource[];
}

/** The library keeps the names of this message as they are in its proto. */
export interface Resource {
  readonly type_url: string;
  readonly value: Uint8Array;
}

/** One stream of a client. */
export class ServerStream {
  readonly requests: Request[] = [];
  readonly headers: Readonly<Record<string, unknown>>;
  hasEnded: boolean = false;
  readonly #call: ServerDuplexStream<Request, Partial<Response>>;

  constructor(call: ServerDuplexStream<Request, Partial<Response>>) {
    this.#call = call;
    this.headers = call.metadata.getMap();
    const end = () => {
      this.hasEnded = true;
    };
    call.on("cancelled", end).on("end", end).on("error", end);
  }

  /** The request that came last. */
  get last(): Request {
    const request = this.requests.at(-1);
    if (request === undefined) throw new Error("nothing was asked yet");
    return request;
  }

  send(response: Partial<Response>): void {
    if (!this.hasEnded) this.#call.write(response);
  }

  /** @param code one of grpc-js's `status`; 0: an orderly end */
  end(code: number = status.OK, details = ""): void {
    if (code === status.OK) this.#call.end();
    else this.#call.emit("error", { code, details });
  }
}

export interface XdsServerOptions {
  /** `host:port` or `unix:/path`; `undefined`: a free port of this machine. */
  readonly address?: string;
  /** Certificate, key and, when clients have to show one, the CA of theirs. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly clientCa?: string };
  /** The paths that it serves. */
  readonly paths?: readonly string[];
  /** Called for each request, after it is in `requests`. */
  readonly onRequest?: (request: Request, stream: ServerStream) => void;
}

const adsPath = "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources";

/** An xDS server that does what a test says. */
export class XdsServer {
  /** In the order of their beginnings. */
  readonly streams: ServerStream[] = [];
  readonly #server = new Server({ "grpc.max_send_message_length": -1 });
  #port = 0;

  static async start(options: XdsServerOptions = {}): Promise<XdsServer> {
    const server = new XdsServer();
    await server.#start(options);
    return server;
  }

  get port(): number {
    return this.#port;
  }

  get target(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** The stream that began last. */
  get latest(): ServerStream {
    const stream = this.streams.at(-1);
    if (stream === undefined) throw new Error("no stream has begun yet");
    return stream;
  }

  /** At once: clients see their connection end. */
  async stop(): Promise<void> {
    this.#server.forceShutdown();
  }

  async #start({ address = "127.0.0.1:0", tls, paths = [adsPath], onRequest }: XdsServerOptions) {
    const stream = (call: ServerDuplexStream<Request, Partial<Response>>) => {
      const one = new ServerStream(call);
      this.streams.push(one);
      call.on("data", (sent: Partial<Request>) => {
        const request = { ...empty, ...sent };
        one.requests.push(request);
        onRequest?.(request, one);
      });
    };
    for (const path of paths) {
      this.#server.addService({ stream: { ...method, path } }, { stream });
    }
    this.#port = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync(address, credentialsOf(tls), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
  }
}

/** What is not sent is not there after decoding. */
const empty = { versionInfo: "", responseNonce: "", typeUrl: "", resourceNames: [] };

const protos = join(import.meta.dirname, "../../../proto");
const definitions = loadSync("discovery_services.proto", {
  includeDirs: [join(import.meta.dirname, "protos"), protos],
  defaults: false,
  arrays: true,
});
const method = (
  definitions["velocitygate.test.Discovery"] as unknown as {
    readonly Stream: MethodDefinition<Request, Partial<Response>>;
  }
).Stream;

function credentialsOf(tls: XdsServerOptions["tls"]): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure();
  const { cert, key, clientCa } = tls;
  return ServerCredentials.createSsl(
    clientCa === undefined ? null : Buffer.from(clientCa),
    [{ cert_chain: Buffer.from(cert), private_key: Buffer.from(key) }],
    clientCa !== undefined,
  );
}
