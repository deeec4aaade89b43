import { expect, jest, test } from "@jest/globals";
import type { RateLimitResponse } from "../../../src/gen/envoy/service/ratelimit/v3/rls.ts";
import { cleanupAfterEach } from "../../support/cleanup.ts";
import { type AppOptions, type RunningApp, startInProcess } from "../../support/running-app.ts";

// Each starts services, on machines that may be busy.
jest.setTimeout(30_000);

const cleanup = cleanupAfterEach();

const rules = {
  "rules.yaml": `domain: d
descriptors:
  - key: free
    rate_limit: { unit: year, requests_per_unit: 10 }
    metadata: { plan: gold }
  - key: none
    rate_limit: { unit: year, requests_per_unit: 0 }
  - key: also
    rate_limit: { unit: year, requests_per_unit: 0 }
`,
};

const start = (settings: AppOptions["settings"]): Promise<RunningApp> =>
  cleanup.add(startInProcess({ rules, settings: settings ?? {} }));

const [ok, overLimit] = [1, 2];
const codes = ({ overallCode, statuses }: RateLimitResponse) => [
  overallCode,
  ...statuses.map(({ code }) => code),
];

/** The seconds until reset are those of the clock. */
const named = (headers: RateLimitResponse["responseHeadersToAdd"]) =>
  headers.map(({ key, value }, at) => (at === 2 ? key : `${key}: ${value}`));

test("what is denied is denied unless a setting says otherwise, and nothing is added", async () => {
  const answer = await (await start({})).ask("none=v");
  expect(codes(answer)).toEqual([overLimit, overLimit]);
  expect(answer).toMatchObject({ responseHeadersToAdd: [], requestHeadersToAdd: [] });
  expect(answer.dynamicMetadata).toBeUndefined();
});

test("SHADOW_MODE lets pass what is denied, and the statuses say what would have been", async () => {
  const app = await start({ SHADOW_MODE: "true" });
  expect(codes(await app.ask("none=v"))).toEqual([ok, overLimit]);
});

test("QUOTA_MODE denies only when all limits of a request are over", async () => {
  const app = await start({ QUOTA_MODE: "true" });
  const ask = (...descriptors: string[]) => app.ask({ descriptors });
  expect(codes(await ask("none=v", "free=v"))).toEqual([ok, overLimit, ok]);
  expect(codes(await ask("none=v", "also=v"))).toEqual([overLimit, overLimit, overLimit]);
});

test("LIMIT_RESPONSE_HEADERS_ENABLED adds headers to the response, named as the reference names them", async () => {
  const app = await start({ LIMIT_RESPONSE_HEADERS_ENABLED: "true" });
  const { responseHeadersToAdd, requestHeadersToAdd } = await app.ask("free=v");
  expect(named(responseHeadersToAdd)).toEqual([
    "RateLimit-Limit: 10",
    "RateLimit-Remaining: 9",
    "RateLimit-Reset",
  ]);
  expect(requestHeadersToAdd).toEqual([]);
});

test("LIMIT_LIMIT_HEADER, LIMIT_REMAINING_HEADER and LIMIT_RESET_HEADER name them", async () => {
  const app = await start({
    LIMIT_RESPONSE_HEADERS_ENABLED: "true",
    LIMIT_LIMIT_HEADER: "A-L",
    LIMIT_REMAINING_HEADER: "A-R",
    LIMIT_RESET_HEADER: "A-T",
  });
  const { responseHeadersToAdd } = await app.ask("free=v");
  expect(named(responseHeadersToAdd)).toEqual(["A-L: 10", "A-R: 9", "A-T"]);
});

test("LIMIT_REQUEST_HEADERS_ENABLED adds headers to the request, named as the reference names them", async () => {
  const app = await start({ LIMIT_REQUEST_HEADERS_ENABLED: "true" });
  const { responseHeadersToAdd, requestHeadersToAdd } = await app.ask("free=v");
  expect(responseHeadersToAdd).toEqual([]);
  expect(named(requestHeadersToAdd)).toEqual([
    "RateLimit-Limit: 10",
    "RateLimit-Remaining: 9",
    "RateLimit-Reset",
  ]);
});

test("LIMIT_REQUEST_LIMIT_HEADER, _REMAINING_HEADER and _RESET_HEADER name them", async () => {
  const app = await start({
    LIMIT_REQUEST_HEADERS_ENABLED: "true",
    LIMIT_REQUEST_LIMIT_HEADER: "B-L",
    LIMIT_REQUEST_REMAINING_HEADER: "B-R",
    LIMIT_REQUEST_RESET_HEADER: "B-T",
  });
  const { requestHeadersToAdd } = await app.ask("free=v");
  expect(named(requestHeadersToAdd)).toEqual(["B-L: 10", "B-R: 9", "B-T"]);
});

test("RESPONSE_DYNAMIC_METADATA hands on the request and the metadata of its rules", async () => {
  const app = await start({ RESPONSE_DYNAMIC_METADATA: "true" });
  const { dynamicMetadata } = await app.ask({ descriptors: ["free=v"], hits: 2 });
  expect(dynamicMetadata).toEqual({
    domain: "d",
    descriptors: [{ entries: ["free=v"] }],
    hitsAddend: 2,
    metadata: { plan: "gold" },
  });
});
