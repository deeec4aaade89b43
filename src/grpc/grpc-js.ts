/**
 * The engine that runs on @grpc/grpc-js. The listening socket is ours and hands its connections to grpc-js: bind errors then name
 * the address, a drain can cut what is left at its bound (grpc-js loses track of its sessions once channelz is off), and TLS is that
 * of the other engine.
 */
import type { Server as NetServer, Socket } from "node:net";
import {
  type ConnectionInjector,
  logVerbosity,
  Server,
  ServerCredentials,
  type ServerOptions,
  setLogVerbosity,
} from "@grpc/grpc-js";
import type { EngineOptions, GrpcServer, ListenAddress, Methods, StartEngine } from "./engine.ts";
import { type GrpcJsStream, serveStream, serveUnary } from "./grpc-js-calls.ts";
import { allClosed, listen } from "./listen.ts";
import { createListener } from "./listener.ts";
import { toUnary } from "./methods.ts";
import { GrpcError, Status } from "./status.ts";

/** An Envoy that vanished without a word is noticed after this long, and its connection freed. */
const keepaliveTimeMs = 30_000;
/** gRPC's default. Much less would cut every connection whose ping was under way when this process was held up. */
const keepaliveTimeoutMs = 20_000;
/** How long a TLS handshake may take. */
const handshakeMaxMs = 10_000;
/** The longest delay of a Node timer, and grpc-js's word for «never». */
const timerMsMax = 2 ** 31 - 1;

export const startGrpcJs: StartEngine = async (methods, address, options) => {
  // The library writes to the console by default; what matters reaches `onError` or the call's status.
  setLogVerbosity(logVerbosity.NONE);
  const server = new GrpcJsServer(methods, options);
  await server.listen(address);
  return server;
};

class GrpcJsServer implements GrpcServer {
  readonly #listener: NetServer;
  readonly #stopped: Promise<void>;
  readonly #grpc: Server;
  readonly #injector: ConnectionInjector;
  readonly #sockets = new Set<Socket>();
  readonly #streams = new Set<GrpcJsStream>();
  #isDraining: boolean = false;
  #port: number | undefined;

  constructor(methods: Methods, options: EngineOptions) {
    this.#grpc = new Server(serverOptions(options));
    const direct = [...(methods.direct ?? [])].map(
      ([path, handler]) => [path, toUnary(handler)] as const,
    );
    for (const [path, handler] of new Map([...direct, ...methods.unary])) {
      this.#grpc.register(
        path,
        serveUnary(path, handler, options.onError),
        toBuffer,
        same,
        "unary",
      );
    }
    for (const [path, handler] of methods.stream) {
      const serve = serveStream(path, handler, options.onError, (stream) =>
        this.#trackStream(stream),
      );
      this.#grpc.register(path, serve, toBuffer, same, "bidi");
    }
    this.#injector = this.#grpc.createConnectionInjector(ServerCredentials.createInsecure());
    // To grpc-js a connection whose handshake is over is like one in the clear.
    this.#listener = createListener(options.tls, handshakeMaxMs, (socket) =>
      this.#injector.injectConnection(socket),
    );
    this.#stopped = new Promise((resolve) => {
      this.#listener.once("close", resolve);
    });
    this.#listener.on("connection", (socket: Socket) => this.#track(socket));
    // Out of file descriptors, say: the connection is lost, the server goes on.
    this.#listener.on("error", (error) => {
      if (this.#listener.listening) options.onError(error, "accept");
    });
  }

  get port(): number | undefined {
    return this.#port;
  }

  async listen(address: ListenAddress): Promise<void> {
    this.#port = await listen(this.#listener, address);
  }

  async drain(graceMs: number): Promise<void> {
    this.#isDraining = true;
    this.#listener.close();
    for (const stream of this.#streams) stream.end(goingAway());
    this.#grpc.tryShutdown(() => {});
    const bound = setTimeout(() => this.#destroySockets(), graceMs);
    await this.#stopped;
    await allClosed(this.#sockets);
    clearTimeout(bound);
  }

  async close(): Promise<void> {
    this.#isDraining = true;
    this.#listener.close();
    this.#grpc.forceShutdown();
    this.#destroySockets();
    await this.#stopped;
    await allClosed(this.#sockets);
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    // A reset connection is an everyday event; its calls hear of it as cancellations.
    socket.on("error", () => {});
  }

  #trackStream(stream: GrpcJsStream): void {
    if (this.#isDraining) {
      stream.end(goingAway());
      return;
    }
    this.#streams.add(stream);
    stream.onceOver(() => this.#streams.delete(stream));
  }

  #destroySockets(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

function serverOptions(options: EngineOptions): ServerOptions {
  // Its 10 % of jitter must still fit into a timer.
  const ageMs =
    options.connectionAgeMaxMs < timerMsMax / 1.1 ? options.connectionAgeMaxMs : timerMsMax;
  return {
    "grpc.max_receive_message_length": options.messageBytesMax,
    "grpc.max_concurrent_streams": options.concurrentStreamsMax,
    "grpc.max_connection_age_ms": ageMs,
    "grpc.max_connection_age_grace_ms": Math.min(options.connectionAgeGraceMs, timerMsMax),
    "grpc.keepalive_time_ms": keepaliveTimeMs,
    "grpc.keepalive_timeout_ms": keepaliveTimeoutMs,
    // Its bookkeeping costs every call something, and nobody here reads it.
    "grpc.enable_channelz": 0,
  };
}

function goingAway(): GrpcError {
  return new GrpcError(Status.UNAVAILABLE, "the server is shutting down");
}

function same(bytes: Buffer): Buffer {
  return bytes;
}

/** A view of the same memory. */
function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
