/** The frames that this server sends beside its answers: RFC 9113 §6.4, §6.5, §6.7, §6.8 and §6.9. */

import { putUint32 } from "./bytes.ts";
import type { ErrorCode } from "./error-codes.ts";
import { Flag, FrameType, frameHeaderBytes, putFrameHeader } from "./frames.ts";
import type { Output } from "./output.ts";

/** §6.4. */
export function sendRstStream(output: Output, streamId: number, code: ErrorCode): void {
  const at = begin(output, 4, FrameType.RST_STREAM, 0, streamId);
  putUint32(output.bytes, at, code);
}

/** §6.5. */
export function sendSettings(output: Output, payload: Uint8Array): void {
  const at = begin(output, payload.length, FrameType.SETTINGS, 0, 0);
  output.bytes.set(payload, at);
}

export function sendSettingsAck(output: Output): void {
  begin(output, 0, FrameType.SETTINGS, Flag.ACK, 0);
}

/** §6.7: a PING whose payload is zeroes. */
export function sendPing(output: Output): void {
  const at = begin(output, 8, FrameType.PING, 0, 0);
  output.bytes.fill(0, at, at + 8);
}

/** The answer to a PING with the payload `bytes[start, start + 8)`. */
export function sendPingAck(output: Output, bytes: Buffer, start: number): void {
  const at = begin(output, 8, FrameType.PING, Flag.ACK, 0);
  bytes.copy(output.bytes, at, start, start + 8);
}

/** §6.8. */
export function sendGoAway(
  output: Output,
  lastStreamId: number,
  code: ErrorCode,
  debug: string,
): void {
  const text = Buffer.from(debug);
  const at = begin(output, 8 + text.length, FrameType.GOAWAY, 0, 0);
  putUint32(output.bytes, at, lastStreamId);
  putUint32(output.bytes, at + 4, code);
  output.bytes.set(text, at + 8);
}

/** §6.9; stream 0 is the connection. */
export function sendWindowUpdate(output: Output, streamId: number, increment: number): void {
  const at = begin(output, 4, FrameType.WINDOW_UPDATE, 0, streamId);
  putUint32(output.bytes, at, increment);
}

/** Writes the header of a frame, moves the output's end behind its payload, and returns where that begins. */
function begin(
  output: Output,
  length: number,
  type: number,
  flags: number,
  streamId: number,
): number {
  output.reserve(frameHeaderBytes + length);
  const at = output.end;
  putFrameHeader(output.bytes, at, length, type, flags, streamId);
  output.end = at + frameHeaderBytes + length;
  return at + frameHeaderBytes;
}
