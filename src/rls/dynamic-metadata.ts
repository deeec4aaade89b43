import type { Check, Decision } from "../decision/check.ts";
import { RateLimitUnit } from "../gen/envoy/type/v3/ratelimit_unit.ts";
import type { Descriptor, Override, RateLimitRequest } from "../limits/descriptor.ts";
import type { JsonObject, JsonValue } from "../limits/limit.ts";
import { wireUnits } from "./unit.ts";

/** Metadata while it grows: a map, so that a key may have any name. */
type Merged = Map<string, JsonValue | Merged>;

/**
 * What Envoy's other filters and its access log are told (under `envoy.filters.http.ratelimit`): the request as it was asked, and
 * the metadata of the rules that it passed.
 */
export function dynamicMetadata(decision: Decision, request: RateLimitRequest): JsonObject {
  const metadata = passedMetadata(decision);
  return {
    domain: request.domain.toWellFormed(),
    descriptors: request.descriptors.map(describe),
    ...(request.hitsAddend === 0 ? {} : { hitsAddend: request.hitsAddend }),
    ...(metadata.size === 0 ? {} : { metadata: toObject(metadata) }),
  };
}

function describe({ entries, override, hitsAddend }: Descriptor): JsonObject {
  return {
    // A protobuf string is UTF-8: what stands for other bytes becomes U+FFFD.
    entries: entries.map(({ key, value }) => `${key}=${value}`.toWellFormed()),
    ...(override === undefined ? {} : { limit: overrideText(override) }),
    ...(hitsAddend === undefined ? {} : { hitsAddend }),
  };
}

/** In protobuf's text format, where a 0 is not said and a number without a name stands for itself. */
function overrideText({ requestsPerUnit, unit }: Override): string {
  const unitText = unit in RateLimitUnit ? unit : wireUnits[unit];
  return requestsPerUnit === 0
    ? `unit:${unitText}`
    : `requests_per_unit:${requestsPerUnit} unit:${unitText}`;
}

/** Merged in the descriptors' order: the first value of a key stays, objects under the same key are merged likewise. */
function passedMetadata({ checks, statuses }: Decision): Merged {
  const merged: Merged = new Map();
  for (let i = 0; i < checks.length; i++) {
    const metadata = statuses[i]?.code === "OVER_LIMIT" ? undefined : countedMetadata(checks[i]);
    if (metadata !== undefined) mergeInto(merged, metadata);
  }
  return merged;
}

function countedMetadata(check: Check | undefined): JsonObject | undefined {
  const limit = check?.match?.limit;
  return limit?.unlimited ? undefined : limit?.metadata;
}

/** Copies what it takes over: rules are shared by all requests. */
function mergeInto(merged: Merged, metadata: JsonObject): void {
  for (const [key, value] of Object.entries(metadata)) {
    const earlier = merged.get(key);
    if (earlier === undefined) {
      merged.set(key, isObject(value) ? copy(value) : value);
    } else if (earlier instanceof Map && isObject(value)) {
      mergeInto(earlier, value);
    }
  }
}

function copy(object: JsonObject): Merged {
  const copied: Merged = new Map();
  mergeInto(copied, object);
  return copied;
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function toObject(merged: Merged): JsonObject {
  return Object.fromEntries(
    Array.from(merged, ([key, value]) => [key, value instanceof Map ? toObject(value) : value]),
  );
}
