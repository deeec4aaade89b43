import { describe, expect, test } from "@jest/globals";
import { Answer } from "../../../bench/load/answer.ts";
import { RateLimitResponse } from "../../../src/gen/envoy/service/ratelimit/v3/rls.ts";

const status = (code: 1 | 2, remaining: number) => ({
  code,
  currentLimit: { requestsPerUnit: 4_000_000_000, unit: 5 as const, name: "a name" },
  limitRemaining: remaining,
  durationUntilReset: { seconds: 3_000_000, nanos: 500 },
  quota: undefined,
});

function encode(overallCode: 1 | 2, ...statuses: ReturnType<typeof status>[]): Buffer {
  return Buffer.from(
    RateLimitResponse.encode({
      overallCode,
      statuses,
      responseHeadersToAdd: [{ key: "a", value: "b", rawValue: Buffer.alloc(0) }],
      requestHeadersToAdd: [],
      rawBody: Buffer.from("body"),
      dynamicMetadata: undefined,
      quota: undefined,
    }).finish(),
  );
}

describe("an answer as the load generator reads it", () => {
  test("is what the generated code wrote", () => {
    const bytes = encode(2, status(2, 3_999_999_999), status(1, 7), status(2, 0));
    const answer = new Answer();
    answer.read(Buffer.concat([Buffer.alloc(5), bytes]), 5, 5 + bytes.length);
    expect(answer).toMatchObject({
      overallCode: 2,
      statuses: 3,
      agreeing: 2,
      remaining: 3_999_999_999,
      limit: 4_000_000_000,
    });
  });

  test("keeps nothing of the one before", () => {
    const first = encode(1, status(1, 5));
    const answer = new Answer();
    answer.read(first, 0, first.length);
    answer.read(Buffer.alloc(0), 0, 0);
    expect(answer).toMatchObject({ overallCode: 0, statuses: 0, remaining: 0, limit: 0 });
  });

  test("is refused wherever it was cut off inside a field", () => {
    const bytes = encode(1, status(1, 5));
    const answer = new Answer();
    // Behind the overall code the message is whole, though short.
    const cuts = Array.from({ length: bytes.length }, (_, cut) => cut);
    const refused = cuts.filter((cut) => {
      try {
        answer.read(bytes.subarray(0, cut), 0, cut);
        return false;
      } catch {
        return true;
      }
    });
    const statusEnd = 2 + 2 + (bytes[3] ?? 0);
    const headerEnd = statusEnd + 2 + (bytes[statusEnd + 1] ?? 0);
    expect(cuts.filter((cut) => !refused.includes(cut))).toEqual([0, 2, statusEnd, headerEnd]);
  });
});
