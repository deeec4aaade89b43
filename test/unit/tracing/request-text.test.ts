import { expect, test } from "@jest/globals";
import type { RateLimitRequest } from "../../../src/limits/descriptor.ts";
import { requestText } from "../../../src/tracing/request-text.ts";

const descriptor = (...entries: readonly (readonly [string, string])[]) => ({
  entries: entries.map(([key, value]) => ({ key, value })),
  override: undefined,
  hitsAddend: undefined,
  isNegativeHits: false,
});
const request = (descriptors: RateLimitRequest["descriptors"], hitsAddend = 0) => ({
  domain: "d",
  descriptors,
  hitsAddend,
});

test("has the domain and the keys, and no value", () => {
  const asked = request(
    [descriptor(["user", "alice"], ["path", "/secret"]), descriptor(["token", "t0ken"])],
    3,
  );
  expect(requestText(asked)).toBe(
    'domain:"d" descriptors:{entries:{key:"user"} entries:{key:"path"}} descriptors:{entries:{key:"token"}} hits_addend:3',
  );
});

test("is no longer than 1,025 characters, however much is asked", () => {
  const long = descriptor(...Array.from({ length: 1000 }, () => ["k".repeat(300), "v"] as const));
  expect(requestText(request([long, long, long])).length).toBe(1025);
});
