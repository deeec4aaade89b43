import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { VelocityGateError } from "../../../src/errors.ts";
import { RateLimitRequest as WireRequest } from "../../../src/gen/envoy/service/ratelimit/v3/rls.ts";
import type { Override, RateLimitRequest } from "../../../src/limits/descriptor.ts";
import { decodeRequest } from "../../../src/rls/decode.ts";
import { decodeText } from "../../../src/text.ts";
import { readFields, type WireField } from "../../support/protobuf.ts";
import { wireRequest } from "../../support/requests.ts";

const units = [undefined, "SECOND", "MINUTE", "HOUR", "DAY", "MONTH", "YEAR", "WEEK"] as const;

/** What the generated decoder makes of a message, in our words. */
function fromOracle(request: WireRequest): RateLimitRequest {
  return {
    domain: request.domain,
    hitsAddend: request.hitsAddend,
    descriptors: request.descriptors.map(({ limit, ...descriptor }) => ({
      ...descriptor,
      override: limit && ({ ...limit, unit: units[limit.unit] } as Override),
    })),
  };
}

/** Reads a request from its fields one by one, as proto3 has it; `undefined` when it has to be refused. */
function naive(bytes: Buffer): RateLimitRequest | undefined {
  const fields = readFields(bytes);
  const descriptors = messagesOf(fields, 2)?.map(naiveDescriptor);
  if (fields === undefined || descriptors === undefined) return undefined;
  const whole = descriptors.flatMap((descriptor) => descriptor ?? []);
  if (whole.length < descriptors.length) return undefined;
  return { domain: textOf(fields, 1), descriptors: whole, hitsAddend: uint32Of(fields, 3) };
}

function naiveDescriptor(fields: WireField[]): RateLimitRequest["descriptors"][number] | undefined {
  const entries = messagesOf(fields, 1);
  const limits = messagesOf(fields, 2);
  const addends = messagesOf(fields, 3);
  if (entries === undefined || limits === undefined || addends === undefined) return undefined;
  const limit = limits.flat();
  const unit = units[Number(BigInt.asIntN(32, numberOf(limit, 2)))];
  const hitsAddend = numberOf(addends.flat(), 1);
  if ((limits.length > 0 && unit === undefined) || hitsAddend >= 2n ** 32n) return undefined;
  return {
    entries: entries.map((entry) => ({ key: textOf(entry, 1), value: textOf(entry, 2) })),
    override: limits.length > 0 && unit ? { requestsPerUnit: uint32Of(limit, 1), unit } : undefined,
    hitsAddend: addends.length > 0 ? Number(hitsAddend) : undefined,
    isNegativeHits: numberOf(fields, 4) !== 0n,
  };
}

/** The messages of a field; `undefined` when one of them is none. */
function messagesOf(fields: WireField[] | undefined, number: number): WireField[][] | undefined {
  const messages = fields
    ?.filter((field) => field.number === number && field.wireType === 2)
    .map(({ value }) => readFields(value as Buffer));
  return messages?.every((message) => message !== undefined) ? messages : undefined;
}

function textOf(fields: WireField[], number: number): string {
  const last = fields.findLast((field) => field.number === number && field.wireType === 2);
  return last === undefined ? "" : decodeText(last.value as Buffer);
}

function numberOf(fields: WireField[], number: number): bigint {
  const last = fields.findLast((field) => field.number === number && field.wireType === 0);
  return (last?.value as bigint | undefined) ?? 0n;
}

const uint32Of = (fields: WireField[], number: number) =>
  Number(BigInt.asUintN(32, numberOf(fields, number)));

/** What ours makes of the bytes; `undefined` when it refuses them. Any other error fails the test. */
function decoded(bytes: Uint8Array): RateLimitRequest | undefined {
  try {
    return decodeRequest(bytes);
  } catch (error) {
    if (error instanceof VelocityGateError && error.code === "REQUEST_INVALID") return undefined;
    throw error;
  }
}

const encoded = wireRequest.map((request) => Buffer.from(WireRequest.encode(request).finish()));

/** A message with bytes changed, taken out, put in or cut off. */
const mutated = fc
  .tuple(
    encoded,
    fc.array(
      fc.record({
        at: fc.nat({ max: 400 }),
        remove: fc.integer({ min: 0, max: 2 }),
        insert: fc.uint8Array({ maxLength: 3 }),
      }),
      { minLength: 1, maxLength: 3 },
    ),
  )
  .map(([bytes, edits]) =>
    edits.reduce((result, { at, remove, insert }) => {
      const start = at % (result.length + 1);
      return Buffer.concat([result.subarray(0, start), insert, result.subarray(start + remove)]);
    }, bytes),
  );

describe("decoding", () => {
  test("agrees with the generated decoder on every message that it writes", () => {
    fc.assert(
      fc.property(encoded, (bytes) => {
        expect(decodeRequest(bytes)).toEqual(fromOracle(WireRequest.decode(bytes)));
      }),
      { numRuns: 1_000 },
    );
  });

  test("agrees with a naive reading of changed messages, and refuses what that refuses", () => {
    let accepted = 0;
    let refused = 0;
    fc.assert(
      fc.property(mutated, (bytes) => {
        const ours = decoded(bytes);
        expect(ours).toEqual(naive(bytes));
        if (ours === undefined) refused += 1;
        else accepted += 1;
      }),
      { numRuns: 5_000 },
    );
    // Both happen often, or the property would say little.
    expect(Math.min(accepted, refused)).toBeGreaterThan(500);
  });

  test("agrees with a naive reading of any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        expect(decoded(bytes)).toEqual(naive(Buffer.from(bytes)));
      }),
      { numRuns: 5_000 },
    );
  });

  test("of two messages one behind the other merges them", () => {
    fc.assert(
      fc.property(encoded, encoded, (left, right) => {
        const first = decodeRequest(left);
        const second = decodeRequest(right);
        expect(decodeRequest(Buffer.concat([left, right]))).toEqual({
          domain: second.domain || first.domain,
          descriptors: [...first.descriptors, ...second.descriptors],
          hitsAddend: second.hitsAddend || first.hitsAddend,
        });
      }),
    );
  });
});
