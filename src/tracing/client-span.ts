import { type Context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { createExporter } from "./exporter.ts";
import type { TracingSettings } from "./tracing-settings.ts";

/**
 * Has `call`, which is given the headers that hand the trace on, leave one span. The span is sent before this resolves or rejects as
 * the call does; when it cannot be sent, the call's end is the same.
 */
export async function inClientSpan<Result>(
  settings: TracingSettings,
  path: string,
  call: (headers: Readonly<Record<string, string>>) => Promise<Result>,
): Promise<Result> {
  const exporter = await createExporter(settings.exporter);
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ "service.name": settings.serviceName }),
    spanProcessors: [new BatchSpanProcessor({ exporter })],
  });
  const [service = "", method = ""] = path.slice(1).split("/");
  const span = provider.getTracer("velocitygate").startSpan(
    path.slice(1),
    {
      kind: SpanKind.CLIENT,
      attributes: { "rpc.system": "grpc", "rpc.service": service, "rpc.method": method },
    },
    ROOT_CONTEXT,
  );
  try {
    const result = await call(headersOf(trace.setSpan(ROOT_CONTEXT, span)));
    span.setAttribute("rpc.grpc.status_code", 0);
    return result;
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    if (typeof code === "number") span.setAttribute("rpc.grpc.status_code", code);
    span.setStatus({ code: SpanStatusCode.ERROR });
    throw error;
  } finally {
    span.end();
    await provider.shutdown().catch(() => undefined);
  }
}

function headersOf(context: Context): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  new W3CTraceContextPropagator().inject(context, headers, {
    set(carrier: Record<string, string>, name, value) {
      carrier[name] = value;
    },
  });
  return headers;
}
