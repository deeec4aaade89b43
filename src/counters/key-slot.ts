import { encodeText } from "../text.ts";

/** How many hash slots a Redis Cluster has. */
export const slotCount = 16_384;

/** CRC16-CCITT (XMODEM), by byte. */
const table = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0);
  return crc;
});

/**
 * The hash slot of a key, as the Redis Cluster specification has it: of the text in the first pair of braces when there is any,
 * otherwise of the whole key. Callers choose descriptor values, braces included, so they can choose a slot too: as with the
 * reference.
 */
export function keySlot(key: string): number {
  const open = key.indexOf("{");
  const close = open < 0 ? -1 : key.indexOf("}", open + 1);
  return close > open + 1 ? slotOf(key, open + 1, close) : slotOf(key, 0, key.length);
}

function slotOf(text: string, from: number, to: number): number {
  let crc = 0;
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at);
    if (code > 0x7f) return slotOfBytes(encodeText(text.slice(from, to)));
    crc = ((crc << 8) & 0xffff) ^ (table[(crc >> 8) ^ code] as number);
  }
  return crc % slotCount;
}

function slotOfBytes(bytes: Buffer): number {
  let crc = 0;
  for (const byte of bytes) crc = ((crc << 8) & 0xffff) ^ (table[(crc >> 8) ^ byte] as number);
  return crc % slotCount;
}
