import type {
  handleBidiStreamingCall,
  handleUnaryCall,
  Metadata,
  ServerDuplexStream,
  ServerUnaryCall,
  StatusObject,
} from "@grpc/grpc-js";
import type { Call, EngineOptions, StreamCall, StreamHandler, UnaryHandler } from "./engine.ts";
import { GrpcError, Status } from "./status.ts";

type OnError = EngineOptions["onError"];

/** A unary handler as grpc-js wants it. An answer to a call that is already over goes nowhere, which grpc-js sees to. */
export function serveUnary(
  path: string,
  handler: UnaryHandler,
  onError: OnError,
): handleUnaryCall<Buffer, Uint8Array> {
  return async (call, respond) => {
    let answer: Uint8Array;
    try {
      answer = await handler(call.request, new GrpcJsCall(path, call));
    } catch (error) {
      respond(toStatus(error, path, onError));
      return;
    }
    respond(null, answer);
  };
}

/** A stream handler as grpc-js wants it; `onStart` hears of each stream once its listener is there. */
export function serveStream(
  path: string,
  handler: StreamHandler,
  onError: OnError,
  onStart: (stream: GrpcJsStream) => void,
): handleBidiStreamingCall<Buffer, Uint8Array> {
  return (call) => {
    const stream = new GrpcJsStream(path, call, onError);
    stream.start(handler);
    onStart(stream);
  };
}

class GrpcJsCall implements Call {
  readonly path: string;
  readonly deadlineMs: number | undefined;
  readonly #metadata: Metadata;

  constructor(path: string, call: GrpcJsUnary | GrpcJsDuplex) {
    const deadlineMs = Number(call.getDeadline());
    this.path = path;
    this.deadlineMs = Number.isFinite(deadlineMs) ? deadlineMs : undefined;
    this.#metadata = call.metadata;
  }

  header(name: string): string | undefined {
    const value = this.#metadata.get(name)[0];
    return Buffer.isBuffer(value) ? value.toString("base64") : value;
  }
}

type GrpcJsUnary = ServerUnaryCall<Buffer, Uint8Array>;
type GrpcJsDuplex = ServerDuplexStream<Buffer, Uint8Array>;

/** A stream between its grpc-js call and its handler. */
export class GrpcJsStream extends GrpcJsCall implements StreamCall {
  readonly #call: GrpcJsDuplex;
  readonly #onError: OnError;
  #hasEnded: boolean = false;

  constructor(path: string, call: GrpcJsDuplex, onError: OnError) {
    super(path, call);
    this.#call = call;
    this.#onError = onError;
  }

  start(handler: StreamHandler): void {
    const listener = this.#guard(() => handler(this)) ?? {};
    this.#call.on("data", (message) => this.#tell(() => listener.onMessage?.(message)));
    this.#call.on("end", () => this.#tell(() => listener.onHalfClose?.()));
    this.#call.on("drain", () => this.#tell(() => listener.onDrain?.()));
    this.onceOver(() => {
      this.#hasEnded = true;
      this.#guard(() => listener.onEnd?.());
    });
  }

  /** Calls `listener` when the status is sent or the peer is gone: grpc-js says «cancelled» for both. */
  onceOver(listener: () => void): void {
    this.#call.once("cancelled", listener);
  }

  write(message: Uint8Array): boolean {
    return this.#hasEnded || this.#call.write(message);
  }

  end(error?: Error): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    if (error === undefined) this.#call.end();
    else this.#call.emit("error", toStatus(error, this.path, this.#onError));
  }

  #tell(callback: () => void): void {
    if (!this.#hasEnded) this.#guard(callback);
  }

  /** What a handler throws ends its stream as it would end a unary call. */
  #guard<Result>(callback: () => Result): Result | undefined {
    try {
      return callback();
    } catch (error) {
      if (this.#hasEnded) this.#onError(error, this.path);
      else this.end(error instanceof Error ? error : new Error(String(error)));
      return undefined;
    }
  }
}

function toStatus(error: unknown, path: string, onError: OnError): Partial<StatusObject> {
  if (error instanceof GrpcError) {
    // Percent-encoding refuses lone surrogates.
    return { code: error.status, details: error.message.toWellFormed() };
  }
  onError(error, path);
  return { code: Status.INTERNAL, details: "" };
}
