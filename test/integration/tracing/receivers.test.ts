import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ServerCredentials } from "@grpc/grpc-js";
import { afterEach, describe, expect, jest, test } from "@jest/globals";
import { eventually } from "../../support/eventually.ts";
import {
  type OtlpReceiver,
  startGrpcReceiver,
  startHttpReceiver,
} from "../../support/otlp-receiver.ts";
import { freePorts } from "../../support/ports.ts";
import { newTrace, spanNames, spansOf, TracedGate } from "../../support/traced-gate.ts";

// Several start the service and wait for its end, on machines that may be busy.
jest.setTimeout(30_000);

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (let clean = cleanups.pop(); clean !== undefined; clean = cleanups.pop()) await clean();
});

async function receiverOf(starting: Promise<OtlpReceiver>): Promise<OtlpReceiver> {
  const receiver = await starting;
  cleanups.push(() => receiver.stop());
  return receiver;
}

async function gateOf(
  endpoint: string | OtlpReceiver,
  settings: Readonly<Record<string, string>> = {},
): Promise<TracedGate> {
  const url = typeof endpoint === "string" ? endpoint : `http://127.0.0.1:${endpoint.port}`;
  const traced = await TracedGate.start(url, settings);
  cleanups.push(() => traced.stop());
  return traced;
}

describe.each([
  ["grpc", startGrpcReceiver],
  ["http", startHttpReceiver],
] as const)("a receiver over %s", (protocol, start) => {
  const settings = { TRACING_EXPORTER_PROTOCOL: protocol };

  test("gets the spans that wait when the service ends", async () => {
    const receiver = await receiverOf(start());
    const traced = await gateOf(receiver, { ...settings, OTEL_BSP_SCHEDULE_DELAY: "600000" });
    const { trace, traceparent } = newTrace();
    await traced.ask({ traceparent });
    expect(receiver.spans).toHaveLength(0);
    expect((await traced.gate.terminate()).code).toBe(0);
    expect(new Set((await spansOf(receiver, trace, 3)).keys())).toEqual(
      new Set([spanNames.call, spanNames.decision, spanNames.memory]),
    );
  });

  test("that is gone costs no call, is told of once, and does not hold up the end", async () => {
    const [port] = await freePorts(1);
    const traced = await gateOf(`http://127.0.0.1:${port}`, {
      ...settings,
      OTEL_EXPORTER_OTLP_TIMEOUT: "50",
      SHUTDOWN_GRACE: "2s",
    });
    for (let batch = 0; batch < 3; batch++) {
      const before = await traced.metric("velocitygate_trace_spans_ended_total");
      await Promise.all(Array.from({ length: 20 }, () => traced.ask({})));
      await eventually(async () =>
        expect(await traced.metric("velocitygate_trace_spans_ended_total")).toBe(before + 60),
      );
      await eventually(() => expect(traced.gate.log).toContain("spans cannot be sent"));
    }
    expect(await traced.metric("velocitygate_trace_spans_sent_total")).toBe(0);
    const stoppedMs = performance.now();
    expect((await traced.gate.terminate()).code).toBe(0);
    expect(performance.now() - stoppedMs).toBeLessThan(4_000);
    expect(traced.gate.log.match(/spans cannot be sent/g)).toHaveLength(1);
  });

  test("that does not answer costs no call, and what the queue does not hold is dropped", async () => {
    const receiver = await receiverOf(start());
    receiver.hold(true);
    const traced = await gateOf(receiver, {
      ...settings,
      OTEL_BSP_MAX_QUEUE_SIZE: "10",
      OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "5",
      OTEL_EXPORTER_OTLP_TIMEOUT: "1000",
    });
    for (let call = 0; call < 100; call++) await traced.ask({});
    expect(await traced.metric("velocitygate_trace_spans_ended_total")).toBe(300);
    receiver.hold(false);
    // On a busy machine all that was held may have been given up by now; this call's spans are not.
    await traced.ask({});
    await eventually(() => expect(receiver.spans.length).toBeGreaterThan(0));
    expect((await traced.gate.terminate()).code).toBe(0);
    // No more than the queue holds, one batch that was under way, and the last call.
    expect(receiver.spans.length).toBeLessThanOrEqual(18);
  });

  test("that never answers does not hold up the end", async () => {
    const receiver = await receiverOf(start());
    receiver.hold(true);
    const traced = await gateOf(receiver, { ...settings, SHUTDOWN_GRACE: "1s" });
    await traced.ask({});
    const stoppedMs = performance.now();
    expect((await traced.gate.terminate()).code).toBe(0);
    expect(performance.now() - stoppedMs).toBeLessThan(4_000);
  });

  test("that comes back gets spans again, and the log says so", async () => {
    const receiver = await receiverOf(start());
    // An error after which the exporter does not try again by itself.
    receiver.refuseWith(protocol === "grpc" ? 3 : 400);
    const traced = await gateOf(receiver, { ...settings, LOG_LEVEL: "info" });
    await traced.ask({});
    await eventually(() => expect(traced.gate.log).toContain("spans cannot be sent"));
    receiver.refuseWith(0);
    const { trace, traceparent } = newTrace();
    await traced.ask({ traceparent });
    await spansOf(receiver, trace, 3);
    await eventually(() => expect(traced.gate.log).toContain("spans are sent again"));
  });
});

