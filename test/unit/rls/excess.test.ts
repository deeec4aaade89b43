import { describe, expect, test } from "@jest/globals";
import type { Code } from "../../../src/decision/check.ts";
import {
  RateLimitRequest,
  RateLimitResponse,
} from "../../../src/gen/envoy/service/ratelimit/v3/rls.ts";
import { Status } from "../../../src/grpc/status.ts";
import { validateRequest } from "../../../src/rls/decode.ts";
import { type Excess, rateLimitMethods, shouldRateLimitPath } from "../../../src/rls/methods.ts";
import type { ShouldRateLimit } from "../../../src/rls/should-rate-limit.ts";

const plain = {
  responseHeaders: undefined,
  requestHeaders: undefined,
  failureHeader: undefined,
  dynamicMetadata: false,
};

const denial = {
  checks: [],
  statuses: [],
  overallCode: "OVER_LIMIT",
  isGloballyShadowed: false,
  quotaMode: false,
  withoutStore: undefined,
} as const;

const options = {
  answer: plain,
  deadlines: { callMs: Number.POSITIVE_INFINITY, marginMs: 0 },
};

/** The method's word for excess, with what it counted; a decision denies. */
function excessOf(policy: ReturnType<Excess["policyOfAll"]>) {
  const counted: string[] = [];
  const decide: ShouldRateLimit = (request, asker) => {
    try {
      validateRequest(request);
      counted.push("decided");
      asker.answer(denial);
    } catch (error) {
      asker.fail(error);
    }
  };
  const parts = { shouldRateLimit: decide, policyOfAll: () => policy };
  const { excess } = rateLimitMethods(decide, parts, options, {
    answered: (code: Code) => counted.push(code),
    callError: (kind) => counted.push(kind),
    excess: () => counted.push("excess"),
    observeCall: (name) => counted.push(name),
  });
  const handle = excess?.get(shouldRateLimitPath);
  if (handle === undefined) throw new Error("the method has no word for excess");
  const ask = (bytes: Uint8Array, isPressing = false) =>
    new Promise<RateLimitResponse>((resolve, reject) => {
      const call = {
        path: shouldRateLimitPath,
        deadlineMs: undefined,
        header: () => undefined,
        reply<T>(
          value: T,
          bytesMax: number,
          encode: (value: T, into: Buffer, at: number) => number,
        ) {
          const into = Buffer.alloc(bytesMax);
          resolve(RateLimitResponse.decode(into.subarray(0, encode(value, into, 0))));
        },
        fail: reject,
      };
      handle(Buffer.concat([Buffer.of(9), bytes]), 1, 1 + bytes.length, call, isPressing);
    });
  return { ask, counted };
}

const request = (descriptors: number) =>
  RateLimitRequest.encode({
    domain: "d".repeat(200),
    descriptors: Array.from({ length: descriptors }, () => ({
      entries: [{ key: "k", value: "v".repeat(300) }],
      limit: undefined,
      hitsAddend: undefined,
      isNegativeHits: false,
    })),
    hitsAddend: 3,
  }).finish();

const tooMany = {
  status: Status.RESOURCE_EXHAUSTED,
  message: "more calls than can be answered in time",
};

describe("a call beyond what can be carried", () => {
  test("ends with RESOURCE_EXHAUSTED where every limit has the policy error", async () => {
    const { ask, counted } = excessOf("error");
    await expect(ask(request(1))).rejects.toMatchObject(tooMany);
    expect(counted).toEqual(["excess", "service_error", "ShouldRateLimit"]);
  });

  test.each([1, 2, 40])(
    "is OK where all have allow, with a status for each of %d descriptors",
    async (descriptors) => {
      const { ask, counted } = excessOf("allow");
      const { overallCode, statuses } = await ask(request(descriptors), true);
      expect(overallCode).toBe(1);
      expect(statuses.map(({ code }) => code)).toEqual(Array(descriptors).fill(1));
      expect(counted).toEqual(["excess", "OK", "ShouldRateLimit"]);
    },
  );

  test.each([
    ["that is no message", Buffer.of(0x12, 0x05, 1)],
    ["without descriptors", request(0)],
  ])(
    "is decided on by the ordinary road where all have allow but for one %s",
    async (_what, bytes) => {
      const { ask } = excessOf("allow");
      await expect(ask(bytes)).rejects.toMatchObject({ status: Status.INVALID_ARGUMENT });
    },
  );

  test("is decided on by its policies where they differ", async () => {
    const { ask, counted } = excessOf(undefined);
    expect((await ask(request(1))).overallCode).toBe(2);
    expect(counted.slice(0, 2)).toEqual(["excess", "decided"]);
  });

  test("ends with RESOURCE_EXHAUSTED when to look at the policies would take too long as well", async () => {
    await expect(excessOf(undefined).ask(request(1), true)).rejects.toMatchObject(tooMany);
  });
});
