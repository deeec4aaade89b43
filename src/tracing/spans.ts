import { AsyncLocalStorage } from "node:async_hooks";
import {
  type Attributes,
  type Context,
  ROOT_CONTEXT,
  type Span,
  type SpanKind,
  SpanStatusCode,
  type TextMapGetter,
  type TextMapPropagator,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { VelocityGateError } from "../errors.ts";

/** A header of a call, by its lower-case name. */
export type HeaderOf = (name: string) => string | undefined;

const getter: TextMapGetter<HeaderOf> = { get: (header, name) => header(name), keys: () => [] };

/** Starts spans, and knows the one within which code runs. */
export class Spans {
  readonly #tracer: Tracer;
  readonly #propagator: TextMapPropagator<unknown>;
  /** Set within calls whose spans are recorded, and only there. */
  readonly #current = new AsyncLocalStorage<Context>();

  constructor(tracer: Tracer, propagator: TextMapPropagator<unknown>) {
    this.#tracer = tracer;
    this.#propagator = propagator;
  }

  /** A span for a call that came in. Most calls are not sampled, and then it does not record. */
  startCall(name: string, kind: SpanKind, attributes: Attributes, header: HeaderOf): Span {
    const parent = this.#propagator.extract(ROOT_CONTEXT, header, getter);
    return this.#tracer.startSpan(name, { kind, attributes }, parent);
  }

  /** A span within the one that code runs in; `undefined` when nothing is recorded here. */
  startWithin(name: string, kind: SpanKind, attributes: () => Attributes): Span | undefined {
    const parent = this.#current.getStore();
    if (parent === undefined) return undefined;
    return this.#tracer.startSpan(name, { kind, attributes: attributes() }, parent);
  }

  /** Has `work`, and all that follows from it, run within the span. */
  within<Result>(span: Span, work: () => Result): Result {
    return this.#current.run(trace.setSpan(ROOT_CONTEXT, span), work);
  }
}

/** Ends the span when the work ends. */
export function endWith<Result>(
  span: Span,
  work: Promise<Result>,
  onResult?: (result: Result) => void,
): Promise<Result> {
  work.then(
    (result) => {
      onResult?.(result);
      span.end();
    },
    (error: unknown) => {
      markFailed(span, error);
      span.end();
    },
  );
  return work;
}

/** Says that what the span covers failed, by the error's code: messages of others may hold what does not belong into a trace. */
export function markFailed(span: Span, error: unknown): void {
  const type = error instanceof VelocityGateError ? error.code : "INTERNAL";
  span.setAttribute("error.type", type);
  span.setStatus({ code: SpanStatusCode.ERROR, message: type });
}
