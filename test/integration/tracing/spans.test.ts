import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { eventually } from "../../support/eventually.ts";
import {
  type OtlpReceiver,
  startGrpcReceiver,
  startHttpReceiver,
} from "../../support/otlp-receiver.ts";
import { sharedRedis } from "../../support/shared-redis.ts";
import {
  descriptorValue,
  newTrace,
  spanNames,
  spansOf,
  TracedGate,
} from "../../support/traced-gate.ts";

const { call, decision, redis } = spanNames;

describe.each([
  ["grpc", "1", "false"],
  ["http", "1", "true"],
  ["grpc", "2", "false"],
] as const)("spans over %s, with %s worker(s)", (protocol, workers, countsOnlyAdmitted) => {
  let receiver: OtlpReceiver;
  let traced: TracedGate;

  beforeAll(async () => {
    receiver = await (protocol === "grpc" ? startGrpcReceiver() : startHttpReceiver());
    const { host, port } = sharedRedis().single;
    traced = await TracedGate.start(`http://127.0.0.1:${receiver.port}`, {
      TRACING_EXPORTER_PROTOCOL: protocol,
      TRACING_SERVICE_NAME: "gate",
      TRACING_SERVICE_NAMESPACE: "tests",
      OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=test,service.name=ignored",
      OTEL_EXPORTER_OTLP_HEADERS: "x-tenant=blue%20team",
      OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
      TRACING_SAMPLING_RATE: "0",
      BACKEND_TYPE: "redis",
      REDIS_URL: `${host}:${port}`,
      REDIS_PERSECOND: "true",
      REDIS_PERSECOND_URL: `${host}:${port}`,
      WORKERS: workers,
      STOP_CACHE_KEY_INCREMENT_WHEN_OVERLIMIT: countsOnlyAdmitted,
      GRPC_ENGINE: protocol === "http" ? "grpc-js" : "h2",
      CACHE_KEY_PREFIX: randomBytes(6).toString("hex"),
    });
  });
  afterAll(async () => {
    await traced.stop();
    await receiver.stop();
  });

  test("have the caller's span as their parent, and the reference's names and attributes", async () => {
    const { trace, parent, traceparent } = newTrace();
    await traced.ask({ traceparent }, { keys: ["user", "burst", "x"] });
    const spans = await spansOf(receiver, trace, 3);
    expect(spans.get(call)).toMatchObject({
      kind: "SERVER",
      parentId: parent,
      status: { code: "UNSET" },
      attributes: {
        "rpc.system": "grpc",
        "rpc.service": "envoy.service.ratelimit.v3.RateLimitService",
        "rpc.method": "ShouldRateLimit",
        "rpc.grpc.status_code": 0,
      },
    });
    expect(spans.get(decision)).toMatchObject({
      kind: "INTERNAL",
      parentId: spans.get(call)?.spanId,
      attributes: {
        domain: "traced",
        "request string":
          'domain:"traced" descriptors:{entries:{key:"user"}} descriptors:{entries:{key:"burst"}} descriptors:{entries:{key:"x"}}',
        overall_code: "OK",
      },
    });
    expect(spans.get(redis)).toMatchObject({
      kind: "CLIENT",
      parentId: spans.get(decision)?.spanId,
      attributes: {
        "db.system.name": "redis",
        "pipeline length": 1,
        "perSecondPipeline length": 1,
      },
    });
    const durations = [call, decision, redis].map((name) => spans.get(name)?.durationNs ?? 0);
    expect(durations.toSorted((a, b) => b - a)).toEqual(durations);
    expect(durations[2]).toBeGreaterThan(0);
  });

  test("name the service, and come with the headers that the receiver wants", async () => {
    const { trace, traceparent } = newTrace();
    await traced.ask({ traceparent });
    const span = (await spansOf(receiver, trace, 3)).get(call);
    expect(span?.resource).toMatchObject({
      "service.name": "gate",
      "service.namespace": "tests",
      "service.instance.id": expect.stringMatching(/^[0-9a-f-]{36}$/),
      "deployment.environment.name": "test",
    });
    expect(receiver.heads.at(-1)?.["x-tenant"]).toBe("blue team");
  });

  test.each([
    ["b3", (trace: string, parent: string) => ({ b3: `${trace}-${parent}-1` })],
    [
      "x-b3-*",
      (trace: string, parent: string) => ({
        "x-b3-traceid": trace,
        "x-b3-spanid": parent,
        "x-b3-sampled": "1",
      }),
    ],
  ])("find their parent in %s", async (_, headers) => {
    const { trace, parent } = newTrace();
    await traced.ask(headers(trace, parent));
    const span = (await spansOf(receiver, trace, 3)).get(call);
    expect(span?.parentId).toBe(parent);
  });

  test("are made of /json too, with the parent that its headers name", async () => {
    const { trace, parent, traceparent } = newTrace();
    const { status } = await fetch(`http://127.0.0.1:${traced.gate.httpPort}/json`, {
      method: "POST",
      headers: { traceparent },
      body: JSON.stringify({
        domain: "traced",
        descriptors: [{ entries: [{ key: "user", value: descriptorValue }] }],
      }),
    });
    expect(status).toBe(200);
    const spans = await spansOf(receiver, trace, 4);
    const json = spans.get("POST /json");
    expect(json).toMatchObject({
      kind: "SERVER",
      parentId: parent,
      attributes: { "http.route": "/json", "http.response.status_code": 200 },
    });
    expect(spans.get(decision)?.parentId).toBe(json?.spanId);
    expect(spans.get("NewJsonHandler Remaining Execution")).toMatchObject({
      parentId: json?.spanId,
      attributes: { response: "overall_code:OK" },
    });
  });

  test("tell of a call that is refused, whose fault it is, and no more", async () => {
    const { trace, traceparent } = newTrace();
    await expect(traced.ask({ traceparent }, { domain: "" })).rejects.toMatchObject({ code: 3 });
    const spans = await spansOf(receiver, trace, 2);
    expect(spans.get(call)).toMatchObject({
      status: { code: "UNSET" },
      attributes: { "rpc.grpc.status_code": 3 },
    });
    expect(spans.get(decision)).toMatchObject({
      status: { code: "ERROR", message: "REQUEST_INVALID" },
      attributes: { "error.type": "REQUEST_INVALID" },
    });
  });

  test("are not made when the caller's trace is not sampled, nor, at rate 0, without one", async () => {
    const unsampled = newTrace();
    await traced.ask({ traceparent: unsampled.traceparent.replace(/01$/, "00") });
    await traced.ask({});
    await traced.ask({ traceparent: "nonsense" });
    const known = new Set(receiver.spans.map(({ traceId }) => traceId));
    // What is sent later says that those before were not sent.
    const { trace, traceparent } = newTrace();
    await traced.ask({ traceparent });
    await spansOf(receiver, trace, 3);
    const news = receiver.spans.filter(({ traceId }) => !known.has(traceId));
    expect(new Set(news.map(({ traceId }) => traceId))).toEqual(new Set([trace]));
  });

  test("hold no value of a descriptor", () => {
    expect(receiver.spans.length).toBeGreaterThan(10);
    expect(JSON.stringify(receiver.spans)).not.toContain(descriptorValue);
  });

  test("are counted", async () => {
    await eventually(async () => {
      const count = (name: string) => traced.metric(`velocitygate_trace_spans_${name}_total`);
      expect(await count("ended")).toBe(receiver.spans.length);
      expect(await count("sent")).toBe(receiver.spans.length);
    });
  });
});
