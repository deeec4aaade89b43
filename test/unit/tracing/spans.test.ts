import { describe, expect, test } from "@jest/globals";
import { SpanStatusCode, type TextMapPropagator } from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import {
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import type { CounterStore } from "../../../src/counters/store.ts";
import { VelocityGateError } from "../../../src/errors.ts";
import type { DirectCall, DirectHandler } from "../../../src/grpc/engine.ts";
import { GrpcError, Status } from "../../../src/grpc/status.ts";
import { Spans } from "../../../src/tracing/spans.ts";
import { tracedMethods } from "../../../src/tracing/traced-methods.ts";
import { tracedService } from "../../../src/tracing/traced-service.ts";
import { tracedStore } from "../../../src/tracing/traced-store.ts";
import { decisionOf } from "../../support/decisions.ts";

const path = "/package.Service/Method";
const asked = { domain: "d", descriptors: [], hitsAddend: 0 };

function tracing() {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  const propagator: TextMapPropagator<unknown> = new W3CTraceContextPropagator();
  const spans = new Spans(provider.getTracer("test"), propagator);
  /** By name, the latest last. */
  const ended = (name: string): readonly ReadableSpan[] =>
    exporter.getFinishedSpans().filter((span) => span.name === name);
  return { spans, ended, all: () => exporter.getFinishedSpans() };
}

/** A call that notes how it ends, of a trace of its own. */
function callOf(traceId: string) {
  const ends: unknown[] = [];
  const call: DirectCall = {
    path,
    deadlineMs: undefined,
    header: (name) =>
      name === "traceparent" ? `00-${traceId.padStart(32, "0")}-00000000000000ff-01` : undefined,
    reply: (value) => void ends.push(value),
    fail: (error) => void ends.push(error),
  };
  return { call, ends };
}

function serve(spans: Spans, handler: DirectHandler, call: DirectCall): void {
  const methods = { unary: new Map(), stream: new Map(), direct: new Map([[path, handler]]) };
  tracedMethods(methods, spans).direct?.get(path)?.(Buffer.alloc(0), 0, 0, call);
}

const kind = { backend: "redis", hasPerSecond: false } as const;
const increment = { key: "k", hits: 1, ttlSeconds: 1, perSecond: false };

/** Each wait for it ends when it is told to, with a result or an error. */
function heldStore() {
  const waiting: ((outcome: readonly number[] | Error) => void)[] = [];
  const wait = () =>
    new Promise<readonly number[]>((resolve, reject) => {
      waiting.push((outcome) => (outcome instanceof Error ? reject(outcome) : resolve(outcome)));
    });
  const store: CounterStore = { incrementAll: wait, admitAll: wait, close: async () => undefined };
  return { store, waiting };
}

describe("calls that overlap", () => {
  test("keep their spans apart", async () => {
    const { spans, ended } = tracing();
    const { store, waiting } = heldStore();
    const traced = tracedStore(store, kind, spans);
    const service = tracedService((_request, asker) => {
      void traced.incrementAll([increment]).then(() => asker.answer(decisionOf([], [])));
    }, spans);
    const handler: DirectHandler = (_bytes, _start, _end, call) =>
      service(asked, {
        deadlineMs: Number.POSITIVE_INFINITY,
        answer: (decision) => call.reply(decision, 0, () => 0),
        fail: (error) => call.fail(error),
      });
    const calls = ["a", "b", "c"].map(callOf);
    for (const { call } of calls) serve(spans, handler, call);
    for (const end of waiting.toReversed()) end([1]);
    await new Promise((resolve) => setImmediate(resolve));

    expect(calls.map(({ ends }) => ends.length)).toEqual([1, 1, 1]);
    for (const name of [
      "package.Service/Method",
      "ShouldRateLimit Execution",
      "Redis Pipeline Execution",
    ]) {
      const traces = ended(name).map((span) => span.spanContext().traceId.at(-1));
      expect(new Set(traces)).toEqual(new Set(["a", "b", "c"]));
    }
    for (const span of ended("Redis Pipeline Execution")) {
      const parent = ended("ShouldRateLimit Execution").find(
        (one) => one.spanContext().spanId === span.parentSpanContext?.spanId,
      );
      expect(parent?.spanContext().traceId).toBe(span.spanContext().traceId);
    }
  });

  test("leave no span behind for work that belongs to none", () => {
    const { spans, all } = tracing();
    const { store } = heldStore();
    serve(spans, (_bytes, _start, _end, call) => call.reply(1, 0, () => 0), callOf("a").call);
    void tracedStore(store, kind, spans).incrementAll([increment]);
    expect(spans.startWithin("x", 0, () => ({}))).toBeUndefined();
    expect(all()).toHaveLength(1);
  });
});

describe("the wait for the counters", () => {
  const increments = [increment, { ...increment, perSecond: true }, increment];

  test.each([
    [
      { backend: "redis", hasPerSecond: true },
      "Redis Pipeline Execution",
      { "db.system.name": "redis", "pipeline length": 2, "perSecondPipeline length": 1 },
    ],
    [
      { backend: "redis", hasPerSecond: false },
      "Redis Pipeline Execution",
      { "db.system.name": "redis", "pipeline length": 3, "perSecondPipeline length": 0 },
    ],
    [
      { backend: "memcache", hasPerSecond: false },
      "Memcached Fetch Execution",
      { "db.system.name": "memcached", "keysToGet length": 3 },
    ],
    [{ backend: "memory", hasPerSecond: false }, "Memory Execution", { "increments length": 3 }],
  ] as const)("%j is %s", async (store, name, attributes) => {
    const { spans, ended } = tracing();
    const held = heldStore();
    const count = () => void tracedStore(held.store, store, spans).incrementAll(increments);
    serve(spans, count, callOf("a").call);
    held.waiting[0]?.([1, 1, 1]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(ended(name).map((span) => span.attributes)).toEqual([attributes]);
  });
});

describe("what fails", () => {
  test("in the store marks its span with the code, and not with the message", async () => {
    const { spans, ended } = tracing();
    const { store, waiting } = heldStore();
    const { call } = callOf("a");
    let counting: Promise<unknown> | undefined;
    serve(
      spans,
      () => {
        counting = tracedStore(store, kind, spans).admitAll([]);
      },
      call,
    );
    waiting[0]?.(new VelocityGateError("STORE_TIMEOUT", "10.0.0.1 did not answer"));
    await expect(counting).rejects.toThrow("did not answer");
    await new Promise((resolve) => setImmediate(resolve));
    const [span] = ended("Redis Pipeline Execution");
    expect(span?.status).toEqual({ code: SpanStatusCode.ERROR, message: "STORE_TIMEOUT" });
    expect(span?.events).toEqual([]);
  });

  test.each([
    [
      new GrpcError(Status.UNAVAILABLE, "no store"),
      14,
      { code: SpanStatusCode.ERROR, message: "no store" },
    ],
    [new GrpcError(Status.INVALID_ARGUMENT, "no domain"), 3, { code: SpanStatusCode.UNSET }],
    [new Error("hunter2"), 13, { code: SpanStatusCode.ERROR, message: "" }],
  ])("ends its call as ever, and its span with the status: %s", (error, code, status) => {
    const { spans, ended } = tracing();
    const { call, ends } = callOf("a");
    serve(spans, (_bytes, _start, _end, one) => one.fail(error), call);
    expect(ends).toEqual([error]);
    const [span] = ended("package.Service/Method");
    expect(span?.attributes["rpc.grpc.status_code"]).toBe(code);
    expect(span?.status).toEqual(status);
  });

  test("by throwing ends the call and its span, and nothing runs within that any longer", () => {
    const { spans, ended } = tracing();
    const { call, ends } = callOf("a");
    const error = new Error("thrown");
    const handler: DirectHandler = () => {
      throw error;
    };
    serve(spans, handler, call);
    expect(ends).toEqual([error]);
    expect(ended("package.Service/Method")).toHaveLength(1);
    expect(spans.startWithin("x", 0, () => ({}))).toBeUndefined();
  });
});
