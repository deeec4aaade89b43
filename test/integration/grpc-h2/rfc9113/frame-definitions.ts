/** RFC 9113 §6 (frame definitions) and §7 (error codes). */

import { expect } from "@jest/globals";
import { ErrorCode } from "../../../../src/grpc/h2/error-codes.ts";
import { Flag, FrameType } from "../../../../src/grpc/h2/frames.ts";
import { Setting } from "../../../../src/grpc/h2/settings.ts";
import {
  block,
  call,
  continuation,
  data,
  frame,
  goAway,
  headers,
  lastData,
  message,
  ping,
  priority,
  requestFields,
  rstStream,
  settings,
  uint32,
  windowUpdate,
} from "../../../support/h2/frames.ts";
import { alive, answered, type Case, connectionError, ignored, streamError } from "./case.ts";

const { PROTOCOL_ERROR, FRAME_SIZE_ERROR, FLOW_CONTROL_ERROR, STREAM_CLOSED } = ErrorCode;
const empty = Buffer.alloc(0);

function padded(type: number, flags: number, id: number, payload: Buffer, padding: number): Buffer {
  const parts = [Buffer.of(padding), payload, Buffer.alloc(padding)];
  return frame(type, flags | Flag.PADDED, id, Buffer.concat(parts));
}

function withPriority(flags: number, dependency: number): Buffer {
  const payload = [uint32(dependency), Buffer.of(200), block(requestFields())];
  return frame(FrameType.HEADERS, flags | Flag.PRIORITY, 1, Buffer.concat(payload));
}

const dataAndHeaders: readonly Case[] = [
  {
    section: "6.1",
    title: "DATA on stream 0",
    send: [data(0, Buffer.from("x"))],
    outcome: connectionError(PROTOCOL_ERROR),
  },
  {
    section: "6.1",
    title: "DATA on a stream that is not open",
    send: [call(1, "x", requestFields(undefined, ["x-slow", "1"])), lastData(1, Buffer.from("x"))],
    outcome: streamError(1, STREAM_CLOSED),
  },
  {
    section: "6.1",
    title: "several DATA frames",
    send: [
      headers(1),
      data(1, message("hello").subarray(0, 7)),
      lastData(1, message("hello").subarray(7)),
    ],
    outcome: answered(1),
  },
  {
    section: "6.1",
    title: "DATA with padding",
    send: [headers(1), padded(FrameType.DATA, Flag.END_STREAM, 1, message("x"), 5)],
    outcome: answered(1),
  },
  {
    section: "6.1",
    title: "DATA with nothing but padding",
    send: [headers(1), padded(FrameType.DATA, 0, 1, empty, 255), lastData(1, message("x"))],
    outcome: answered(1),
  },
  {
    section: "6.1",
    title: "DATA with padding longer than the frame",
    send: [
      headers(1),
      frame(FrameType.DATA, Flag.PADDED | Flag.END_STREAM, 1, Buffer.of(6, 1, 2, 3, 4)),
    ],
    outcome: connectionError(PROTOCOL_ERROR),
  },
  {
    section: "6.2",
    title: "HEADERS with padding",
    send: [
      padded(FrameType.HEADERS, Flag.END_HEADERS, 1, block(requestFields()), 8),
      lastData(1, message("x")),
    ],
    outcome: answered(1),
  },
  {
    section: "6.2",
    title: "HEADERS with priority",
    send: [withPriority(Flag.END_HEADERS, 0), lastData(1, message("x"))],
    outcome: answered(1),
  },
  {
    section: "6.2",
    title: "HEADERS with an exclusive priority",
    send: [withPriority(Flag.END_HEADERS, 0x8000_0003), lastData(1, message("x"))],
    outcome: answered(1),
  },
  {
    section: "6.2",
    title: "HEADERS with priority and padding",
    send: [
      padded(
        FrameType.HEADERS,
        Flag.END_HEADERS | Flag.PRIORITY,
        1,
        Buffer.concat([Buffer.alloc(5), block(requestFields())]),
        3,
      ),
      lastData(1, message("x")),
    ],
    outcome: answered(1),
  },
  {
    section: "6.2",
    title: "HEADERS too short for its priority",
    send: [frame(FrameType.HEADERS, Flag.END_HEADERS | Flag.PRIORITY, 1, Buffer.alloc(4))],
    outcome: connectionError(FRAME_SIZE_ERROR),
  },
  {
    section: "6.2",
    title: "HEADERS on stream 0",
    send: [headers(0)],
    outcome: connectionError(PROTOCOL_ERROR),
  },
  {
    section: "6.2",
    title: "HEADERS with padding longer than the frame",
    send: [frame(FrameType.HEADERS, Flag.END_HEADERS | Flag.PADDED, 1, Buffer.of(9, 0x82))],
    outcome: connectionError(PROTOCOL_ERROR),
  },
];

