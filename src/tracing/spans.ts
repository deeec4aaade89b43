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

/**
 * Starts spans, and knows the one within which code runs, as far as it runs without a pause: a call reaches the store without one, and
 * afterwards has its request (`keep`). To follow code through its pauses is what AsyncLocalStorage does; before Node 24 it makes every
 * promise of the process dearer, which would cost a decision several times what a span does.
 */
export class Spans {
  readonly #tracer: Tracer;
  readonly #propagator: TextMapPropagator<unknown>;
  readonly #kept = new WeakMap<object, Context>();
  /** Set within calls whose spans are recorded, and only there. */
  #current: Context | undefined;

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
    return this.#start(this.#current, name, kind, attributes);
  }

  /** A span within the one that code ran in when `key` was kept; `undefined` when nothing was recorded there. */
  startWithinKept(
    key: object,
    name: string,
    kind: SpanKind,
    attributes: () => Attributes,
  ): Span | undefined {
    return this.#start(this.#kept.get(key), name, kind, attributes);
  }

  /** Remembers the span that code runs in, for as long as `key` lives. */
  keep(key: object): void {
    if (this.#current !== undefined) this.#kept.set(key, this.#current);
  }

  /** Has `work` run within the span, up to its first pause. */
  within<Result>(span: Span, work: () => Result): Result {
    const before = this.#current;
    this.#current = trace.setSpan(ROOT_CONTEXT, span);
    try {
      return work();
    } finally {
      this.#current = before;
    }
  }

  #start(
    parent: Context | undefined,
    name: string,
    kind: SpanKind,
    attributes: () => Attributes,
  ): Span | undefined {
    if (parent === undefined) return undefined;
    return this.#tracer.startSpan(name, { kind, attributes: attributes() }, parent);
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
