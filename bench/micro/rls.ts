import { bench, do_not_optimize, group } from "mitata";
import {
  RateLimitRequest,
  RateLimitResponse,
} from "../../src/gen/envoy/service/ratelimit/v3/rls.ts";
import type { AnswerOptions } from "../../src/rls/answer-options.ts";
import { decodeRequest } from "../../src/rls/decode.ts";
import { toResponse } from "../../src/rls/encode.ts";
import { answerBytesMax, toAnswer, writeAnswer } from "../../src/rls/write-response.ts";
import { decisions } from "./decisions.ts";
import { inTurn, messages, requests } from "./requests.ts";

const plain: AnswerOptions = {
  responseHeaders: undefined,
  requestHeaders: undefined,
  failureHeader: undefined,
  dynamicMetadata: false,
};

/** Bytes to values and back. */
export function rls(): void {
  for (const descriptors of [2, 10]) {
    const next = inTurn(messages(descriptors));
    group(`decode a request of ${descriptors} descriptors`, () => {
      bench("decodeRequest", () => do_not_optimize(decodeRequest(next())));
      bench("generated code", () => do_not_optimize(RateLimitRequest.decode(next())));
    });
    const request = inTurn(requests(descriptors));
    const decision = inTurn(decisions(requests(descriptors)));
    const into = Buffer.alloc(4096);
    group(`encode an answer of ${descriptors} statuses`, () => {
      bench("writeAnswer", () => {
        const answer = toAnswer(decision(), request(), plain);
        do_not_optimize(answerBytesMax(answer));
        do_not_optimize(writeAnswer(answer, into, 0));
      });
      bench("generated code", () => {
        const response = toResponse(decision(), request(), plain);
        do_not_optimize(RateLimitResponse.encode(response).finish());
      });
    });
  }
}
