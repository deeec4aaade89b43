import { VelocityGateError } from "../errors.ts";
import type { AnswerOptions } from "./answer-options.ts";
import { toResponse } from "./encode.ts";
import { parseJsonRequest } from "./json-request.ts";
import { formatJsonResponse } from "./json-response.ts";
import type { ShouldRateLimit } from "./should-rate-limit.ts";
import { httpStatusOf } from "./status.ts";

export interface JsonParts {
  readonly shouldRateLimit: ShouldRateLimit;
  readonly answerOptions: AnswerOptions;
  /** An error that nobody foresaw; the caller is told nothing of it. */
  readonly onError: (error: unknown) => void;
}

export interface JsonAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

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

async function answer(parts: JsonParts, body: Buffer): Promise<JsonAnswer> {
  const request = parseJsonRequest(body);
  const decision = await parts.shouldRateLimit(request);
  return {
    status: decision.overallCode === "OK" ? 200 : 429,
    contentType: "application/json",
    body: formatJsonResponse(toResponse(decision, request, parts.answerOptions)),
  };
}

function failure(status: number, line: string): JsonAnswer {
  return { status, contentType: plainText, body: `${line}\n` };
}
