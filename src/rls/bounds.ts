import { VelocityGateError } from "../errors.ts";

/**
 * How large a request may be. Envoy sends a handful of descriptors of a few entries, and values that fit into its 60 KiB of
 * request headers: nothing it sends today comes near a bound. The message as a whole is bounded by the gRPC and HTTP servers.
 */
export const bounds = {
  domainBytesMax: 65_536,
  descriptorsMax: 1_024,
  entriesMax: 256,
  keyBytesMax: 65_536,
  valueBytesMax: 1_048_576,
  /** Larger hits would reach a counter's own bounds; the reference lets 2^63 and more count backwards. */
  hitsAddendMax: 4_294_967_295,
} as const;

/** A refusal that goes back to the caller. The message names no key and no value of a descriptor. */
export function requestInvalid(message: string): VelocityGateError {
  return new VelocityGateError("REQUEST_INVALID", message);
}

/** @param place which text, as a path into the request: `descriptors[3].entries[0].value` */
export function tooLong(place: string, bytes: number, bytesMax: number): VelocityGateError {
  return requestInvalid(`${place} has ${bytes} bytes: at most ${bytesMax} are accepted`);
}

export function tooManyDescriptors(): VelocityGateError {
  return requestInvalid(
    `descriptors has more than ${bounds.descriptorsMax} elements: 1 to ${bounds.descriptorsMax} are accepted`,
  );
}

export function tooManyEntries(descriptor: number): VelocityGateError {
  return requestInvalid(
    `descriptors[${descriptor}].entries has more than ${bounds.entriesMax} elements: at most ${bounds.entriesMax} are accepted`,
  );
}

export function hitsAddendTooLarge(descriptor: number): VelocityGateError {
  return requestInvalid(
    `descriptors[${descriptor}].hits_addend is too large: 0 to ${bounds.hitsAddendMax} are accepted`,
  );
}
