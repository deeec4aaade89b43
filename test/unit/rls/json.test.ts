import { describe, expect, jest, test } from "@jest/globals";
import type { Decision } from "../../../src/decision/check.ts";
import { type ErrorCode, VelocityGateError } from "../../../src/errors.ts";
import type { RateLimitRequest } from "../../../src/limits/descriptor.ts";
import type { AnswerOptions } from "../../../src/rls/answer-options.ts";
import { createJsonAnswer, createJsonWriter } from "../../../src/rls/json.ts";
import { checkOf, decisionOf, limitOf } from "../../support/decisions.ts";

const plain: AnswerOptions = {
  responseHeaders: undefined,
  requestHeaders: undefined,
  failureHeader: undefined,
  dynamicMetadata: false,
};
const names = {
  limit: "RateLimit-Limit",
  remaining: "RateLimit-Remaining",
  reset: "RateLimit-Reset",
};
const body = Buffer.from(
  '{"domain":"domain","descriptors":[{"entries":[{"key":"key","value":"value"}]}]}',
);

type Decide = (request: RateLimitRequest, deadlineMs: number) => Promise<Decision>;

function ask(decide: Decide, options: Partial<AnswerOptions> = {}, asked = body) {
  const onError = jest.fn();
  const answer = createJsonAnswer({
    shouldRateLimit: (request, asker) => {
      decide(request, asker.deadlineMs).then(
        (decision) => asker.answer(decision),
        (error: unknown) => asker.fail(error),
      );
    },
    deadlines: { callMs: 100, marginMs: 2 },
    write: createJsonWriter({ ...plain, ...options }),
    onError,
  });
  return { answer: answer(asked), onError };
}

/** The answer to a request that is decided so. */
const decided = (decision: ReturnType<typeof decisionOf>, options?: Partial<AnswerOptions>) =>
  ask(async () => decision, options).answer;

