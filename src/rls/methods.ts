import type { Code } from "../decision/check.ts";
import { VelocityGateError } from "../errors.ts";
import type { Methods, UnaryHandler } from "../grpc/engine.ts";
import type { AnswerOptions } from "./answer-options.ts";
import { decodeRequest } from "./decode.ts";
import { encodeResponse } from "./encode.ts";
import type { ShouldRateLimit } from "./should-rate-limit.ts";
import { toGrpcError } from "./status.ts";

export const shouldRateLimitPath = "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit";

/** Where the outcome of calls is counted; `observe/metrics.ts` is the real one. */
export interface CallStats {
  answered(code: Code): void;
  callError(kind: "redis_error" | "service_error"): void;
  observeCall(method: string, seconds: number): void;
}

/** The rate limit service as gRPC methods: bytes in, bytes out. */
export function rateLimitMethods(
  shouldRateLimit: ShouldRateLimit,
  answerOptions: AnswerOptions,
  stats: CallStats,
): Methods {
  const handle: UnaryHandler = async (bytes) => {
    const startedMs = performance.now();
    try {
      const request = decodeRequest(bytes);
      const decision = await shouldRateLimit(request);
      stats.answered(decision.overallCode);
      return encodeResponse(decision, request, answerOptions);
    } catch (error) {
      stats.callError(isStoreFailure(error) ? "redis_error" : "service_error");
      throw toGrpcError(error);
    } finally {
      stats.observeCall("ShouldRateLimit", (performance.now() - startedMs) / 1000);
    }
  };
  return { unary: new Map([[shouldRateLimitPath, handle]]), stream: new Map() };
}

function isStoreFailure(error: unknown): boolean {
  return (
    error instanceof VelocityGateError &&
    (error.code === "STORE_UNAVAILABLE" || error.code === "STORE_TIMEOUT")
  );
}
