import type { Decision } from "../decision/check.ts";
import { VelocityGateError } from "../errors.ts";
import type { RateLimitRequest } from "../limits/descriptor.ts";
import type { AnswerOptions } from "./answer-options.ts";
import { type DeadlineOptions, storeDeadline } from "./deadline.ts";
import { toResponse } from "./encode.ts";
import { parseJsonRequest } from "./json-request.ts";
import { formatJsonResponse } from "./json-response.ts";
import { decisionOf, type ShouldRateLimit } from "./should-rate-limit.ts";
import { httpStatusOf } from "./status.ts";

export interface JsonParts {
  readonly shouldRateLimit: ShouldRateLimit;
  readonly write: WriteJson;
  readonly deadlines: DeadlineOptions;
  /** An error that nobody foresaw; the caller is told nothing of it. */
  readonly onError: (error: unknown) => void;
}

export interface JsonAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** Turns a decision into the answer to its request. */
export type WriteJson = (decision: Decision, request: RateLimitRequest) => JsonAnswer;

const plainText = "text/plain; charset=utf-8";

/**
 * `POST /json`: the rate limit service for those who have no gRPC. 200 lets the request pass, 429 does not; without an answer it
 * is 400 when the request is wrong, 503 or 504 when the counters or the rules are missing, and one line says why. Never rejects.
 */
export function createJsonAnswer(parts: JsonParts): (body: Buffer) => Promise<JsonAnswer> {
  return async (body) => {
    try {
      return await answer(parts, body);
    } catch (error) {
      if (error instanceof VelocityGateError) {
        return failure(httpStatusOf(error.code), error.message);
      }
      parts.onError(error);
      return failure(500, "Internal Server Error");
    }
  };
}

async function answer(
  { shouldRateLimit, write, deadlines }: JsonParts,
  body: Buffer,
): Promise<JsonAnswer> {
  const deadlineMs = storeDeadline(performance.now(), undefined, deadlines);
  const request = parseJsonRequest(body);
  return write(await decisionOf(shouldRateLimit, request, deadlineMs), request);
}

export function createJsonWriter(options: AnswerOptions): WriteJson {
  return (decision, request) => ({
    status: decision.overallCode === "OK" ? 200 : 429,
    contentType: "application/json",
    body: formatJsonResponse(toResponse(decision, request, options)),
  });
}

function failure(status: number, line: string): JsonAnswer {
  return { status, contentType: plainText, body: `${line}\n` };
}
