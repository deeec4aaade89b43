import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import type { JsonHandler } from "../http/main-routes.ts";
import type { WriteJson } from "../rls/json.ts";
import { endWith, type Spans } from "./spans.ts";

/** The same handler, each call with a span of its own. */
export function tracedJson(handler: JsonHandler, spans: Spans): JsonHandler {
  const attributes = { "http.request.method": "POST", "http.route": "/json" };
  return (body, headers) => {
    const header = (name: string) => {
      const value = headers[name];
      return typeof value === "string" ? value : value?.[0];
    };
    const span = spans.startCall("POST /json", SpanKind.SERVER, attributes, header);
    if (!span.isRecording()) return handler(body, headers);
    return endWith(
      span,
      spans.within(span, () => handler(body, headers)),
      ({ status }) => {
        span.setAttribute("http.response.status_code", status);
        if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
      },
    );
  };
}

/** The same writer, with the reference's span for it. The answer itself stays out: its metadata holds values of descriptors. */
export function tracedJsonWriter(write: WriteJson, spans: Spans): WriteJson {
  return (decision, request) => {
    const span = spans.startWithinKept(
      request,
      "NewJsonHandler Remaining Execution",
      SpanKind.INTERNAL,
      () => ({ response: `overall_code:${decision.overallCode}` }),
    );
    try {
      return write(decision, request);
    } finally {
      span?.end();
    }
  };
}
