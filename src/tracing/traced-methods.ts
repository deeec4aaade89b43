import { type Attributes, type Span, SpanKind, SpanStatusCode } from "@opentelemetry/api";
import type { DirectCall, DirectHandler, Encode, Methods } from "../grpc/engine.ts";
import { GrpcError, Status } from "../grpc/status.ts";
import type { Spans } from "./spans.ts";

/** The same methods, each call of a direct one with a span of its own. */
export function tracedMethods(methods: Methods, spans: Spans): Methods {
  const direct = [...(methods.direct ?? [])].map(
    ([path, handler]) => [path, tracedHandler(path, handler, spans)] as const,
  );
  return { ...methods, direct: new Map(direct) };
}

/** Named and described as OpenTelemetry's conventions for RPC want it, and as the reference's library does. */
function tracedHandler(path: string, handler: DirectHandler, spans: Spans): DirectHandler {
  const name = path.slice(1);
  const [service = "", method = ""] = name.split("/");
  const attributes: Attributes = {
    "rpc.system": "grpc",
    "rpc.service": service,
    "rpc.method": method,
  };
  return (bytes, start, end, call) => {
    const header = (field: string) => call.header(field);
    const span = spans.startCall(name, SpanKind.SERVER, attributes, header);
    if (!span.isRecording()) {
      handler(bytes, start, end, call);
      return;
    }
    const traced = new TracedCall(call, span);
    spans.within(span, () => {
      try {
        handler(bytes, start, end, traced);
      } catch (error) {
        traced.fail(error);
      }
    });
  };
}

/** A call whose end is that of its span. */
class TracedCall implements DirectCall {
  readonly #call: DirectCall;
  readonly #span: Span;

  constructor(call: DirectCall, span: Span) {
    this.#call = call;
    this.#span = span;
  }

  get path(): string {
    return this.#call.path;
  }

  get deadlineMs(): number | undefined {
    return this.#call.deadlineMs;
  }

  header(name: string): string | undefined {
    return this.#call.header(name);
  }

  reply<T>(value: T, bytesMax: number, encode: Encode<T>): void {
    this.#call.reply(value, bytesMax, encode);
    this.#span.setAttribute(statusCode, Status.OK);
    this.#span.end();
  }

  fail(error: unknown): void {
    this.#call.fail(error);
    const status = error instanceof GrpcError ? error.status : Status.INTERNAL;
    this.#span.setAttribute(statusCode, status);
    if (isOurs.has(status)) {
      const message = error instanceof GrpcError ? error.message : "";
      this.#span.setStatus({ code: SpanStatusCode.ERROR, message });
    }
    this.#span.end();
  }
}

const statusCode = "rpc.grpc.status_code";

/** The statuses that are a failure of the server, by OpenTelemetry's conventions; the others are the caller's doing. */
const isOurs: ReadonlySet<Status> = new Set([
  Status.UNKNOWN,
  Status.DEADLINE_EXCEEDED,
  Status.UNIMPLEMENTED,
  Status.INTERNAL,
  Status.UNAVAILABLE,
]);
