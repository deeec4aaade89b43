/** RFC 9113 §3 (starting HTTP/2) and §4 (frames). */

import { ErrorCode } from "../../../../src/grpc/h2/error-codes.ts";
import { Flag, FrameType } from "../../../../src/grpc/h2/frames.ts";
import {
  block,
  call,
  continuation,
  data,
  frame,
  headers,
  lastData,
  message,
  ping,
  preface,
  priority,
  requestFields,
  settings,
} from "../../../support/h2/frames.ts";
import { alive, answered, type Case, connectionError, ignored } from "./case.ts";

const { PROTOCOL_ERROR, FRAME_SIZE_ERROR, COMPRESSION_ERROR } = ErrorCode;
const openHeaders = (id: number) => frame(FrameType.HEADERS, 0, id, block(requestFields()));

export const framing: readonly Case[] = [
  {
    section: "3.4",
    title: "a second preface is a frame that is too long",
    send: [preface],
    outcome: connectionError(FRAME_SIZE_ERROR),
  },
  {
    section: "4.1",
    title: "a frame of an unknown type is ignored",
    send: [frame(0xfe, 0, 0, Buffer.alloc(8)), frame(0xfd, 0xff, 7)],
    outcome: ignored,
  },
  {
    section: "4.1",
    title: "an undefined flag is ignored",
    send: [frame(FrameType.PING, 0x16, 0, Buffer.from("12345678"))],
    outcome: ignored,
  },
  {
    section: "4.1",
    title: "the reserved bit is ignored",
    send: [withReservedBit(ping()), withReservedBit(headers(1)), lastData(1, message("x"))],
    outcome: answered(1),
  },
  {
    section: "4.2",
    title: "a DATA frame of 16,384 bytes is taken",
    send: [headers(1), data(1, message(Buffer.alloc(16_379))), lastData(1)],
    outcome: answered(1),
  },
  {
    section: "4.2",
    title: "a DATA frame longer than SETTINGS_MAX_FRAME_SIZE",
    send: [headers(1), lastData(1, Buffer.alloc(16_385))],
    outcome: connectionError(FRAME_SIZE_ERROR),
  },
  {
    section: "4.2",
    title: "a HEADERS frame longer than SETTINGS_MAX_FRAME_SIZE",
    send: [headers(1, requestFields(undefined, ["x", "y".repeat(17_000)]))],
    outcome: connectionError(FRAME_SIZE_ERROR),
  },
  {
    section: "4.2",
    title: "an unknown frame longer than SETTINGS_MAX_FRAME_SIZE",
    send: [frame(0xfe, 0, 0, Buffer.alloc(16_385))],
    outcome: connectionError(FRAME_SIZE_ERROR),
  },
  {
    section: "4.3",
    title: "a header block that is none",
    send: [frame(FrameType.HEADERS, Flag.END_HEADERS | Flag.END_STREAM, 1, Buffer.of(0x40))],
    outcome: connectionError(COMPRESSION_ERROR),
  },
  ...interruptions().map(
    ([title, interruption]): Case => ({
      section: "4.3",
      title: `a header block is interrupted by ${title}`,
      send: [openHeaders(1), interruption, continuation(1, Buffer.alloc(0), true)],
      outcome: connectionError(PROTOCOL_ERROR),
    }),
  ),
];

function interruptions(): readonly (readonly [string, Buffer])[] {
  return [
    ["PRIORITY", priority(1, 0)],
    ["HEADERS of another stream", headers(3)],
    ["HEADERS of the same stream", headers(1)],
    ["DATA", data(1, Buffer.from("x"))],
    ["PING", ping()],
    ["SETTINGS", settings()],
    ["a frame of an unknown type", frame(0xfe, 0, 0)],
    ["CONTINUATION of another stream", continuation(3, Buffer.alloc(0), true)],
  ];
}

function withReservedBit(bytes: Buffer): Buffer {
  bytes.writeUInt8(bytes.readUInt8(5) | 0x80, 5);
  return bytes;
}

/** What comes before the greetings are exchanged. */
export const beginnings: readonly Case[] = [
  {
    section: "3.4",
    title: "the preface and SETTINGS are answered",
    send: [preface, settings()],
    outcome: alive,
  },
  {
    section: "3.4",
    title: "a call may follow the preface at once",
    send: [preface, settings(), call(1)],
    outcome: answered(1),
  },
  {
    section: "3.4",
    title: "something else in place of the preface",
    send: [Buffer.from("INVALID CONNECTION PREFACE\r\n\r\n")],
    outcome: connectionError(PROTOCOL_ERROR),
  },
  {
    section: "3.4",
    title: "another frame in place of the first SETTINGS",
    send: [preface, headers(1)],
    outcome: connectionError(PROTOCOL_ERROR),
  },
];