const priorityAndReset: readonly Case[] = [
  {
    section: "6.3",
    title: "PRIORITY of every weight and dependency",
    send: [priority(1, 0), priority(3, 1), priority(3, 0x8000_0001), call(1)],
    outcome: answered(1),
  },
  {
    section: "6.3",
    title: "PRIORITY of a later stream, then an earlier one",
    send: [priority(3, 0), call(1)],
    outcome: answered(1),
  },
  {
    section: "6.3",
    title: "PRIORITY on stream 0",
    send: [priority(0, 1)],
    outcome: connectionError(PROTOCOL_ERROR),
  },
  {
    section: "6.3",
    title: "PRIORITY of another length",
    send: [headers(1), frame(FrameType.PRIORITY, 0, 1, Buffer.alloc(4))],
    outcome: connectionError(FRAME_SIZE_ERROR),
  },
  {
    section: "6.4",
    title: "RST_STREAM of an open stream",
    send: [headers(1), rstStream(1)],
    outcome: ignored,
  },
  {
    section: "6.4",
    title: "RST_STREAM on stream 0",
    send: [rstStream(0)],
    outcome: connectionError(PROTOCOL_ERROR),
  },
  {
    section: "6.4",
    title: "RST_STREAM of an idle stream",
    send: [rstStream(1)],
    outcome: connectionError(PROTOCOL_ERROR),
  },
  {
    section: "6.4",
    title: "RST_STREAM of another length",
    send: [headers(1), frame(FrameType.RST_STREAM, 0, 1, Buffer.alloc(3))],
    outcome: connectionError(FRAME_SIZE_ERROR),
  },
];

const allSettings: readonly Case[] = [
  {
    section: "6.5",
    title: "SETTINGS are acknowledged at once",
    send: [
      settings(
        [Setting.ENABLE_PUSH, 0],
        [Setting.MAX_CONCURRENT_STREAMS, 100],
        [Setting.MAX_HEADER_LIST_SIZE, 100],
      ),
    ],
    outcome: async (client) => {
      // The first acknowledgement is that of the greetings.
      await client.until((answers) => answers.count(FrameType.SETTINGS, Flag.ACK) === 2);
      await alive(client);
    },
  },
  {
    section: "6.5",
    title: "SETTINGS ACK with a payload",
    send: [frame(FrameType.SETTINGS, Flag.ACK, 0, Buffer.alloc(6))],
    outcome: connectionError(FRAME_SIZE_ERROR),
  },
  {
    section: "6.5",
    title: "SETTINGS on a stream",
    send: [frame(FrameType.SETTINGS, 0, 1, empty)],
    outcome: connectionError(PROTOCOL_ERROR),
  },
  {
    section: "6.5",
    title: "SETTINGS that are no multiple of six bytes",
    send: [frame(FrameType.SETTINGS, 0, 0, Buffer.alloc(7))],
    outcome: connectionError(FRAME_SIZE_ERROR),
  },
  {
    section: "6.5.2",
    title: "ENABLE_PUSH other than 0 or 1",
    send: [settings([Setting.ENABLE_PUSH, 2])],
    outcome: connectionError(PROTOCOL_ERROR),
  },
  {
    section: "6.5.2",
    title: "INITIAL_WINDOW_SIZE above 2^31-1",
    send: [settings([Setting.INITIAL_WINDOW_SIZE, 0x8000_0000])],
    outcome: connectionError(FLOW_CONTROL_ERROR),
  },
  {
    section: "6.5.2",
    title: "MAX_FRAME_SIZE below 16,384",
    send: [settings([Setting.MAX_FRAME_SIZE, 16_383])],
    outcome: connectionError(PROTOCOL_ERROR),
  },
  {
    section: "6.5.2",
    title: "MAX_FRAME_SIZE above 16,777,215",
    send: [settings([Setting.MAX_FRAME_SIZE, 16_777_216])],
    outcome: connectionError(PROTOCOL_ERROR),
  },
  {
    section: "6.5.2",
    title: "every setting at its bounds",
    send: [
      settings(
        [Setting.MAX_FRAME_SIZE, 16_777_215],
        [Setting.INITIAL_WINDOW_SIZE, 0x7fff_ffff],
        [Setting.HEADER_TABLE_SIZE, 0xffff_ffff],
        [Setting.ENABLE_PUSH, 1],
      ),
      call(1),
    ],
    outcome: answered(1),
  },
  { section: "6.5.2", title: "an unknown setting", send: [settings([0xff, 1])], outcome: ignored },
  {
    section: "6.5.3",
    title: "of several values of a setting the last one counts",
    send: [settings([Setting.INITIAL_WINDOW_SIZE, 100], [Setting.INITIAL_WINDOW_SIZE, 1]), call(1)],
    outcome: async (client) => {
      await client.until((answers) => answers.body(1).length > 0);
      await alive(client);
      expect(client.answers.body(1)).toHaveLength(1);
    },
  },
];