describe("POST /json", () => {
  test("waits for the counters as long as a call may take", async () => {
    const deadlines: unknown[] = [];
    await ask(async (_, deadlineMs) => {
      deadlines.push(deadlineMs - performance.now());
      return decisionOf([], []);
    }).answer;
    expect(deadlines).toEqual([expect.closeTo(98, -1)]);
  });

  test("asks what the body says", async () => {
    const requests: RateLimitRequest[] = [];
    await ask(async (request) => {
      requests.push(request);
      return decisionOf([], []);
    }).answer;
    expect(requests).toEqual([
      {
        domain: "domain",
        hitsAddend: 0,
        descriptors: [
          {
            entries: [{ key: "key", value: "value" }],
            override: undefined,
            hitsAddend: undefined,
            isNegativeHits: false,
          },
        ],
      },
    ]);
  });

  test("answers 429 and protobuf's JSON when the request is over a limit", async () => {
    const answer = await decided(decisionOf([checkOf(limitOf(1, "MINUTE"))], [2], {}, 48));
    expect(answer).toEqual({
      status: 429,
      contentType: "application/json",
      body: '{"overallCode":"OVER_LIMIT","statuses":[{"code":"OVER_LIMIT","currentLimit":{"requestsPerUnit":1,"unit":"MINUTE"},"durationUntilReset":"12s"}]}',
    });
  });

  test("answers 200 and the same when it passes, with what is a default left out", async () => {
    const checks = [
      checkOf(limitOf(10, "WEEK", { name: "a name" })),
      checkOf(limitOf(0, "SECOND", { unlimited: true })),
      checkOf(limitOf(0, "HOUR", { shadowMode: true })),
      checkOf(undefined),
    ];
    const { status, body: text } = await decided(decisionOf(checks, [3, 1]));
    expect(status).toBe(200);
    // In the order of the proto, as the reference writes it.
    expect(text).toContain('{"name":"a name","requestsPerUnit":10,"unit":"WEEK"}');
    expect(JSON.parse(text)).toEqual({
      overallCode: "OK",
      statuses: [
        {
          code: "OK",
          currentLimit: { requestsPerUnit: 10, unit: "WEEK", name: "a name" },
          limitRemaining: 7,
          durationUntilReset: "603566s",
        },
        { code: "OK", limitRemaining: 4_294_967_295 },
        { code: "OK", currentLimit: { unit: "HOUR" }, durationUntilReset: "2366s" },
        { code: "OK" },
      ],
    });
  });

  test("answers 200 in the global shadow mode, with the statuses as they are", async () => {
    const { status, body: text } = await decided(
      decisionOf([checkOf(limitOf(1))], [2], { shadowMode: true }),
    );
    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({
      overallCode: "OK",
      statuses: [{ code: "OVER_LIMIT" }],
    });
  });

  test("has headers and metadata in the body when the operator wants them", async () => {
    const limit = limitOf(10, "MINUTE", { metadata: { name: "a rule" } });
    const { body: text } = await decided(decisionOf([checkOf(limit)], [3]), {
      responseHeaders: names,
      requestHeaders: names,
      dynamicMetadata: true,
    });
    const headers = [
      { key: "RateLimit-Limit", value: "10" },
      { key: "RateLimit-Remaining", value: "7" },
      { key: "RateLimit-Reset", value: "26" },
    ];
    expect(JSON.parse(text)).toMatchObject({
      responseHeadersToAdd: headers,
      requestHeadersToAdd: headers,
      dynamicMetadata: {
        domain: "domain",
        descriptors: [{ entries: ["key=value"] }],
        metadata: { name: "a rule" },
      },
    });
  });

  test("stays JSON when a rule's metadata has numbers that JSON has not", async () => {
    const metadata = {
      most: Infinity,
      least: -Infinity,
      none: Number.NaN,
      list: [Infinity, null],
      n: -0.5,
    };
    const { status, body: text } = await decided(
      decisionOf([checkOf(limitOf(10, "SECOND", { metadata }))], [3]),
      {
        dynamicMetadata: true,
      },
    );
    expect(status).toBe(200);
    expect(JSON.parse(text).dynamicMetadata.metadata).toEqual({
      most: "Infinity",
      least: "-Infinity",
      none: "NaN",
      list: ["Infinity", null],
      n: -0.5,
    });
  });

  test.each(["", "{", "null", '{"unknown":1}', '{"domain":1}'])(
    "answers 400 and one line of what is wrong, and asks nothing: %j",
    async (text) => {
      const shouldRateLimit = jest.fn<Decide>();
      const { answer, onError } = ask(shouldRateLimit, {}, Buffer.from(text));
      const { status, contentType, body: line } = await answer;
      expect([status, contentType]).toEqual([400, "text/plain; charset=utf-8"]);
      expect(line).toMatch(/^[^\n]*\(line 1, column \d+\)\n$/);
      expect(shouldRateLimit).not.toHaveBeenCalled();
      expect(onError).not.toHaveBeenCalled();
    },
  );

  test.each<[ErrorCode, number]>([
    ["REQUEST_INVALID", 400],
    ["RULES_MISSING", 503],
    ["STORE_UNAVAILABLE", 503],
    ["STORE_TIMEOUT", 504],
  ])("answers an error of the service, %s, with %d and its message", async (code, status) => {
    const { answer, onError } = ask(async () => {
      throw new VelocityGateError(code, "what was wrong");
    });
    expect(await answer).toEqual({
      status,
      contentType: "text/plain; charset=utf-8",
      body: "what was wrong\n",
    });
    expect(onError).not.toHaveBeenCalled();
  });

  test("answers 500 and tells nothing when something unforeseen happens, and reports it", async () => {
    const error = new TypeError("internals");
    const { answer, onError } = ask(() => Promise.reject(error));
    expect(await answer).toEqual({
      status: 500,
      contentType: "text/plain; charset=utf-8",
      body: "Internal Server Error\n",
    });
    expect(onError).toHaveBeenCalledWith(error);
  });
});
