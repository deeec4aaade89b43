import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { encodeText } from "../../text.ts";

/** The longest key that Memcached takes. */
const keyBytesMax = 250;

const hashedPrefix = "velocitygate:";

/**
 * The key under which Memcached knows a counter: the same as everywhere, so that the reference and VelocityGate can count side by side.
 * One that Memcached does not take, because it is longer than 250 bytes or has a space or a control character, has the SHA-256 of its
 * bytes instead, `velocitygate:<64 hexadecimal digits>`; every key of a counter has a `_`, so it is never one of those. The reference
 * counts nothing under such a key.
 */
export function memcacheKey(key: string): string {
  return isTaken(key) ? key : hashedPrefix + sha256(key);
}

function isTaken(key: string): boolean {
  if (key.length > keyBytesMax) return false;
  let isAscii = true;
  for (let at = 0; at < key.length; at++) {
    const code = key.charCodeAt(at);
    if (code <= 0x20 || code === 0x7f) return false;
    if (code > 0x7f) isAscii = false;
  }
  return key !== "" && (isAscii || encodeText(key).length <= keyBytesMax);
}

function sha256(key: string): string {
  return createHash("sha256").update(encodeText(key)).digest("hex");
}

/**
 * Which of so many servers has a key: the CRC-32 of its bytes, modulo their number, as the reference's client does it. Both find the same
 * counter on the same server when they have the servers in the same order.
 *
 * @param key as `memcacheKey` gives it
 */
export function serverOf(key: string, servers: number): number {
  return servers === 1 ? 0 : crc32(encodeText(key)) % servers;
}
