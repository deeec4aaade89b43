import type { Code } from "../decision/check.ts";
import { VelocityGateError } from "../errors.ts";
import type { DirectCall, DirectHandler, Methods } from "../grpc/engine.ts";
import type { AnswerOptions } from "./answer-options.ts";
import { decodeRequest } from "./decode.ts";
import type { ShouldRateLimit } from "./should-rate-limit.ts";
import { toGrpcError } from "./status.ts";
import { answerBytesMax, toAnswer, writeAnswer } from "./write-response.ts";

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
  const handle: DirectHandler = (bytes, start, end, call) => void serve(bytes, start, end, call);

  /** Reads the request before the first wait: afterwards its bytes are not ours any longer. */
  async function serve(bytes: Buffer, start: number, end: number, call: DirectCall): Promise<void> {
    const startedMs = performance.now();
    try {
      const request = decodeRequest(bytes.subarray(start, end));
      const decision = await shouldRateLimit(request);
      stats.answered(decision.overallCode);
      const answer = toAnswer(decision, request, answerOptions);
      call.reply(answer, answerBytesMax(answer), writeAnswer);
    } catch (error) {
      stats.callError(isStoreFailure(error) ? "redis_error" : "service_error");
      call.fail(toGrpcError(error));
    }
    stats.observeCall("ShouldRateLimit", (performance.now() - startedMs) / 1000);
  }

  return {
    unary: new Map(),
    stream: new Map(),
    direct: new Map([[shouldRateLimitPath, handle]]),
  };
}

function isStoreFailure(error: unknown): boolean {
  return (
    error instanceof VelocityGateError &&
    (error.code === "STORE_UNAVAILABLE" || error.code === "STORE_TIMEOUT")
  );
}
