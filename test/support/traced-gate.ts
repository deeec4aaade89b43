import { randomBytes } from "node:crypto";
import { RateLimitRequest } from "../../src/gen/envoy/service/ratelimit/v3/rls.ts";
import { eventually } from "./eventually.ts";
import { GrpcClient } from "./grpc-client.ts";
import type { OtlpReceiver, ReceivedSpan } from "./otlp-receiver.ts";
import { startGate, type TestGate } from "./velocitygate.ts";

/** The value of every descriptor that is asked for; no span may hold it. */
export const descriptorValue = "alice@example.com";

/** Spans of a call, by their names. */
export const spanNames = {
  call: "envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit",
  decision: "ShouldRateLimit Execution",
  redis: "Redis Pipeline Execution",
  memory: "Memory Execution",
} as const;

const rules = `
domain: traced
descriptors:
  - key: user
    rate_limit: {unit: hour, requests_per_unit: 1000000}
  - key: burst
    rate_limit: {unit: second, requests_per_unit: 1000000}
`;

/** The built service, and a client that asks it within traces. */
export class TracedGate {
  readonly gate: TestGate;
  readonly #grpc: GrpcClient;

  static async start(
    endpoint: string,
    settings: Readonly<Record<string, string>>,
  ): Promise<TracedGate> {
    const gate = await startGate({
      rules: { "rules.yaml": rules },
      settings: {
        TRACING_ENABLED: "true",
        OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
        OTEL_BSP_SCHEDULE_DELAY: "10",
        ...settings,
      },
    });
    return new TracedGate(gate);
  }

  private constructor(gate: TestGate) {
    this.gate = gate;
    this.#grpc = new GrpcClient(`127.0.0.1:${gate.grpcPort}`);
  }

  /** Asks with these headers, within the rules' domain unless told. */
  ask(
    headers: Readonly<Record<string, string>>,
    { domain = "traced", keys = ["user"] }: { domain?: string; keys?: readonly string[] } = {},
  ): Promise<Buffer> {
    const request = RateLimitRequest.encode({
      domain,
      hitsAddend: 0,
      descriptors: keys.map((key) => ({
        entries: [{ key, value: descriptorValue }],
        limit: undefined,
        hitsAddend: undefined,
        isNegativeHits: false,
      })),
    }).finish();
    const deadlineMs = Date.now() + 10_000;
    return this.#grpc.ask(`/${spanNames.call}`, request, { headers, deadlineMs });
  }

  /** The number of a metric that stands alone. */
  async metric(name: string): Promise<number> {
    const page = await (await fetch(`http://127.0.0.1:${this.gate.httpPort}/metrics`)).text();
    return Number(new RegExp(`^${name} (\\d+)$`, "m").exec(page)?.[1]);
  }

  async stop(): Promise<void> {
    this.#grpc.close();
    await this.gate.stop();
  }
}

/** A trace of a caller's own, which is sampled. */
export function newTrace(): {
  readonly trace: string;
  readonly parent: string;
  readonly traceparent: string;
} {
  const trace = randomBytes(16).toString("hex");
  const parent = randomBytes(8).toString("hex");
  return { trace, parent, traceparent: `00-${trace}-${parent}-01` };
}

/** The spans of a trace by their names, once there are as many. */
export function spansOf(
  receiver: OtlpReceiver,
  trace: string,
  count: number,
): Promise<ReadonlyMap<string, ReceivedSpan>> {
  return eventually(() => {
    const found = receiver.spans.filter(({ traceId }) => traceId === trace);
    if (found.length !== count) throw new Error(`${found.length} of ${count} spans have arrived`);
    return new Map(found.map((span) => [span.name, span]));
  });
}
