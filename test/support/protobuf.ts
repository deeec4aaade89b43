/** Protobuf's wire format written and read by hand and slowly, for what an encoder would never write. */

/** One field: its number, its wire type, and its value as it stands on the wire. */
export interface WireField {
  readonly number: number;
  readonly value: bigint | Buffer;
  readonly wireType: number;
}

export function varint(value: number | bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

/** A field: a number as a varint, everything else with its length before it. */
export function field(number: number, value: number | bigint | string | Uint8Array): Buffer {
  if (typeof value === "number" || typeof value === "bigint") {
    return Buffer.concat([varint(number * 8), varint(value)]);
  }
  const bytes = Buffer.from(value as string);
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
}

export const message = (...fields: readonly Uint8Array[]): Buffer => Buffer.concat(fields);

/** The fields of a message, in order; `undefined` when the bytes are none, or have a group. */
export function readFields(bytes: Buffer): WireField[] | undefined {
  const fields: WireField[] = [];
  let at = 0;
  const readVarint = (): bigint | undefined => {
    let value = 0n;
    for (let i = 0n; i < 10n; i++) {
      const byte = bytes[at++];
      if (byte === undefined) return undefined;
      value |= BigInt(byte & 0x7f) << (7n * i);
      if (byte < 0x80) return value < 1n << 64n ? value : undefined;
    }
    return undefined;
  };
  while (at < bytes.length) {
    const tag = readVarint();
    if (tag === undefined || tag < 8n || tag >= 1n << 32n) return undefined;
    const number = Number(tag >> 3n);
    const wireType = Number(tag & 7n);
    if (wireType === 0) {
      const value = readVarint();
      if (value === undefined) return undefined;
      fields.push({ number, wireType, value });
      continue;
    }
    const length = wireType === 2 ? readVarint() : { 1: 8n, 5: 4n }[wireType];
    if (length === undefined || length > bytes.length - at) return undefined;
    fields.push({ number, wireType, value: bytes.subarray(at, at + Number(length)) });
    at += Number(length);
  }
  return fields;
}
