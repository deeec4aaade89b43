import type { Decision } from "../../src/decision/check.ts";
import type { RateLimitRequest } from "../../src/limits/descriptor.ts";
import type { AnswerOptions } from "../../src/rls/answer-options.ts";
import { answerBytesMax, toAnswer, writeAnswer } from "../../src/rls/write-response.ts";

/** The bytes of an answer, as they go over the wire. */
export function writtenAnswer(
  decision: Decision,
  request: RateLimitRequest,
  options: AnswerOptions,
): Buffer {
  const answer = toAnswer(decision, request, options);
  const into = Buffer.alloc(answerBytesMax(answer));
  return into.subarray(0, writeAnswer(answer, into, 0));
}
