import { SpanKind } from "@opentelemetry/api";
import type { ShouldRateLimit } from "../rls/should-rate-limit.ts";
import { requestText } from "./request-text.ts";
import { markFailed, type Spans } from "./spans.ts";

/** The same service, each decision with the span that the reference gives it. */
export function tracedService(service: ShouldRateLimit, spans: Spans): ShouldRateLimit {
  return (request, asker) => {
    const span = spans.startWithin("ShouldRateLimit Execution", SpanKind.INTERNAL, () => ({
      domain: request.domain.toWellFormed(),
      "request string": requestText(request).toWellFormed(),
    }));
    if (span === undefined) {
      service(request, asker);
      return;
    }
    spans.keep(request);
    spans.within(span, () =>
      service(request, {
        deadlineMs: asker.deadlineMs,
        answer(decision) {
          span.setAttribute("overall_code", decision.overallCode);
          span.end();
          asker.answer(decision);
        },
        fail(error) {
          markFailed(span, error);
          span.end();
          asker.fail(error);
        },
      }),
    );
  };
}
