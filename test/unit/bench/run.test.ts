import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, jest, test } from "@jest/globals";
import { runLoad } from "../../../bench/load/run.ts";
import type { LoadSpec } from "../../../bench/load/spec.ts";
import { makeCertificate } from "../../../bench/stage/certificate.ts";
import { RateLimitResponse } from "../../../src/gen/envoy/service/ratelimit/v3/rls.ts";
import type { EngineOptions, GrpcServer, Methods, UnaryHandler } from "../../../src/grpc/engine.ts";
import { startGrpcJs } from "../../../src/grpc/grpc-js.ts";
import { startH2 } from "../../../src/grpc/h2/server.ts";
import { GrpcError, Status } from "../../../src/grpc/status.ts";
import { decodeRequest } from "../../../src/rls/decode.ts";
import { serverTls } from "../../support/tls-material.ts";

const path = "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit";
const limit = 1_000;
const engines = { h2: startH2, "grpc-js": startGrpcJs };
const options: EngineOptions = {
  messageBytesMax: 65_536,
  connectionAgeMaxMs: 3_600_000,
  connectionAgeGraceMs: 1_000,
  concurrentStreamsMax: 1_000,
  onError: () => undefined,
};

// Thousands of calls, on machines that are busy with other tests.
jest.setTimeout(30_000);

const servers: GrpcServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

function methodsOf(handler: UnaryHandler): Methods {
  return { unary: new Map([[path, handler]]), stream: new Map() };
}

async function serve(
  handler: UnaryHandler,
  engine: keyof typeof engines = "h2",
  engineOptions = options,
): Promise<number> {
  const server = await engines[engine](
    methodsOf(handler),
    { host: "127.0.0.1", port: 0 },
    engineOptions,
  );
  servers.push(server);
  return server.port ?? 0;
}

/** What a limiter that counts each user answers; `change` spoils the answer of one call. */
function limiter(
  change: Partial<{ code: 1 | 2; statuses: number; hits: number }> = {},
  spoilt = -1,
) {
  const counts = new Map<string, number>();
  let calls = 0;
  return (bytes: Uint8Array): Uint8Array => {
    const { descriptors } = decodeRequest(bytes);
    const { code = 1, statuses = descriptors.length, hits = 1 } = calls++ === spoilt ? change : {};
    const user = descriptors[0]?.entries[0]?.value ?? "";
    const count = (counts.get(user) ?? 0) + hits;
    counts.set(user, count);
    const status = {
      code,
      currentLimit: { requestsPerUnit: limit, unit: 5 as const, name: "" },
      limitRemaining: limit - count,
      durationUntilReset: { seconds: 10, nanos: 0 },
      quota: undefined,
    };
    return RateLimitResponse.encode({
      overallCode: code,
      statuses: Array.from({ length: statuses }, () => status),
      responseHeadersToAdd: [],
      requestHeadersToAdd: [],
      rawBody: Buffer.alloc(0),
      dynamicMetadata: undefined,
      quota: undefined,
    }).finish();
  };
}

function spec(port: number, changes: Partial<LoadSpec> = {}): LoadSpec {
  return {
    port,
    certificate: undefined,
    request: {
      domain: "bench",
      descriptors: 2,
      paths: 9,
      users: { kind: "random", count: 50 },
      timeout: "5S",
    },
    pace: { kind: "closed", connections: 2, streams: 10 },
    secondsMax: 20,
    callsMax: 600,
    seed: 7,
    expected: { code: "OK", limit },
    serverPids: [process.pid],
    redisPids: [],
    ...changes,
  };
}

