import type { CounterStore } from "../counters/store.ts";
import type { Methods } from "../grpc/engine.ts";
import type { JsonHandler } from "../http/main-routes.ts";
import type { WriteJson } from "../rls/json.ts";
import type { ShouldRateLimit } from "../rls/should-rate-limit.ts";

/**
 * Wraps what a request passes, so that it leaves spans. Nothing of it is loaded while calls are not traced: this file names types
 * only, and `start-tracing.ts` loads the rest.
 */
export interface Tracing {
  /** The call itself, with its parent from the caller's headers. */
  traceMethods(methods: Methods): Methods;
  /** The decision. */
  traceService(service: ShouldRateLimit): ShouldRateLimit;
  /** The wait for the counters. */
  traceStore(store: CounterStore): CounterStore;
  /** A call of `/json`. */
  traceJson(handler: JsonHandler): JsonHandler;
  /** What is left to do for it once the decision is there. */
  traceJsonWriter(write: WriteJson): WriteJson;
  readonly counts: SpanCounts;
  /** Sends the spans that wait, for about `graceMs` at most. Never rejects. Idempotent. */
  close(graceMs: number): Promise<void>;
}

/** Spans since the start. Those that have ended and were not sent are waiting, or dropped. */
export interface SpanCounts {
  readonly ended: number;
  readonly sent: number;
}
