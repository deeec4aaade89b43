import {
  type RateLimitResponse,
  RateLimitResponse_Code as WireCode,
  type RateLimitResponse_DescriptorStatus as WireStatus,
  RateLimitResponse_RateLimit_Unit as WireUnit,
} from "../gen/envoy/service/ratelimit/v3/rls.ts";

/** A JSON object whose fields of `undefined` are not written. */
type Json = Readonly<Record<string, unknown>>;

/**
 * An answer in protobuf's JSON, with fields in the order of the proto: names in camel case, enums by name, fields of their default value left out. Fields that this
 * service never sets (`rawBody`, `quota`, raw header values) are not written.
 */
export function formatJsonResponse(response: RateLimitResponse): string {
  const { responseHeadersToAdd, requestHeadersToAdd, dynamicMetadata } = response;
  const json: Json = {
    overallCode: nameOf(WireCode, response.overallCode),
    statuses: unlessEmpty(response.statuses.map(statusJson)),
    responseHeadersToAdd: unlessEmpty(responseHeadersToAdd.map(headerJson)),
    requestHeadersToAdd: unlessEmpty(requestHeadersToAdd.map(headerJson)),
    dynamicMetadata,
  };
  return JSON.stringify(json, finite);
}

function statusJson({ code, currentLimit, limitRemaining, durationUntilReset }: WireStatus): Json {
  return {
    code: nameOf(WireCode, code),
    currentLimit: currentLimit && {
      name: currentLimit.name || undefined,
      requestsPerUnit: currentLimit.requestsPerUnit || undefined,
      unit: nameOf(WireUnit, currentLimit.unit),
    },
    limitRemaining: limitRemaining || undefined,
    durationUntilReset: durationUntilReset && `${durationUntilReset.seconds}s`,
  };
}

function headerJson({ key, value }: { readonly key: string; readonly value: string }): Json {
  return { key: key || undefined, value: value || undefined };
}

function nameOf(numbers: Readonly<Record<string, number>>, value: number): string | undefined {
  return value === 0 ? undefined : Object.keys(numbers).find((name) => numbers[name] === value);
}

function unlessEmpty(list: readonly Json[]): readonly Json[] | undefined {
  return list.length === 0 ? undefined : list;
}

/** JSON has no infinity and no NaN, rule metadata may: they are written as protobuf's JSON writes them in a double. */
function finite(_name: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}
