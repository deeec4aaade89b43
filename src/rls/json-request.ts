import { isUtf8 } from "node:buffer";
import { RateLimitResponse_RateLimit_Unit as WireUnit } from "../gen/envoy/service/ratelimit/v3/rls.ts";
import type { Descriptor, Entry, Override, RateLimitRequest } from "../limits/descriptor.ts";
import { bounds, requestInvalid, tooLong, tooManyDescriptors, tooManyEntries } from "./bounds.ts";
import { JsonReader } from "./json-reader.ts";
import { overrideUnit } from "./unit.ts";

const uint32Max = 4_294_967_295;

/**
 * Reads a `RateLimitRequest` in protobuf's JSON, with the bounds of the wire.
 *
 * @throws VelocityGateError `REQUEST_INVALID`
 */
export function parseJsonRequest(body: Buffer): RateLimitRequest {
  if (!isUtf8(body))
    throw requestInvalid("the request: expected JSON, found bytes that are no UTF-8");
  const reader = new JsonReader(body.toString());
  const request = readRequest(reader);
  reader.end();
  return request;
}

function readRequest(reader: JsonReader): RateLimitRequest {
  const {
    domain = "",
    descriptors = [],
    hitsAddend = 0,
  } = reader.object({
    domain: () => readText(reader, "domain", bounds.domainBytesMax),
    descriptors: () =>
      reader.array((index) => {
        if (index === bounds.descriptorsMax) throw tooManyDescriptors();
        return readDescriptor(reader, index);
      }),
    hitsAddend: () => reader.uint(bounds.hitsAddendMax),
  });
  return { domain, descriptors, hitsAddend };
}

function readDescriptor(reader: JsonReader, index: number): Descriptor {
  const {
    entries = [],
    limit,
    hitsAddend,
    isNegativeHits = false,
  } = reader.object({
    entries: () =>
      reader.array((entry) => {
        if (entry === bounds.entriesMax) throw tooManyEntries(index);
        return readEntry(reader, `descriptors[${index}].entries[${entry}]`);
      }),
    limit: () => readOverride(reader, index),
    hitsAddend: () => reader.uint(bounds.hitsAddendMax),
    isNegativeHits: () => reader.boolean(),
  });
  return { entries, override: limit, hitsAddend, isNegativeHits };
}

function readEntry(reader: JsonReader, place: string): Entry {
  const { key = "", value = "" } = reader.object({
    key: () => readText(reader, `${place}.key`, bounds.keyBytesMax),
    value: () => readText(reader, `${place}.value`, bounds.valueBytesMax),
  });
  return { key, value };
}

function readOverride(reader: JsonReader, descriptor: number): Override {
  const { requestsPerUnit = 0, unit = 0 } = reader.object({
    requestsPerUnit: () => reader.uint(uint32Max),
    // Upstream's enum of request units has no WEEK; its number is accepted there, so its name is here.
    unit: () => reader.enum(WireUnit),
  });
  return { requestsPerUnit, unit: overrideUnit(unit, descriptor) };
}

function readText(reader: JsonReader, place: string, bytesMax: number): string {
  const text = reader.string();
  const bytes = Buffer.byteLength(text);
  if (bytes > bytesMax) throw tooLong(place, bytes, bytesMax);
  return text;
}
