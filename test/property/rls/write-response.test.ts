import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { Decision, DescriptorStatus } from "../../../src/decision/check.ts";
import { storeFailures } from "../../../src/errors.ts";
import { RateLimitResponse } from "../../../src/gen/envoy/service/ratelimit/v3/rls.ts";
import { type Limit, units } from "../../../src/limits/limit.ts";
import { toResponse } from "../../../src/rls/encode.ts";
import { answerBytesMax, toAnswer, writeAnswer } from "../../../src/rls/write-response.ts";

const uint32 = fc.oneof(fc.nat(), fc.integer({ min: 0, max: 0xffff_ffff }), fc.nat(200));
/** Up to lengths that need three bytes in front of them. */
const name = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 200 }),
  fc.nat(20_000).map((length) => "n".repeat(length)),
);

const limit: fc.Arbitrary<Limit> = fc.record({
  requestsPerUnit: uint32,
  unit: fc.constantFrom(...units),
  algorithm: fc.constant("fixed_window" as const),
  unlimited: fc.constant(false),
  name,
  replaces: fc.constant([]),
  shadowMode: fc.boolean(),
  quotaMode: fc.boolean(),
  metadata: fc.constant(undefined),
  failurePolicy: fc.constant(undefined),
});

const status: fc.Arbitrary<DescriptorStatus> = fc.record({
  code: fc.constantFrom("OK" as const, "OVER_LIMIT" as const),
  limit: fc.option(limit, { nil: undefined }),
  remaining: uint32,
  resetSeconds: fc.integer({ min: 1, max: 31_536_000 }),
  overLimitHits: fc.constant(0),
  nearLimitHits: fc.constant(0),
  withinLimitHits: fc.constant(0),
  isShadowed: fc.constant(false),
  fromLocalCache: fc.constant(false),
});

const decision: fc.Arbitrary<Decision> = fc.record({
  overallCode: fc.constant("OK" as const),
  checks: fc.constant([]),
  statuses: fc.array(status, { maxLength: 12 }),
  quotaMode: fc.constant(false),
  isGloballyShadowed: fc.constant(false),
  withoutStore: fc.option(fc.constantFrom(...storeFailures), { nil: undefined }),
});

const names = {
  limit: "RateLimit-Limit",
  remaining: "RateLimit-Remaining",
  reset: "x".repeat(150),
};
const request = {
  domain: "d",
  hitsAddend: 3,
  descriptors: [
    {
      entries: [{ key: "k", value: "v" }],
      override: undefined,
      hitsAddend: undefined,
      isNegativeHits: false,
    },
  ],
};

describe("an answer that is written as bytes", () => {
  test("says what the message says that is built from the same decision, within its bound", () => {
    fc.assert(
      fc.property(
        decision,
        fc.boolean(),
        fc.boolean(),
        (decision, withHeaders, dynamicMetadata) => {
          const options = {
            responseHeaders: withHeaders ? names : undefined,
            requestHeaders: withHeaders ? names : undefined,
            failureHeader: withHeaders ? "x-failure" : undefined,
            dynamicMetadata,
          };
          const answer = toAnswer(decision, request, options);
          const into = Buffer.alloc(7 + answerBytesMax(answer));
          const end = writeAnswer(answer, into, 7);
          expect(end).toBeLessThanOrEqual(into.length);
          const expected = toResponse(decision, request, options);
          expect(RateLimitResponse.decode(into.subarray(7, end))).toEqual(
            RateLimitResponse.decode(RateLimitResponse.encode(expected).finish()),
          );
        },
      ),
      { numRuns: 300 },
    );
  });
});
