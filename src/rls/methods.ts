import type { Decision } from "../decision/check.ts";
import type { DirectCall, DirectHandler, Methods } from "../grpc/engine.ts";
import type { RateLimitRequest } from "../limits/descriptor.ts";
import type { AnswerOptions } from "./answer-options.ts";
import { type DeadlineOptions, storeDeadline } from "./deadline.ts";
import { decodeRequest } from "./decode.ts";
import { createExcessHandler, type ExcessParts, type ExcessStats } from "./excess.ts";
import { recordFailure } from "./record.ts";
import type { Asker, ShouldRateLimit } from "./should-rate-limit.ts";
import { toGrpcError } from "./status.ts";
import { answerBytesMax, toAnswer, writeAnswer } from "./write-response.ts";

export const shouldRateLimitPath = "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit";

/** What answers calls that are more than can be carried. */
export interface Excess extends Pick<ExcessParts, "policyOfAll"> {
  /** The service without its store: every limit is decided on by its failure policy. */
  readonly shouldRateLimit: ShouldRateLimit;
}

/** What an operator wants of calls. */
export interface CallOptions {
  readonly answer: AnswerOptions;
  readonly deadlines: DeadlineOptions;
}

/** The rate limit service as gRPC methods: bytes in, bytes out. */
export function rateLimitMethods(
  shouldRateLimit: ShouldRateLimit,
  excess: Excess,
  options: CallOptions,
  stats: ExcessStats,
): Methods {
  const handleExcess = createExcessHandler({
    policyOfAll: excess.policyOfAll,
    decide: handlerOf(excess.shouldRateLimit, options, stats),
    stats,
  });
  return {
    unary: new Map(),
    stream: new Map(),
    direct: new Map([[shouldRateLimitPath, handlerOf(shouldRateLimit, options, stats)]]),
    excess: new Map([[shouldRateLimitPath, handleExcess]]),
  };
}

function handlerOf(
  shouldRateLimit: ShouldRateLimit,
  options: CallOptions,
  stats: ExcessStats,
): DirectHandler {
  /** Reads the request before the first wait: afterwards its bytes are not ours any longer. */
  return (bytes, start, end, call) => {
    const startedMs = performance.now();
    let request: RateLimitRequest;
    try {
      request = decodeRequest(bytes, start, end);
    } catch (error) {
      recordFailure(stats, error);
      failCall(call, error, startedMs, stats);
      return;
    }
    shouldRateLimit(request, new Caller(call, request, options, startedMs, stats));
  };
}

/** Who asks through gRPC. */
class Caller implements Asker {
  readonly deadlineMs: number;
  readonly #call: DirectCall;
  readonly #request: RateLimitRequest;
  readonly #options: AnswerOptions;
  readonly #startedMs: number;
  readonly #stats: ExcessStats;

  constructor(
    call: DirectCall,
    request: RateLimitRequest,
    { answer, deadlines }: CallOptions,
    startedMs: number,
    stats: ExcessStats,
  ) {
    this.deadlineMs = storeDeadline(startedMs, call.deadlineMs, deadlines);
    this.#call = call;
    this.#request = request;
    this.#options = answer;
    this.#startedMs = startedMs;
    this.#stats = stats;
  }

  answer(decision: Decision): void {
    const answer = toAnswer(decision, this.#request, this.#options);
    this.#call.reply(answer, answerBytesMax(answer), writeAnswer);
    observe(this.#startedMs, this.#stats);
  }

  fail(error: unknown): void {
    failCall(this.#call, error, this.#startedMs, this.#stats);
  }
}

function failCall(call: DirectCall, error: unknown, startedMs: number, stats: ExcessStats): void {
  call.fail(toGrpcError(error));
  observe(startedMs, stats);
}

function observe(startedMs: number, stats: ExcessStats): void {
  stats.observeCall("ShouldRateLimit", (performance.now() - startedMs) / 1000);
}
