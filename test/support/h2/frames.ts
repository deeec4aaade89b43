/** HTTP/2 frames and header blocks as a test writes them: right or wrong, byte for byte. */

import { Flag, FrameType, putFrameHeader } from "../../../src/grpc/h2/frames.ts";

export const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
export const unaryPath = "/test.Service/Unary";
export const streamPath = "/test.Service/Stream";

/** A frame with any header; `length` is that of the payload unless it is said. */
export function frame(
  type: number,
  flags: number,
  streamId: number,
  payload: Uint8Array = Buffer.alloc(0),
  length: number = payload.length,
): Buffer {
  const bytes = Buffer.alloc(9 + payload.length);
  putFrameHeader(bytes, 0, length, type, flags, streamId);
  bytes.set(payload, 9);
  return bytes;
}

export type Fields = readonly (readonly [name: string, value: string])[];

/** The fields of a unary gRPC request, with `more` behind them. */
export function requestFields(path: string = unaryPath, ...more: Fields): Fields {
  return [
    [":method", "POST"],
    [":scheme", "http"],
    [":path", path],
    [":authority", "localhost"],
    ["content-type", "application/grpc"],
    ["te", "trailers"],
    ...more,
  ];
}

/** A header block of literals that leave the dynamic table alone, not Huffman-coded (RFC 7541 §6.2.2). */
export function block(fields: Fields): Buffer {
  return Buffer.concat(
    fields.flatMap(([name, value]) => [Buffer.of(0x00), literal(name), literal(value)]),
  );
}

/** A header block of literals that go into the dynamic table (RFC 7541 §6.2.1). */
export function indexedBlock(fields: Fields): Buffer {
  return Buffer.concat(
    fields.flatMap(([name, value]) => [Buffer.of(0x40), literal(name), literal(value)]),
  );
}

function literal(text: string): Buffer {
  const bytes = Buffer.from(text, "latin1");
  return Buffer.concat([integer(0, 7, bytes.length), bytes]);
}

/** RFC 7541 §5.1. */
export function integer(first: number, prefixBits: number, value: number): Buffer {
  const max = 2 ** prefixBits - 1;
  if (value < max) return Buffer.of(first | value);
  const bytes = [first | max];
  let rest = value - max;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}

const endHeaders = Flag.END_HEADERS;
const endAll = Flag.END_HEADERS | Flag.END_STREAM;

/** HEADERS of a request whose messages follow. */
export function headers(streamId: number, fields: Fields = requestFields()): Buffer {
  return frame(FrameType.HEADERS, endHeaders, streamId, block(fields));
}

/** HEADERS that end their stream: of a request without a body, or trailers. */
export function lastHeaders(streamId: number, fields: Fields = requestFields()): Buffer {
  return frame(FrameType.HEADERS, endAll, streamId, block(fields));
}

export function data(streamId: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  return frame(FrameType.DATA, 0, streamId, payload);
}

export function lastData(streamId: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  return frame(FrameType.DATA, Flag.END_STREAM, streamId, payload);
}

/** A message with gRPC's prefix. */
export function message(content: Uint8Array | string, flag: number = 0): Buffer {
  const bytes = Buffer.from(content);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(flag, 0);
  prefix.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([prefix, bytes]);
}

/** A whole unary call. */
export function call(
  streamId: number,
  content: Uint8Array | string = "hi",
  fields: Fields = requestFields(),
): Buffer {
  return Buffer.concat([headers(streamId, fields), lastData(streamId, message(content))]);
}

export function settings(...pairs: readonly (readonly [id: number, value: number])[]): Buffer {
  return frame(FrameType.SETTINGS, 0, 0, Buffer.concat(pairs.map(setting)));
}

export function settingsAck(): Buffer {
  return frame(FrameType.SETTINGS, Flag.ACK, 0);
}

function setting([id, value]: readonly [number, number]): Buffer {
  const bytes = Buffer.alloc(6);
  bytes.writeUInt16BE(id, 0);
  bytes.writeUInt32BE(value, 2);
  return bytes;
}

export function ping(text: string = "12345678"): Buffer {
  return frame(FrameType.PING, 0, 0, Buffer.from(text));
}

export function pingAck(text: string = "12345678"): Buffer {
  return frame(FrameType.PING, Flag.ACK, 0, Buffer.from(text));
}

export function windowUpdate(streamId: number, increment: number): Buffer {
  return frame(FrameType.WINDOW_UPDATE, 0, streamId, uint32(increment));
}

export function rstStream(streamId: number, code: number = 0x8): Buffer {
  return frame(FrameType.RST_STREAM, 0, streamId, uint32(code));
}

export function goAway(lastStreamId: number = 0, code: number = 0, streamId: number = 0): Buffer {
  const payload = Buffer.concat([uint32(lastStreamId), uint32(code)]);
  return frame(FrameType.GOAWAY, 0, streamId, payload);
}

export function priority(streamId: number, dependency: number): Buffer {
  return frame(FrameType.PRIORITY, 0, streamId, Buffer.concat([uint32(dependency), Buffer.of(15)]));
}

export function continuation(streamId: number, fragment: Uint8Array, isLast: boolean): Buffer {
  return frame(FrameType.CONTINUATION, isLast ? endHeaders : 0, streamId, fragment);
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}
