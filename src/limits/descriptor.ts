import type { Unit } from "./limit.ts";

/**
 * What a caller asks, in the words of `ratelimit.proto`, freed of the wire.
 *
 * Text: bytes that are not UTF-8 arrive as lone surrogates (`text.ts`), so that two different byte strings are never the same
 * text, and matching, counter keys and metrics need not care.
 */
export interface Entry {
  readonly key: string;
  /** Empty when the key alone identifies the entry. */
  readonly value: string;
}

/** A limit that the caller brings along (`RateLimitDescriptor.limit`). */
export interface Override {
  /** uint32 */
  readonly requestsPerUnit: number;
  readonly unit: Unit;
}

export interface Descriptor {
  readonly entries: readonly Entry[];
  /** `undefined`: the domain's rules decide. */
  readonly override: Override | undefined;
  /** The descriptor's own hits addend, 0 meaning «look only»; `undefined`: the request's counts. */
  readonly hitsAddend: number | undefined;
  /** The hits are given back instead of taken. */
  readonly isNegativeHits: boolean;
}

export interface RateLimitRequest {
  readonly domain: string;
  readonly descriptors: readonly Descriptor[];
  /** uint32; 0 means 1 (`rls.proto`). */
  readonly hitsAddend: number;
}
