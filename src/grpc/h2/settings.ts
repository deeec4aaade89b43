/** RFC 9113 §6.5: SETTINGS, those of the peer and ours. */

import type { EngineOptions } from "../engine.ts";
import { putUint16, putUint32, uint16, uint32 } from "./bytes.ts";
import { ConnectionError, ErrorCode } from "./error-codes.ts";
import { defaultWindowBytes, windowBytesMax } from "./flow-control.ts";
import type { H2Limits } from "./limits.ts";
import type { ResponseFields } from "./response-fields.ts";

/** §6.5.2. */
export const Setting = {
  HEADER_TABLE_SIZE: 0x1,
  ENABLE_PUSH: 0x2,
  MAX_CONCURRENT_STREAMS: 0x3,
  INITIAL_WINDOW_SIZE: 0x4,
  MAX_FRAME_SIZE: 0x5,
  MAX_HEADER_LIST_SIZE: 0x6,
} as const;

const settingBytes = 6;

/** What the peer has set of the settings that concern a server which pushes nothing (§6.5.2). */
export class PeerSettings {
  initialWindowBytes: number = defaultWindowBytes;

  /**
   * Applies the payload of a SETTINGS frame, each parameter in its order (§6.5.3).
   * @param fields hears every HEADER_TABLE_SIZE: an encoder must know the smallest of several (RFC 7541 §4.2)
   * @throws ConnectionError
   */
  apply(bytes: Uint8Array, start: number, end: number, fields: ResponseFields): void {
    if ((end - start) % settingBytes !== 0) {
      throw new ConnectionError(
        ErrorCode.FRAME_SIZE_ERROR,
        "SETTINGS is not a whole number of settings",
      );
    }
    for (let at = start; at < end; at += settingBytes) {
      const value = uint32(bytes, at + 2);
      switch (uint16(bytes, at)) {
        case Setting.HEADER_TABLE_SIZE:
          fields.onTableSize(value);
          break;
        case Setting.ENABLE_PUSH:
          if (value > 1) refuse(ErrorCode.PROTOCOL_ERROR, "ENABLE_PUSH is neither 0 nor 1");
          break;
        case Setting.INITIAL_WINDOW_SIZE:
          if (value > windowBytesMax) {
            refuse(ErrorCode.FLOW_CONTROL_ERROR, "INITIAL_WINDOW_SIZE is above 2147483647");
          }
          this.initialWindowBytes = value;
          break;
        case Setting.MAX_FRAME_SIZE:
          if (value < 16_384 || value > 16_777_215) {
            refuse(ErrorCode.PROTOCOL_ERROR, "MAX_FRAME_SIZE is not between 16384 and 16777215");
          }
          break;
        default:
          // MAX_CONCURRENT_STREAMS bounds pushes; MAX_HEADER_LIST_SIZE is advice, and our fields are few; others are to be ignored
          // (§6.5.2). So may larger frames be: the shortest that everybody takes serve as well.
          break;
      }
    }
  }
}

/** The payload of our SETTINGS frame. What it does not name stays at its initial value. */
export function encodeSettings(options: EngineOptions, limits: H2Limits): Buffer {
  const settings = [
    [Setting.MAX_CONCURRENT_STREAMS, Math.min(options.concurrentStreamsMax, 0xffff_ffff)],
    [Setting.MAX_HEADER_LIST_SIZE, limits.headerListBytesMax],
  ] as const;
  const bytes = Buffer.alloc(settings.length * settingBytes);
  for (const [index, [id, value]] of settings.entries()) {
    putUint16(bytes, index * settingBytes, id);
    putUint32(bytes, index * settingBytes + 2, value);
  }
  return bytes;
}

function refuse(code: ErrorCode, message: string): never {
  throw new ConnectionError(code, message);
}