const pingAndGoAway: readonly Case[] = [
  {
    section: "6.6",
    title: "PUSH_PROMISE from a client",
    send: [
      frame(
        FrameType.PUSH_PROMISE,
        Flag.END_HEADERS,
        1,
        Buffer.concat([uint32(2), block(requestFields())]),
      ),
    ],
    outcome: connectionError(PROTOCOL_ERROR),
  },
  {
    section: "6.7",
    title: "PING is answered with its payload",
    send: [ping("h2 works"), ping("h2 again")],
    outcome: async (client) => {
      await alive(client);
      const echoed = client.answers.frames.filter(({ type }) => type === FrameType.PING);
      expect(echoed.map(({ flags, payload }) => `${flags} ${payload}`).slice(0, 2)).toEqual([
        "1 h2 works",
        "1 h2 again",
      ]);
    },
  },
  {
    section: "6.7",
    title: "PING ACK is not answered",
    send: [frame(FrameType.PING, Flag.ACK, 0, Buffer.from("no reply"))],
    outcome: async (client) => {
      await alive(client);
      expect(client.answers.frames.filter(({ type }) => type === FrameType.PING)).toHaveLength(1);
    },
  },
  {
    section: "6.7",
    title: "PING on a stream",
    send: [frame(FrameType.PING, 0, 1, Buffer.alloc(8))],
    outcome: connectionError(PROTOCOL_ERROR),
  },
  {
    section: "6.7",
    title: "PING of another length",
    send: [frame(FrameType.PING, 0, 0, Buffer.alloc(6))],
    outcome: connectionError(FRAME_SIZE_ERROR),
  },
  {
    section: "6.8",
    title: "GOAWAY of a client that goes on reading",
    send: [call(1, "x", requestFields(undefined, ["x-slow", "1"])), goAway(0, 0)],
    outcome: answered(1),
  },
  {
    section: "6.8",
    title: "GOAWAY on a stream",
    send: [goAway(0, 0, 1)],
    outcome: connectionError(PROTOCOL_ERROR),
  },
  {
    section: "6.8",
    title: "GOAWAY that is too short",
    send: [frame(FrameType.GOAWAY, 0, 0, Buffer.alloc(7))],
    outcome: connectionError(FRAME_SIZE_ERROR),
  },
];

const windows: readonly Case[] = [
  {
    section: "6.9",
    title: "WINDOW_UPDATE of the connection",
    send: [windowUpdate(0, 1)],
    outcome: ignored,
  },
  {
    section: "6.9",
    title: "WINDOW_UPDATE of a stream",
    send: [headers(1), windowUpdate(1, 1), lastData(1, message("x"))],
    outcome: answered(1),
  },
  {
    section: "6.9",
    title: "WINDOW_UPDATE of the connection by 0",
    send: [windowUpdate(0, 0)],
    outcome: connectionError(PROTOCOL_ERROR),
  },
  {
    section: "6.9",
    title: "WINDOW_UPDATE of a stream by 0",
    send: [headers(1), windowUpdate(1, 0)],
    outcome: streamError(1, PROTOCOL_ERROR),
  },
  {
    section: "6.9",
    title: "WINDOW_UPDATE of another length",
    send: [frame(FrameType.WINDOW_UPDATE, 0, 0, Buffer.alloc(3))],
    outcome: connectionError(FRAME_SIZE_ERROR),
  },
  {
    section: "6.9.1",
    title: "no more is sent than the window of the stream",
    send: [settings([Setting.INITIAL_WINDOW_SIZE, 1]), call(1)],
    outcome: async (client) => {
      await client.until((answers) => answers.body(1).length > 0);
      await alive(client);
      expect(client.answers.body(1)).toHaveLength(1);
    },
  },
  {
    section: "6.9.1",
    title: "the window of the connection above 2^31-1",
    send: [windowUpdate(0, 0x7fff_ffff), windowUpdate(0, 0x7fff_ffff)],
    outcome: connectionError(FLOW_CONTROL_ERROR),
  },
  {
    section: "6.9.1",
    title: "the window of a stream above 2^31-1",
    send: [headers(1), windowUpdate(1, 0x7fff_ffff), windowUpdate(1, 0x7fff_ffff)],
    outcome: streamError(1, FLOW_CONTROL_ERROR),
  },
  {
    section: "6.9.2",
    title: "a larger initial window lets out what waited",
    send: [
      settings([Setting.INITIAL_WINDOW_SIZE, 0]),
      call(1),
      settings([Setting.INITIAL_WINDOW_SIZE, 3]),
    ],
    outcome: async (client) => {
      await client.until((answers) => answers.body(1).length > 0);
      await alive(client);
      expect(client.answers.on(1).parts.map((part) => part.length)).toEqual([3]);
    },
  },
  {
    section: "6.9.2",
    title: "a smaller initial window makes that of a stream negative",
    send: [
      settings([Setting.INITIAL_WINDOW_SIZE, 3]),
      call(1),
      settings([Setting.INITIAL_WINDOW_SIZE, 2]),
      windowUpdate(1, 2),
    ],
    outcome: async (client) => {
      await client.until((answers) => answers.body(1).length > 3);
      await alive(client);
      expect(client.answers.on(1).parts.map((part) => part.length)).toEqual([3, 1]);
    },
  },
];

