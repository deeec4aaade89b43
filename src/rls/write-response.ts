import type { Decision, DescriptorStatus } from "../decision/check.ts";
import type { HeaderValue } from "../gen/envoy/config/core/v3/base.ts";
import { RateLimitResponse } from "../gen/envoy/service/ratelimit/v3/rls.ts";
import type { RateLimitRequest } from "../limits/descriptor.ts";
import type { Limit } from "../limits/limit.ts";
import type { AnswerOptions } from "./answer-options.ts";
import { dynamicMetadata } from "./dynamic-metadata.ts";
import { wireCodes } from "./encode.ts";
import { requestHeadersOf, responseHeadersOf } from "./headers.ts";
import { wireUnits } from "./unit.ts";

/**
 * The bytes of an `envoy.service.ratelimit.v3.RateLimitResponse`, written straight to where they leave: no message object is made
 * for what every answer has, its statuses. `encode.ts` says the same as objects, and is what the tests compare with.
 *
 * Tags are `field number << 3 | wire type`, as in rls.proto; fields that hold their default are left out, as proto3 has it.
 */
export interface Answer {
  readonly decision: Decision;
  readonly responseHeaders: readonly HeaderValue[];
  readonly requestHeaders: readonly HeaderValue[];
  /** Field 6, encoded; empty when there is none. */
  readonly metadata: Uint8Array;
}

const noBytes = new Uint8Array(0);

export function toAnswer(
  decision: Decision,
  request: RateLimitRequest,
  options: AnswerOptions,
): Answer {
  return {
    decision,
    responseHeaders: responseHeadersOf(decision, options),
    requestHeaders: requestHeadersOf(decision, options),
    metadata: options.dynamicMetadata ? encodeMetadata(decision, request) : noBytes,
  };
}

// More than any status or header needs besides its texts: five varints of at most six bytes with their tags, three lengths.
const fixedBytesMax = 64;
const utf8BytesPerUnit = 3;

/** A bound of what `writeAnswer` writes. */
export function answerBytesMax(answer: Answer): number {
  const { decision, responseHeaders, requestHeaders, metadata } = answer;
  let bytes = fixedBytesMax + metadata.length;
  for (const { limit } of decision.statuses) bytes += fixedBytesMax + textBytesMax(limit?.name);
  for (const { key, value } of responseHeaders) {
    bytes += fixedBytesMax + textBytesMax(key) + textBytesMax(value);
  }
  for (const { key, value } of requestHeaders) {
    bytes += fixedBytesMax + textBytesMax(key) + textBytesMax(value);
  }
  return bytes;
}

function textBytesMax(text: string | undefined): number {
  return text === undefined ? 0 : text.length * utf8BytesPerUnit;
}

/** @returns where the answer ends */
export function writeAnswer(answer: Answer, into: Buffer, start: number): number {
  const { decision, responseHeaders, requestHeaders, metadata } = answer;
  let at = writeNumber(into, start, 0x08, wireCodes[decision.overallCode]);
  for (const status of decision.statuses) at = writeStatus(into, at, status);
  for (const header of responseHeaders) at = writeHeader(into, at, 0x1a, header);
  for (const header of requestHeaders) at = writeHeader(into, at, 0x22, header);
  into.set(metadata, at);
  return at + metadata.length;
}

function writeStatus(into: Buffer, start: number, status: DescriptorStatus): number {
  const { code, limit, remaining, resetSeconds } = status;
  const body = start + 2;
  let at = writeNumber(into, body, 0x08, wireCodes[code]);
  if (limit !== undefined) at = writeLimit(into, at, limit);
  if (remaining > 0) at = writeNumber(into, at, 0x18, remaining);
  if (limit !== undefined) {
    const duration = at + 2;
    at = writeNumber(into, duration, 0x08, resetSeconds);
    at = closeField(into, duration, at, 0x22);
  }
  return closeField(into, body, at, 0x12);
}

function writeLimit(into: Buffer, start: number, limit: Limit): number {
  const body = start + 2;
  let at = body;
  if (limit.requestsPerUnit > 0) at = writeNumber(into, at, 0x08, limit.requestsPerUnit);
  at = writeNumber(into, at, 0x10, wireUnits[limit.unit]);
  if (limit.name !== "") at = writeText(into, at, 0x1a, limit.name);
  return closeField(into, body, at, 0x12);
}

function writeHeader(into: Buffer, start: number, tag: number, header: HeaderValue): number {
  const body = start + 2;
  let at = writeText(into, body, 0x0a, header.key);
  at = writeText(into, at, 0x12, header.value);
  return closeField(into, body, at, tag);
}

function writeText(into: Buffer, start: number, tag: number, text: string): number {
  const body = start + 2;
  return closeField(into, body, body + into.write(text, body), tag);
}

/** A tag and a varint of at most 32 bits. */
function writeNumber(into: Buffer, start: number, tag: number, value: number): number {
  into[start] = tag;
  return writeVarint(into, start + 1, value);
}

function writeVarint(into: Buffer, start: number, value: number): number {
  let at = start;
  let rest = value;
  while (rest > 0x7f) {
    into[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  into[at++] = rest;
  return at;
}

/**
 * Puts tag and length before `into[body, end)`, for which two bytes were left. The rare field of more than 127 bytes moves on to make
 * room for a longer length.
 */
function closeField(into: Buffer, body: number, end: number, tag: number): number {
  const length = end - body;
  into[body - 2] = tag;
  if (length <= 0x7f) {
    into[body - 1] = length;
    return end;
  }
  const lengthBytes = length < 1 << 14 ? 2 : length < 1 << 21 ? 3 : 4;
  into.copyWithin(body - 1 + lengthBytes, body, end);
  writeVarint(into, body - 1, length);
  return end - 1 + lengthBytes;
}

function encodeMetadata(decision: Decision, request: RateLimitRequest): Uint8Array {
  return RateLimitResponse.encode({
    overallCode: 0,
    statuses: [],
    responseHeadersToAdd: [],
    requestHeadersToAdd: [],
    rawBody: Buffer.alloc(0),
    dynamicMetadata: dynamicMetadata(decision, request),
    quota: undefined,
  }).finish();
}
