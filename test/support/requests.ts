import fc from "fast-check";
import type { RateLimitRequest } from "../../src/gen/envoy/service/ratelimit/v3/rls.ts";

const uint32 = fc.oneof(fc.nat({ max: 10 }), fc.nat({ max: 4_294_967_295 }));
const text = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: "binary", maxLength: 6 }),
  fc.constantFrom("", "remote_address", "10.0.0.1", "\uFFFD", "x".repeat(200)),
);

/** Requests that the service accepts, as the generated code has them. */
export const wireRequest: fc.Arbitrary<RateLimitRequest> = fc.record({
  domain: text,
  hitsAddend: uint32,
  descriptors: fc.array(
    fc.record({
      entries: fc.array(fc.record({ key: text, value: text }), { maxLength: 4 }),
      limit: fc.option(
        fc.record({ requestsPerUnit: uint32, unit: fc.constantFrom(1, 2, 3, 4, 5, 6) }),
        { nil: undefined },
      ),
      hitsAddend: fc.option(uint32, { nil: undefined }),
      isNegativeHits: fc.boolean(),
    }),
    { maxLength: 4 },
  ),
});
