import { SpanKind } from "@opentelemetry/api";
import type { ShouldRateLimit } from "../rls/should-rate-limit.ts";
import { requestText } from "./request-text.ts";
import { endWith, type Spans } from "./spans.ts";

/** The same service, each decision with the span that the reference gives it. */
export function tracedService(service: ShouldRateLimit, spans: Spans): ShouldRateLimit {
  return (request) => {
    const span = spans.startWithin("ShouldRateLimit Execution", SpanKind.INTERNAL, () => ({
      domain: request.domain.toWellFormed(),
      "request string": requestText(request).toWellFormed(),
    }));
    if (span === undefined) return service(request);
    spans.keep(request);
    return endWith(
      span,
      spans.within(span, () => service(request)),
      ({ overallCode }) => span.setAttribute("overall_code", overallCode),
    );
  };
}
