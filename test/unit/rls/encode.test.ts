import { describe, expect, test } from "@jest/globals";
import type { Decision } from "../../../src/decision/check.ts";
import { RateLimitResponse } from "../../../src/gen/envoy/service/ratelimit/v3/rls.ts";
import type { RateLimitRequest } from "../../../src/limits/descriptor.ts";
import type { AnswerOptions } from "../../../src/rls/answer-options.ts";
import { checkOf, decisionOf, limitOf } from "../../support/decisions.ts";
import { writtenAnswer } from "../../support/written-answer.ts";

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
const request: RateLimitRequest = { domain: "domain", descriptors: [], hitsAddend: 0 };

/** What goes over the wire, decoded by the generated code. */
function answer(decision: ReturnType<typeof decisionOf>, options: Partial<AnswerOptions> = {}) {
  return RateLimitResponse.decode(writtenAnswer(decision, request, { ...plain, ...options }));
}

describe("an answer", () => {
  test("has a status for each descriptor, in their order, and the code of them all", () => {
    const checks = [
      checkOf(undefined),
      checkOf(limitOf(10, "MINUTE", { name: "a name" })),
      checkOf(limitOf(0, "SECOND", { unlimited: true })),
      checkOf(limitOf(10, "HOUR")),
    ];
    expect(answer(decisionOf(checks, [4, 11]))).toEqual({
      overallCode: 2,
      statuses: [
        {
          code: 1,
          currentLimit: undefined,
          limitRemaining: 0,
          durationUntilReset: undefined,
          quota: undefined,
        },
        {
          code: 1,
          currentLimit: { requestsPerUnit: 10, unit: 2, name: "a name" },
          limitRemaining: 6,
          durationUntilReset: { seconds: 26, nanos: 0 },
          quota: undefined,
        },
        {
          code: 1,
          currentLimit: undefined,
          limitRemaining: 4_294_967_295,
          durationUntilReset: undefined,
          quota: undefined,
        },
        {
          code: 2,
          currentLimit: { requestsPerUnit: 10, unit: 3, name: "" },
          limitRemaining: 0,
          durationUntilReset: { seconds: 2_366, nanos: 0 },
          quota: undefined,
        },
      ],
      responseHeadersToAdd: [],
      requestHeadersToAdd: [],
      rawBody: Buffer.alloc(0),
      dynamicMetadata: undefined,
      quota: undefined,
    });
  });

  test.each([
    ["SECOND", 1],
    ["MINUTE", 2],
    ["HOUR", 3],
    ["DAY", 4],
    ["MONTH", 5],
    ["YEAR", 6],
    ["WEEK", 7],
  ] as const)("tells a limit per %s with the number %d of the proto", (unit, number) => {
    const [status] = answer(decisionOf([checkOf(limitOf(10, unit))], [1])).statuses;
    expect(status?.currentLimit?.unit).toBe(number);
  });

  test("of a limit in shadow mode keeps the limit, nothing left and the time, and passes", () => {
    const limit = limitOf(10, "MINUTE", { shadowMode: true });
    const { overallCode, statuses } = answer(decisionOf([checkOf(limit)], [11]));
    expect(overallCode).toBe(1);
    expect(statuses).toMatchObject([
      {
        code: 1,
        currentLimit: { requestsPerUnit: 10 },
        limitRemaining: 0,
        durationUntilReset: { seconds: 26 },
      },
    ]);
  });

  test("in the global shadow mode passes, and its statuses do not", () => {
    const decision = decisionOf([checkOf(limitOf(10))], [11], { shadowMode: true });
    expect(answer(decision)).toMatchObject({ overallCode: 1, statuses: [{ code: 2 }] });
  });

  test("has headers for the client, for the upstream, for both under their own names, or for neither", () => {
    const decision = decisionOf([checkOf(limitOf(10, "MINUTE"))], [3]);
    const upstream = { limit: "x-limit", remaining: "x-remaining", reset: "x-reset" };
    const headers = (options: Partial<AnswerOptions>) => {
      const { responseHeadersToAdd, requestHeadersToAdd } = answer(decision, options);
      return [responseHeadersToAdd, requestHeadersToAdd].map((list) =>
        list.map(({ key, value }) => `${key}: ${value}`),
      );
    };
    const client = ["RateLimit-Limit: 10", "RateLimit-Remaining: 7", "RateLimit-Reset: 26"];
    const toUpstream = ["x-limit: 10", "x-remaining: 7", "x-reset: 26"];
    expect(headers({ responseHeaders: names })).toEqual([client, []]);
    expect(headers({ requestHeaders: upstream })).toEqual([[], toUpstream]);
    expect(headers({ responseHeaders: names, requestHeaders: upstream })).toEqual([
      client,
      toUpstream,
    ]);
    expect(headers({})).toEqual([[], []]);
  });

  test("says why the store was not asked when the operator wants it, behind the other headers", () => {
    const counted = decisionOf([checkOf(limitOf(10, "MINUTE"))], [3]);
    const failed = { ...counted, withoutStore: "timeout" } as const;
    const headers = (decision: Decision, options: Partial<AnswerOptions>) =>
      answer(decision, options).responseHeadersToAdd.map(({ key, value }) => `${key}: ${value}`);
    expect(headers(failed, { failureHeader: "x-why" })).toEqual(["x-why: timeout"]);
    expect(headers(failed, { failureHeader: "x-why", responseHeaders: names })).toEqual([
      "RateLimit-Limit: 10",
      "RateLimit-Remaining: 7",
      "RateLimit-Reset: 26",
      "x-why: timeout",
    ]);
    expect(headers(failed, {})).toEqual([]);
    expect(headers(counted, { failureHeader: "x-why" })).toEqual([]);
  });

  test("has dynamic metadata when the operator wants it, even if nothing matched", () => {
    const decision = decisionOf([checkOf(undefined)], []);
    expect(answer(decision).dynamicMetadata).toBeUndefined();
    expect(answer(decision, { dynamicMetadata: true }).dynamicMetadata).toEqual({
      domain: "domain",
      descriptors: [],
    });
  });
});
