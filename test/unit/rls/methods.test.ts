import { describe, expect, test } from "@jest/globals";
import { VelocityGateError } from "../../../src/errors.ts";
import {
  RateLimitRequest,
  RateLimitResponse,
} from "../../../src/gen/envoy/service/ratelimit/v3/rls.ts";
import type { DirectHandler } from "../../../src/grpc/engine.ts";
import { Status } from "../../../src/grpc/status.ts";
import { rateLimitMethods, shouldRateLimitPath } from "../../../src/rls/methods.ts";
import { field, message } from "../../support/protobuf.ts";
import { scriptedService } from "../../support/scripted-service.ts";

const rules = `
domain: domain
descriptors:
  - { key: key, rate_limit: { unit: minute, requests_per_unit: 10 } }
`;
const plain = {
  responseHeaders: undefined,
  requestHeaders: undefined,
  failureHeader: undefined,
  dynamicMetadata: false,
};

const options = { answer: plain, deadlines: { callMs: 100, marginMs: 2 } };

/** The method as an engine calls it, and what was counted of its calls. */
function method(yaml: string | undefined) {
  const { service, store, stats } = scriptedService({ rules: yaml });
  const { outcomes } = stats;
  const observed: string[] = [];
  const excess = { shouldRateLimit: service, policyOfAll: () => undefined };
  const { direct } = rateLimitMethods(service, excess, options, {
    answered: (code) => stats.answered(code),
    excess: () => observed.push("excess"),
    callError: (kind) => stats.callError(kind),
    observeCall: (name, seconds) => observed.push(`${name} ${seconds >= 0 && seconds < 10}`),
  });
  const handler = direct?.get(shouldRateLimitPath);
  if (handler === undefined) throw new Error("the method is not served");
  return {
    ask: (bytes: Uint8Array, deadlineMs?: number) => ask(handler, bytes, deadlineMs),
    store,
    outcomes,
    observed,
  };
}

/** One call; the request stands amid other bytes, and is overwritten as soon as the handler returns. */
function ask(
  handler: DirectHandler,
  request: Uint8Array,
  deadlineMs: number | undefined,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const received = Buffer.concat([Buffer.alloc(3, 0xff), request, Buffer.alloc(3, 0xff)]);
    handler(received, 3, 3 + request.length, {
      path: shouldRateLimitPath,
      deadlineMs,
      header: () => undefined,
      reply: (value, bytesMax, encode) => {
        const answer = Buffer.alloc(5 + bytesMax);
        resolve(answer.subarray(5, encode(value, answer, 5)));
      },
      fail: reject,
    });
    received.fill(0xff);
  });
}

const valid = RateLimitRequest.encode({
  domain: "domain",
  descriptors: [
    {
      entries: [{ key: "key", value: "x" }],
      limit: undefined,
      hitsAddend: undefined,
      isNegativeHits: false,
    },
  ],
  hitsAddend: 0,
}).finish();

const descriptor = (...fields: readonly Uint8Array[]) => field(2, message(...fields));
const wholeEntry = field(1, message(field(1, "key"), field(2, "x")));

