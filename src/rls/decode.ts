import type { Descriptor, Entry, Override, RateLimitRequest } from "../limits/descriptor.ts";
import {
  bounds,
  hitsAddendTooLarge,
  requestInvalid,
  tooLong,
  tooManyDescriptors,
  tooManyEntries,
} from "./bounds.ts";
import { overrideUnit } from "./unit.ts";
import {
  type Cursor,
  countFields,
  cursorOver,
  readLength,
  readTag,
  readText,
  readVarint,
  skipField,
} from "./wire.ts";

/*
 * The fields of rls.proto and ratelimit.proto, by their tags (`number << 3 | wireType`). As proto3 has it, the last occurrence of a
 * field wins, and those of a message field that is not repeated are merged.
 */
const requestTags = { domain: 0x0a, descriptors: 0x12, hitsAddend: 0x18 } as const;
const descriptorTags = {
  entries: 0x0a,
  limit: 0x12,
  hitsAddend: 0x1a,
  isNegativeHits: 0x20,
} as const;
const entryTags = { key: 0x0a, value: 0x12 } as const;
const overrideTags = { requestsPerUnit: 0x08, unit: 0x10 } as const;
const uint64ValueTags = { value: 0x08 } as const;

/** An override on the wire: its unit is any int32. */
interface WireOverride {
  readonly requestsPerUnit: number;
  readonly unit: number;
}

/**
 * Reads an `envoy.service.ratelimit.v3.RateLimitRequest` that is `bytes[start, end)`. Text that is not UTF-8 is taken as it comes (`text.ts`): Envoy passes
 * header values on unchecked, and to refuse them is to let them through wherever Envoy allows on failure.
 *
 * @throws VelocityGateError `REQUEST_INVALID` when the bytes are no such message or one of `bounds` is exceeded.
 */
export function decodeRequest(bytes: Uint8Array, start = 0, end = bytes.length): RateLimitRequest {
  const cursor = cursorOver(bytes, start, end);
  const expected = countFields(cursor, end, requestTags.descriptors, bounds.descriptorsMax);
  const descriptors = new Array<Descriptor>(expected);
  let count = 0;
  let domain = "";
  let hitsAddend = 0;
  while (cursor.at < end) {
    const tag = readTag(cursor, end);
    if (tag === requestTags.descriptors) {
      if (count === bounds.descriptorsMax) throw tooManyDescriptors();
      const length = readLength(cursor, end);
      descriptors[count] = readDescriptor(cursor, cursor.at + length, count);
      count += 1;
    } else if (tag === requestTags.domain) {
      const length = readLength(cursor, end);
      if (length > bounds.domainBytesMax) {
        throw tooLong("domain", length, bounds.domainBytesMax);
      }
      domain = readText(cursor, length);
    } else if (tag === requestTags.hitsAddend) {
      hitsAddend = readVarint(cursor, end);
    } else {
      skipField(cursor, end, tag);
    }
  }
  return { domain, descriptors, hitsAddend };
}

/**
 * What the reference asks of every request, in its order and with its texts.
 *
 * @throws VelocityGateError `REQUEST_INVALID`
 */
export function validateRequest({ domain, descriptors }: RateLimitRequest): void {
  if (domain === "") throw requestInvalid("rate limit domain must not be empty");
  if (descriptors.length === 0) {
    throw requestInvalid("rate limit descriptor list must not be empty");
  }
}

function readDescriptor(cursor: Cursor, end: number, index: number): Descriptor {
  const expected = countFields(cursor, end, descriptorTags.entries, bounds.entriesMax);
  const entries = new Array<Entry>(expected);
  let count = 0;
  let override: WireOverride | undefined;
  let hitsAddend: number | undefined;
  let isNegativeHits = false;
  while (cursor.at < end) {
    const tag = readTag(cursor, end);
    if (tag === descriptorTags.entries) {
      if (count === bounds.entriesMax) throw tooManyEntries(index);
      const length = readLength(cursor, end);
      entries[count] = readEntry(cursor, cursor.at + length, index, count);
      count += 1;
    } else if (tag === descriptorTags.limit) {
      const length = readLength(cursor, end);
      override = readOverride(cursor, cursor.at + length, override);
    } else if (tag === descriptorTags.hitsAddend) {
      const length = readLength(cursor, end);
      hitsAddend = readUint64Value(cursor, cursor.at + length, hitsAddend);
    } else if (tag === descriptorTags.isNegativeHits) {
      isNegativeHits = (readVarint(cursor, end) | cursor.high) !== 0;
    } else {
      skipField(cursor, end, tag);
    }
  }
  if (hitsAddend !== undefined && hitsAddend > bounds.hitsAddendMax) {
    throw hitsAddendTooLarge(index);
  }
  return { entries, override: override && toOverride(override, index), hitsAddend, isNegativeHits };
}

function readEntry(cursor: Cursor, end: number, descriptor: number, index: number): Entry {
  let key = "";
  let value = "";
  while (cursor.at < end) {
    const tag = readTag(cursor, end);
    if (tag === entryTags.key) {
      const length = readLength(cursor, end);
      if (length > bounds.keyBytesMax) {
        const place = `descriptors[${descriptor}].entries[${index}].key`;
        throw tooLong(place, length, bounds.keyBytesMax);
      }
      key = readText(cursor, length);
    } else if (tag === entryTags.value) {
      const length = readLength(cursor, end);
      if (length > bounds.valueBytesMax) {
        const place = `descriptors[${descriptor}].entries[${index}].value`;
        throw tooLong(place, length, bounds.valueBytesMax);
      }
      value = readText(cursor, length);
    } else {
      skipField(cursor, end, tag);
    }
  }
  return { key, value };
}

function readOverride(
  cursor: Cursor,
  end: number,
  earlier: WireOverride | undefined,
): WireOverride {
  let requestsPerUnit = earlier?.requestsPerUnit ?? 0;
  let unit = earlier?.unit ?? 0;
  while (cursor.at < end) {
    const tag = readTag(cursor, end);
    if (tag === overrideTags.requestsPerUnit) requestsPerUnit = readVarint(cursor, end);
    else if (tag === overrideTags.unit) unit = readVarint(cursor, end) | 0;
    else skipField(cursor, end, tag);
  }
  return { requestsPerUnit, unit };
}

function toOverride({ requestsPerUnit, unit }: WireOverride, descriptor: number): Override {
  return { requestsPerUnit, unit: overrideUnit(unit, descriptor) };
}

/** Exact up to 2^53, and beyond the bound in any case when it is more. */
function readUint64Value(cursor: Cursor, end: number, earlier: number | undefined): number {
  let value = earlier ?? 0;
  while (cursor.at < end) {
    const tag = readTag(cursor, end);
    if (tag === uint64ValueTags.value) {
      const low = readVarint(cursor, end);
      value = cursor.high * 2 ** 32 + low;
    } else {
      skipField(cursor, end, tag);
    }
  }
  return value;
}
