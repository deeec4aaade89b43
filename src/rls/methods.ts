import type { DirectCall, DirectHandler, Methods } from "../grpc/engine.ts";
import type { AnswerOptions } from "./answer-options.ts";
import { type CallStats, recordFailure } from "./call-stats.ts";
import { decodeRequest } from "./decode.ts";
import type { ShouldRateLimit } from "./should-rate-limit.ts";
import { toGrpcError } from "./status.ts";
import { answerBytesMax, toAnswer, writeAnswer } from "./write-response.ts";

export const shouldRateLimitPath = "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit";

/** The rate limit service as gRPC methods: bytes in, bytes out. */
export function rateLimitMethods(
  shouldRateLimit: ShouldRateLimit,
  answerOptions: AnswerOptions,
  stats: CallStats & { observeCall(method: string, seconds: number): void },
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
      recordFailure(stats, error);
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
