import type { Descriptor } from "../limits/descriptor.ts";

/**
 * The hits that one descriptor adds: its own addend wins and may be 0 («look only»); else the request's, where 0 means 1
 * (`rls.proto`). Never negative; `Descriptor.isNegativeHits` says whether they are taken or given back.
 */
export function hitsOf(descriptor: Descriptor, requestHits: number): number {
  return descriptor.hitsAddend ?? Math.max(1, requestHits);
}