describe("a receiver over TLS", () => {
  const folder = join(import.meta.dirname, "../../support/tls");
  const file = (name: string) => join(folder, name);

  test("is trusted by its CA and sees the service's certificate", async () => {
    const credentials = ServerCredentials.createSsl(
      readFileSync(file("ca.crt")),
      [
        {
          private_key: readFileSync(file("server.key")),
          cert_chain: readFileSync(file("server.crt")),
        },
      ],
      true,
    );
    const receiver = await receiverOf(startGrpcReceiver(credentials));
    // Without a scheme it is TLS.
    const traced = await gateOf(`localhost:${receiver.port}`, {
      TRACING_EXPORTER_PROTOCOL: "grpc",
      OTEL_EXPORTER_OTLP_CERTIFICATE: file("ca.crt"),
      OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE: file("client.crt"),
      OTEL_EXPORTER_OTLP_CLIENT_KEY: file("client.key"),
    });
    const { trace, traceparent } = newTrace();
    await traced.ask({ traceparent });
    await spansOf(receiver, trace, 3);
  });
});

describe("what is loaded", () => {
  const listing = {
    NODE_OPTIONS: `--require=${join(import.meta.dirname, "../../support/list-modules.cjs")}`,
  };
  const modulesOf = ({ gate }: TracedGate) => /^modules: (.*)$/m.exec(gate.log)?.[1]?.split(" ");

  test("is nothing of OpenTelemetry but the API that prom-client brings along, while tracing is off", async () => {
    const plain = await gateOf("", { ...listing, TRACING_ENABLED: "false" });
    await plain.ask({});
    await plain.gate.terminate();
    expect(modulesOf(plain)).toContain("prom-client");
    expect(modulesOf(plain)?.filter((name) => name.startsWith("@opentelemetry/"))).toEqual([
      "@opentelemetry/api",
    ]);
  });

  test.each([
    ["http", startHttpReceiver, "proto", "grpc"],
    ["grpc", startGrpcReceiver, "grpc", "proto"],
  ] as const)(
    "is the exporter of the protocol that is asked for, %s, and not the other",
    async (protocol, startReceiver, loaded, other) => {
      const receiver = await receiverOf(startReceiver());
      const traced = await gateOf(receiver, { ...listing, TRACING_EXPORTER_PROTOCOL: protocol });
      await traced.ask({});
      await traced.gate.terminate();
      expect(modulesOf(traced)).toContain("@opentelemetry/sdk-trace");
      expect(modulesOf(traced)).toContain(`@opentelemetry/exporter-trace-otlp-${loaded}`);
      expect(modulesOf(traced)).not.toContain(`@opentelemetry/exporter-trace-otlp-${other}`);
    },
  );
});
