import { join } from "node:path";
import { loadSync, type ServiceDefinition } from "@grpc/proto-loader";
import { describe, expect, test } from "@jest/globals";
import {
  RateLimitRequest,
  RateLimitResponse,
} from "../../../src/gen/envoy/service/ratelimit/v3/rls.ts";

/** The generated codecs against protobuf.js, which reads the same protos in its own way. Every field holds a value of its own. */
const loaded = loadSync("envoy/service/ratelimit/v3/rls.proto", {
  includeDirs: [join(import.meta.dirname, "../../../proto")],
  longs: Number,
  enums: String,
  keepCase: true,
});
const service = loaded["envoy.service.ratelimit.v3.RateLimitService"] as ServiceDefinition;
const method = new Map(Object.entries(service)).get("ShouldRateLimit");

const request: RateLimitRequest = {
  domain: "mail\u00fc",
  descriptors: [
    {
      entries: [
        { key: "user", value: "1" },
        { key: "path", value: "" },
      ],
      limit: { requestsPerUnit: 4_294_967_295, unit: 6 },
      hitsAddend: Number.MAX_SAFE_INTEGER,
      isNegativeHits: true,
    },
    { entries: [], limit: { requestsPerUnit: 0, unit: 1 }, hitsAddend: 0, isNegativeHits: false },
    { entries: [], limit: undefined, hitsAddend: undefined, isNegativeHits: false },
  ],
  hitsAddend: 4_294_967_294,
};

const requestAsLoaded = {
  domain: "mail\u00fc",
  descriptors: [
    {
      entries: [
        { key: "user", value: "1" },
        // proto3 writes no empty text.
        { key: "path" },
      ],
      limit: { requests_per_unit: 4_294_967_295, unit: "YEAR" },
      hits_addend: { value: Number.MAX_SAFE_INTEGER },
      is_negative_hits: true,
    },
    { limit: { unit: "SECOND" }, hits_addend: {} },
    {},
  ],
  hits_addend: 4_294_967_294,
};

const response: RateLimitResponse = {
  overallCode: 2,
  statuses: [
    {
      code: 1,
      currentLimit: { requestsPerUnit: 10, unit: 7, name: "login" },
      limitRemaining: 9,
      durationUntilReset: { seconds: 59, nanos: 7 },
      quota: { requests: 3, validUntil: new Date(1_700_000_000_123), id: "q" },
    },
    {
      code: 2,
      currentLimit: undefined,
      limitRemaining: 0,
      durationUntilReset: undefined,
      quota: undefined,
    },
  ],
  responseHeadersToAdd: [{ key: "RateLimit-Limit", value: "10", rawValue: Buffer.of(0, 255) }],
  requestHeadersToAdd: [{ key: "x-tenant", value: "blue", rawValue: Buffer.of(1) }],
  rawBody: Buffer.of(1, 2, 3),
  dynamicMetadata: { text: "a", number: 1.5, yes: true, none: null, list: [1, { deep: "b" }] },
  quota: { requests: 4, validUntil: undefined, id: "r" },
};

const responseAsLoaded = {
  overall_code: "OVER_LIMIT",
  statuses: [
    {
      code: "OK",
      current_limit: { requests_per_unit: 10, unit: "WEEK", name: "login" },
      limit_remaining: 9,
      duration_until_reset: { seconds: 59, nanos: 7 },
      quota: { requests: 3, valid_until: { seconds: 1_700_000_000, nanos: 123_000_000 }, id: "q" },
    },
    { code: "OVER_LIMIT" },
  ],
  response_headers_to_add: [{ key: "RateLimit-Limit", value: "10", raw_value: Buffer.of(0, 255) }],
  request_headers_to_add: [{ key: "x-tenant", value: "blue", raw_value: Buffer.of(1) }],
  raw_body: Buffer.of(1, 2, 3),
  dynamic_metadata: {
    fields: {
      text: { stringValue: "a" },
      number: { numberValue: 1.5 },
      yes: { boolValue: true },
      none: { nullValue: "NULL_VALUE" },
      list: {
        listValue: {
          values: [{ numberValue: 1 }, { structValue: { fields: { deep: { stringValue: "b" } } } }],
        },
      },
    },
  },
  quota: { requests: 4, id: "r" },
};

describe("RateLimitRequest", () => {
  test("protobuf.js reads what the generated code writes", () => {
    const bytes = Buffer.from(RateLimitRequest.encode(request).finish());
    expect(method?.requestDeserialize(bytes)).toEqual(requestAsLoaded);
  });

  test("the generated code reads what protobuf.js writes", () => {
    const bytes = method?.requestSerialize(requestAsLoaded) ?? Buffer.of();
    expect(RateLimitRequest.decode(bytes)).toEqual(request);
  });
});

describe("RateLimitResponse", () => {
  test("protobuf.js reads what the generated code writes", () => {
    const bytes = Buffer.from(RateLimitResponse.encode(response).finish());
    expect(method?.responseDeserialize(bytes)).toEqual(responseAsLoaded);
  });

  test("the generated code reads what protobuf.js writes", () => {
    const bytes = method?.responseSerialize(responseAsLoaded) ?? Buffer.of();
    expect(RateLimitResponse.decode(bytes)).toEqual(response);
  });
});
