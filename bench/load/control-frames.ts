import { putUint16, putUint32, uint16, uint32 } from "../../src/grpc/h2/bytes.ts";
import { Flag, FrameType, frameHeaderBytes, putFrameHeader } from "../../src/grpc/h2/frames.ts";

const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
const pingBytes = 8;
const settingBytes = 6;
/** RFC 9113 §6.5.2. */
const Setting = {
  HEADER_TABLE_SIZE: 0x1,
  ENABLE_PUSH: 0x2,
  MAX_CONCURRENT_STREAMS: 0x3,
  INITIAL_WINDOW_SIZE: 0x4,
} as const;

/** What a client says first; answers may then take up to `window` bytes at a time. */
export function openingBytes(window: number): Buffer {
  const settings = Buffer.alloc(2 * settingBytes);
  putUint16(settings, 0, Setting.ENABLE_PUSH);
  putUint16(settings, settingBytes, Setting.INITIAL_WINDOW_SIZE);
  putUint32(settings, settingBytes + 2, 1_048_576);
  return Buffer.concat([
    preface,
    frame(FrameType.SETTINGS, 0, settings),
    windowUpdate(window - 65_535),
  ]);
}

/** What a server's SETTINGS ask of this client. */
export interface ServerSettings {
  readonly headerTableBytes: number;
  readonly concurrentStreamsMax: number;
}

/** Those of a SETTINGS frame with the payload `bytes[start, end)`. */
export function readSettings(bytes: Buffer, start: number, end: number): ServerSettings {
  const values = new Map<number, number>();
  for (let at = start; at < end; at += settingBytes) {
    values.set(uint16(bytes, at), uint32(bytes, at + 2));
  }
  return {
    headerTableBytes: values.get(Setting.HEADER_TABLE_SIZE) ?? 4096,
    concurrentStreamsMax: values.get(Setting.MAX_CONCURRENT_STREAMS) ?? Number.POSITIVE_INFINITY,
  };
}

export function settingsAck(): Buffer {
  return frame(FrameType.SETTINGS, Flag.ACK, Buffer.alloc(0));
}

/** Answers the PING whose payload begins at `start`. */
export function pingAnswer(bytes: Buffer, start: number): Buffer {
  return frame(FrameType.PING, Flag.ACK, bytes.subarray(start, start + pingBytes));
}

/** For the connection as a whole. */
export function windowUpdate(increment: number): Buffer {
  const payload = Buffer.alloc(4);
  putUint32(payload, 0, increment);
  return frame(FrameType.WINDOW_UPDATE, 0, payload);
}

function frame(type: number, flags: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(frameHeaderBytes);
  putFrameHeader(header, 0, payload.length, type, flags, 0);
  return Buffer.concat([header, payload]);
}