const fragments = block(requestFields(undefined, ["x-long", "y".repeat(3000)]));

const continuations: readonly Case[] = [
  {
    section: "6.10",
    title: "a header block in three frames",
    send: [
      frame(FrameType.HEADERS, 0, 1, fragments.subarray(0, 50)),
      continuation(1, fragments.subarray(50, 51), false),
      continuation(1, fragments.subarray(51), true),
      lastData(1, message("x")),
    ],
    outcome: answered(1),
  },
  {
    section: "6.10",
    title: "a header block whose first frame is empty",
    send: [
      frame(FrameType.HEADERS, 0, 1),
      continuation(1, fragments, true),
      lastData(1, message("x")),
    ],
    outcome: answered(1),
  },
  {
    section: "6.10",
    title: "END_STREAM is that of HEADERS",
    send: [
      frame(FrameType.HEADERS, Flag.END_STREAM, 1, fragments.subarray(0, 50)),
      continuation(1, fragments.subarray(50), true),
      data(1, message("x")),
    ],
    outcome: connectionError(STREAM_CLOSED),
  },
  {
    section: "6.10",
    title: "CONTINUATION on stream 0",
    send: [frame(FrameType.HEADERS, 0, 1, fragments), continuation(0, empty, true)],
    outcome: connectionError(PROTOCOL_ERROR),
  },
  {
    section: "6.10",
    title: "CONTINUATION behind END_HEADERS",
    send: [headers(1), continuation(1, fragments, true)],
    outcome: connectionError(PROTOCOL_ERROR),
  },
  {
    section: "6.10",
    title: "CONTINUATION behind a CONTINUATION with END_HEADERS",
    send: [
      frame(FrameType.HEADERS, 0, 1, fragments),
      continuation(1, empty, true),
      continuation(1, empty, true),
    ],
    outcome: connectionError(PROTOCOL_ERROR),
  },
  {
    section: "6.10",
    title: "CONTINUATION behind DATA",
    send: [headers(1), data(1), continuation(1, fragments, true)],
    outcome: connectionError(PROTOCOL_ERROR),
  },
  {
    section: "10.5.1",
    title: "CONTINUATION without end",
    send: [
      frame(FrameType.HEADERS, 0, 1),
      ...Array.from({ length: 40 }, () => continuation(1, empty, false)),
    ],
    outcome: connectionError(ErrorCode.ENHANCE_YOUR_CALM),
  },
  {
    section: "10.5.1",
    title: "a header block without bounds",
    send: [
      frame(FrameType.HEADERS, 0, 1),
      ...Array.from({ length: 5 }, () => continuation(1, Buffer.alloc(16_384), false)),
    ],
    outcome: connectionError(ErrorCode.ENHANCE_YOUR_CALM),
  },
];

const errorCodes: readonly Case[] = [
  { section: "7", title: "GOAWAY with an unknown code", send: [goAway(0, 0xff)], outcome: ignored },
  {
    section: "7",
    title: "RST_STREAM with an unknown code",
    send: [headers(1), rstStream(1, 0xff), call(3)],
    outcome: answered(3),
  },
];

export const frameDefinitions: readonly Case[] = [
  ...dataAndHeaders,
  ...priorityAndReset,
  ...allSettings,
  ...pingAndGoAway,
  ...windows,
  ...continuations,
  ...errorCodes,
];