describe("ShouldRateLimit", () => {
  test.each([
    [5, "OK"],
    [11, "OVER_LIMIT"],
  ] as const)("answers bytes with bytes: a total of %d is %s", async (total, code) => {
    const { ask, store, outcomes, observed } = method(rules);
    store.answers.push([total]);
    const { overallCode, statuses } = RateLimitResponse.decode(await ask(valid));
    const expected = code === "OK" ? 1 : 2;
    expect(overallCode).toBe(expected);
    expect(statuses).toMatchObject([
      { code: expected, currentLimit: { requestsPerUnit: 10, unit: 2 } },
    ]);
    expect(outcomes).toEqual([code]);
    expect(observed).toEqual(["ShouldRateLimit true"]);
  });

  test.each<readonly [string, Uint8Array, string]>([
    ["an empty domain", descriptor(), "rate limit domain must not be empty"],
    ["no descriptor", field(1, "domain"), "rate limit descriptor list must not be empty"],
    ["neither", new Uint8Array(), "rate limit domain must not be empty"],
    [
      "bytes that are no message",
      Buffer.from("GET /"),
      "the request is malformed at byte 1: there is no wire type 7",
    ],
    // The reference counts it as -1.
    [
      "an addend of 2^64-1",
      message(field(1, "domain"), descriptor(wholeEntry, field(3, field(1, 2n ** 64n - 1n)))),
      "descriptors[0].hits_addend is too large: 0 to 4294967295 are accepted",
    ],
    [
      "an addend of 2^63-1",
      message(field(1, "domain"), descriptor(wholeEntry, field(3, field(1, 2n ** 63n - 1n)))),
      "descriptors[0].hits_addend is too large: 0 to 4294967295 are accepted",
    ],
  ])("ends with INVALID_ARGUMENT before anything is counted: %s", async (_, bytes, text) => {
    const { ask, store, outcomes, observed } = method(rules);
    await expect(ask(bytes)).rejects.toMatchObject({
      status: Status.INVALID_ARGUMENT,
      message: text,
    });
    expect(store.asked).toEqual([]);
    expect(outcomes).toEqual(["service_error"]);
    expect(observed).toEqual(["ShouldRateLimit true"]);
  });

  // Each ends the reference's process.
  test.each([0, 8, 100])(
    "ends with INVALID_ARGUMENT for a limit whose unit is %d, and lives on",
    async (unit) => {
      const { ask, store } = method(rules);
      const limit = field(2, message(field(1, 5), field(2, unit)));
      await expect(
        ask(message(field(1, "domain"), descriptor(wholeEntry, limit))),
      ).rejects.toMatchObject({
        status: Status.INVALID_ARGUMENT,
        message: expect.stringContaining(`descriptors[0].limit.unit is ${unit}`),
      });
      store.answers.push([1]);
      expect(RateLimitResponse.decode(await ask(valid)).overallCode).toBe(1);
    },
  );

  test.each([
    ["20 ms", 20, 18],
    ["longer than a call may take", 10_000, 98],
    ["without end", undefined, 98],
  ])("waits for the counters until just before its caller goes: %s", async (_, ms, expected) => {
    const { ask, store } = method(rules);
    store.answers.push([1]);
    const startedMs = performance.now();
    await ask(valid, ms === undefined ? undefined : Date.now() + ms);
    const [deadlineMs = 0] = store.deadlinesMs;
    expect(Math.abs(deadlineMs - startedMs - expected)).toBeLessThan(8);
  });

  test("ends with FAILED_PRECONDITION while no rules are loaded", async () => {
    const { ask, outcomes, observed } = method(undefined);
    await expect(ask(valid)).rejects.toMatchObject({
      status: Status.FAILED_PRECONDITION,
      message: "no rate limit configuration loaded",
    });
    expect(outcomes).toEqual(["service_error"]);
    expect(observed).toEqual(["ShouldRateLimit true"]);
  });

  test.each([
    ["STORE_UNAVAILABLE", Status.UNAVAILABLE],
    ["STORE_TIMEOUT", Status.DEADLINE_EXCEEDED],
  ] as const)("ends with the store's failure, counted as such: %s", async (code, status) => {
    const { ask, store, outcomes, observed } = method(rules);
    store.answers.push(new VelocityGateError(code, "the store is away"));
    await expect(ask(valid)).rejects.toMatchObject({ status, message: "the store is away" });
    expect(outcomes).toEqual(["redis_error"]);
    expect(observed).toEqual(["ShouldRateLimit true"]);
  });

  test("hands on what nobody foresaw, so that the engine answers INTERNAL without a text", async () => {
    const { ask, store, outcomes, observed } = method(rules);
    const error = new TypeError("internals");
    store.answers.push(error);
    await expect(ask(valid)).rejects.toBe(error);
    expect(outcomes).toEqual(["service_error"]);
    expect(observed).toEqual(["ShouldRateLimit true"]);
  });

  test("counts a header value that is not UTF-8, under its own bytes", async () => {
    const { ask, store } = method(rules);
    store.answers.push([1]);
    const entry = field(1, message(field(1, "key"), field(2, Buffer.from([0xff, 0x61]))));
    await ask(message(field(1, "domain"), descriptor(entry)));
    expect(store.asked).toMatchObject([[{ key: "domain_key_\uDCFFa_1200" }]]);
  });
});