describe("a run", () => {
  test.each(["h2", "grpc-js"] as const)(
    "makes and checks as many calls as asked, on %s",
    async (engine) => {
      const result = await runLoad(spec(await serve(limiter(), engine)));
      expect(result.calls).toBe(600);
      expect(result.latencies.p50).toBeGreaterThan(0);
      expect(result.latencies.p999).toBeGreaterThanOrEqual(result.latencies.p50);
      expect(result.serverCpu).toBeGreaterThan(0);
      // Two frames, nine bytes of header fields, the message.
      expect(result.bytesSent / result.calls).toBeGreaterThan(100);
    },
  );

  test("speaks TLS with a server whose certificate it is given", async () => {
    const folder = mkdtempSync(join(tmpdir(), "velocitygate-bench-"));
    try {
      const { pem, keyPath } = makeCertificate(folder);
      const tls = serverTls({ cert: pem, key: readFileSync(keyPath, "utf8") });
      const address = { host: "127.0.0.1", port: 0 };
      const server = await startH2(methodsOf(limiter()), address, { ...options, tls });
      servers.push(server);
      const run = (certificate: string | undefined) =>
        runLoad(spec(server.port ?? 0, { certificate, callsMax: 500 }));
      expect((await run(pem)).calls).toBe(500);
      await expect(run(undefined)).rejects.toThrow();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("has no more calls under way on a connection than the server takes", async () => {
    let open = 0;
    let openMost = 0;
    const answer = limiter();
    const handler: UnaryHandler = async (bytes) => {
      open += 1;
      openMost = Math.max(openMost, open);
      const message = answer(bytes);
      await new Promise((resolve) => setImmediate(resolve));
      open -= 1;
      return message;
    };
    const port = await serve(handler, "h2", { ...options, concurrentStreamsMax: 5 });
    const pace = { kind: "closed", connections: 1, streams: 20 } as const;
    expect((await runLoad(spec(port, { pace }))).calls).toBe(600);
    expect(openMost).toBe(5);
  });

  test("makes calls in bursts", async () => {
    const pace = { kind: "bursts", size: 50 } as const;
    const result = await runLoad(spec(await serve(limiter()), { pace }));
    expect(result.calls).toBe(600);
  });

  test("makes calls when they are due, and tells its own lag", async () => {
    const pace = { kind: "open", connections: 2, perSecond: 2_000 } as const;
    const result = await runLoad(spec(await serve(limiter()), { pace, callsMax: 400 }));
    expect(result.calls).toBe(400);
    // The lag is part of the latency.
    expect(result.lag.p50).toBeGreaterThan(0);
    expect(result.latencies.p50).toBeGreaterThan(result.lag.p50);
    expect(result.isOverloaded).toBe(false);
  });

  test("gives up on a server that falls seconds behind", async () => {
    const port = await serve(() => new Promise<Uint8Array>(() => undefined));
    const pace = { kind: "open", connections: 10, perSecond: 100_000 } as const;
    const result = await runLoad(spec(port, { pace, callsMax: Number.POSITIVE_INFINITY }));
    expect(result.isOverloaded).toBe(true);
    expect(result.calls).toBe(0);
  });
});

describe("a wrong answer fails the run", () => {
  test.each([
    ["a code", limiter({ code: 2 }, 400), "the overall code is 2, not 1"],
    ["a status too few", limiter({ statuses: 1 }, 400), "1 statuses for 2 descriptors"],
    ["a hit that was not counted", limiter({ hits: 0 }, 400), /remain for a user that had/],
  ])("%s", async (_, handler, message) => {
    const pace = { kind: "closed", connections: 1, streams: 1 } as const;
    await expect(runLoad(spec(await serve(handler), { pace }))).rejects.toThrow(message);
  });

  test("a new user who has been counted before", async () => {
    const request = { ...spec(0).request, users: { kind: "new", first: 10 } as const };
    await expect(
      runLoad(spec(await serve(limiter({ hits: 2 }, 400)), { request })),
    ).rejects.toThrow(`${limit - 2} remain for a new user, not ${limit - 1}`);
  });

  test("an error", async () => {
    const port = await serve(() => {
      throw new GrpcError(Status.UNAVAILABLE, "Redis is away");
    });
    await expect(runLoad(spec(port))).rejects.toThrow("grpc-status 14: Redis is away");
  });
});
