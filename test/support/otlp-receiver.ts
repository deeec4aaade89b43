import { createServer, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import {
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceDefinition,
  type sendUnaryData,
} from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

/** A span as it arrived, ids in hexadecimal. */
export interface ReceivedSpan {
  readonly name: string;
  readonly kind: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Empty: it has none. */
  readonly parentId: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly resource: Readonly<Record<string, unknown>>;
  readonly status: { readonly code: string; readonly message: string };
  readonly events: readonly unknown[];
  readonly durationNs: number;
}

/** An OTLP receiver on this machine. */
export interface OtlpReceiver {
  readonly port: number;
  readonly spans: readonly ReceivedSpan[];
  /** The headers, or the metadata, of each message. */
  readonly heads: readonly Readonly<Record<string, unknown>>[];
  /** From now on messages are refused with this status (HTTP), or answered again (0). */
  refuseWith(status: number): void;
  /** From now on messages get no answer, or, let go, get one again; those that were held get none. */
  hold(isHeld: boolean): void;
  stop(): Promise<void>;
}

interface KeyValue {
  readonly key: string;
  readonly value?: Readonly<Record<string, unknown>>;
}

interface WireSpan {
  readonly name: string;
  readonly kind: string;
  readonly traceId: Buffer;
  readonly spanId: Buffer;
  readonly parentSpanId: Buffer;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly KeyValue[];
  readonly events: readonly unknown[];
  readonly status: { readonly code: string; readonly message: string } | null;
}

interface ExportRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] };
    readonly scopeSpans: readonly { readonly spans: readonly WireSpan[] }[];
  }[];
}

const service = loadSync(join(import.meta.dirname, "otlp.proto"), {
  longs: String,
  enums: String,
  defaults: true,
})["opentelemetry.proto.collector.trace.v1.TraceService"] as ServiceDefinition;

class Received {
  readonly spans: ReceivedSpan[] = [];
  readonly heads: Readonly<Record<string, unknown>>[] = [];
  refusal = 0;
  isHeld: boolean = false;

  take(request: ExportRequest, head: Readonly<Record<string, unknown>>): void {
    this.heads.push(head);
    for (const { resource, scopeSpans } of request.resourceSpans) {
      const ofService = toRecord(resource.attributes);
      for (const span of scopeSpans.flatMap(({ spans }) => spans)) {
        this.spans.push(toSpan(span, ofService));
      }
    }
  }
}

export async function startGrpcReceiver(
  credentials: ServerCredentials = ServerCredentials.createInsecure(),
): Promise<OtlpReceiver> {
  const received = new Received();
  const server = new Server();
  server.addService(service, {
    Export(call: ServerUnaryCall<ExportRequest, object>, answer: sendUnaryData<object>) {
      if (received.isHeld) return;
      if (received.refusal > 0) {
        answer({ code: received.refusal, details: "refused" });
        return;
      }
      received.take(call.request, call.metadata.getMap());
      answer(null, {});
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", credentials, (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return receiver(received, port, async () => server.forceShutdown());
}

export async function startHttpReceiver(path = "/v1/traces"): Promise<OtlpReceiver> {
  const received = new Received();
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    void readAll(request).then((body) => {
      if (received.isHeld) return;
      const isRight =
        request.method === "POST" &&
        request.url === path &&
        request.headers["content-type"] === "application/x-protobuf";
      const status = received.refusal > 0 ? received.refusal : isRight ? 200 : 404;
      if (status === 200) received.take(decode(body, request.headers), { ...request.headers });
      response.writeHead(status, { "content-type": "application/x-protobuf" }).end();
    });
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return receiver(received, port, () => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(() => resolve()));
  });
}

function receiver(received: Received, port: number, stop: () => Promise<void>): OtlpReceiver {
  return {
    port,
    spans: received.spans,
    heads: received.heads,
    refuseWith(status) {
      received.refusal = status;
    },
    hold(isHeld) {
      received.isHeld = isHeld;
    },
    stop,
  };
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function decode(body: Buffer, headers: IncomingHttpHeaders): ExportRequest {
  const plain = headers["content-encoding"] === "gzip" ? gunzipSync(body) : body;
  return service["Export"]?.requestDeserialize(plain) as ExportRequest;
}

function toSpan(span: WireSpan, resource: Readonly<Record<string, unknown>>): ReceivedSpan {
  return {
    name: span.name,
    kind: span.kind,
    traceId: span.traceId.toString("hex"),
    spanId: span.spanId.toString("hex"),
    parentId: span.parentSpanId.toString("hex"),
    attributes: toRecord(span.attributes),
    resource,
    status: span.status ?? { code: "UNSET", message: "" },
    events: span.events,
    durationNs: Number(BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano)),
  };
}

function toRecord(attributes: readonly KeyValue[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, plainValue(value)]));
}

/** Numbers are compared as numbers, whichever of its two kinds the sender took. */
function plainValue(value: KeyValue["value"]): unknown {
  const [[kind, plain] = ["", undefined]] = Object.entries(value ?? {});
  return kind === "intValue" ? Number(plain) : plain;
}
