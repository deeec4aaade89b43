/** RFC 9113 §5 (streams and multiplexing). */

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
  lastHeaders,
  message,
  ping,
  priority,
  requestFields,
  rstStream,
  streamPath,
  windowUpdate,
} from "../../../support/h2/frames.ts";
import type { RawClient } from "../../../support/h2/raw-client.ts";
import { alive, answered, type Case, connectionError, ignored, streamError } from "./case.ts";

const { PROTOCOL_ERROR, STREAM_CLOSED, REFUSED_STREAM, NO_ERROR } = ErrorCode;
const streamHeaders = (id: number) => headers(id, requestFields(streamPath));
const slow = requestFields(undefined, ["x-slow", "1"]);

/** A call that is answered, and then more. */
function afterAnswer(...more: readonly Buffer[]) {
  return async (client: RawClient) => {
    client.send(call(1));
    await client.until((answers) => answers.on(1).isComplete);
    client.send(...more);
  };
}

export const idleAndClosed: readonly Case[] = [
  ...(
    [
      ["DATA", lastData(1, Buffer.from("x"))],
      ["RST_STREAM", rstStream(1)],
      ["WINDOW_UPDATE", windowUpdate(1, 100)],
      ["CONTINUATION", continuation(1, block(requestFields()), true)],
    ] as const
  ).map(
    ([type, bytes]): Case => ({
      section: "5.1",
      title: `idle: ${type}`,
      send: [bytes],
      outcome: connectionError(PROTOCOL_ERROR),
    }),
  ),
  {
    section: "5.1",
    title: "idle: PRIORITY is allowed",
    send: [priority(1, 0), priority(7, 5), call(1)],
    outcome: answered(1),
  },
  {
    section: "5.1",
    title: "half-closed (remote): DATA",
    send: [call(1, "hi", slow), data(1, Buffer.from("x"))],
    outcome: streamError(1, STREAM_CLOSED),
  },
  {
    section: "5.1",
    title: "half-closed (remote): HEADERS",
    send: [call(1, "hi", slow), lastHeaders(1)],
    outcome: streamError(1, STREAM_CLOSED),
  },
  {
    section: "5.1",
    title: "half-closed (remote): CONTINUATION",
    send: [call(1, "hi", slow), continuation(1, block(requestFields()), true)],
    outcome: connectionError(PROTOCOL_ERROR),
  },
  {
    section: "5.1",
    title: "half-closed (remote): WINDOW_UPDATE and PRIORITY are allowed",
    send: [call(1, "hi", slow), windowUpdate(1, 100), priority(1, 0)],
    outcome: answered(1),
  },
  {
    section: "5.1",
    title: "half-closed (remote): RST_STREAM is allowed",
    send: [call(1, "hi", slow), rstStream(1)],
    outcome: ignored,
  },
  ...(
    [
      ["DATA", data(1, Buffer.from("x"))],
      ["HEADERS", lastHeaders(1)],
    ] as const
  ).flatMap(([type, bytes]): Case[] => [
    {
      section: "5.1",
      title: `closed by the peer's RST_STREAM: ${type}`,
      send: [headers(1), rstStream(1), bytes],
      outcome: connectionError(STREAM_CLOSED),
    },
    {
      section: "5.1",
      title: `closed by both sides: ${type}`,
      send: afterAnswer(bytes),
      outcome: connectionError(STREAM_CLOSED),
    },
  ]),
  {
    section: "5.1",
    title: "closed by the peer's RST_STREAM: CONTINUATION",
    send: [headers(1), rstStream(1), continuation(1, block(requestFields()), true)],
    outcome: connectionError(PROTOCOL_ERROR),
  },
  {
    section: "5.1",
    title: "closed by both sides: CONTINUATION",
    send: afterAnswer(continuation(1, block(requestFields()), true)),
    outcome: connectionError(PROTOCOL_ERROR),
  },
  {
    section: "5.1",
    title: "closed: PRIORITY, WINDOW_UPDATE and RST_STREAM are allowed",
    send: afterAnswer(priority(1, 0), windowUpdate(1, 1), rstStream(1), call(3)),
    outcome: answered(3),
  },
  {
    section: "5.1",
    title: "closed by our RST_STREAM: what was under way is ignored",
    send: [
      frame(FrameType.HEADERS, Flag.END_HEADERS, 1, block([["no", "request"]])),
      data(1, Buffer.from("x")),
      lastHeaders(1, [["x", "y"]]),
      rstStream(1),
      call(3),
    ],
    outcome: async (client) => {
      await streamError(1, PROTOCOL_ERROR)(client);
      await answered(3)(client);
    },
  },
  {
    section: "5.1",
    title: "half-closed (local): an answered stream that goes on is reset without an error",
    send: [headers(1, requestFields("/no.Such/Method"))],
    outcome: async (client) => {
      await streamError(1, NO_ERROR)(client);
      client.send(data(1, Buffer.from("x")), call(3));
      await answered(3)(client);
    },
  },
];

export const streams: readonly Case[] = [
  ...idleAndClosed,
  {
    section: "5.1.1",
    title: "an even stream identifier",
    send: [lastHeaders(2)],
    outcome: connectionError(PROTOCOL_ERROR),
  },
  {
    section: "5.1.1",
    title: "an identifier below another that was never used",
    send: [call(5), call(3)],
    outcome: connectionError(PROTOCOL_ERROR),
  },
  {
    section: "5.1.1",
    title: "an identifier below another that was never used, by DATA",
    send: [call(5), data(3)],
    outcome: connectionError(STREAM_CLOSED),
  },
  {
    section: "5.1.1",
    title: "identifiers may be left out",
    send: [call(1), call(101), call(0x7ffffff1)],
    outcome: answered(0x7ffffff1),
  },
  {
    section: "5.1.2",
    title: "more streams than allowed",
    send: Array.from({ length: 101 }, (_, at) => streamHeaders(2 * at + 1)),
    outcome: streamError(201, REFUSED_STREAM),
  },
  {
    section: "5.1.2",
    title: "as many streams as allowed",
    send: Array.from({ length: 100 }, (_, at) => streamHeaders(2 * at + 1)),
    outcome: ignored,
  },
  {
    section: "5.2",
    title: "the answers of several streams are mixed as they are ready",
    send: [call(1, "first", slow), call(3, "second")],
    outcome: async (client) => {
      await answered(1)(client);
      await answered(3)(client);
      const order = client.answers.frames
        .filter(({ type }) => type === 0)
        .map((seen) => seen.streamId);
      if (String(order) !== "3,1") throw new Error(`answered in the order ${order}`);
    },
  },
  {
    section: "5.3",
    title: "a stream that depends on itself, in HEADERS",
    send: [
      frame(
        FrameType.HEADERS,
        Flag.END_HEADERS | Flag.END_STREAM | Flag.PRIORITY,
        1,
        Buffer.concat([Buffer.of(0, 0, 0, 1, 255), block(requestFields())]),
      ),
    ],
    outcome: connectionError(PROTOCOL_ERROR),
  },
  {
    section: "5.3",
    title: "a stream that depends on itself, in PRIORITY",
    send: [priority(3, 3)],
    outcome: connectionError(PROTOCOL_ERROR),
  },
  {
    section: "5.4.1",
    title: "the connection is closed behind GOAWAY",
    send: [frame(FrameType.PING, 0, 3, Buffer.alloc(8))],
    outcome: connectionError(PROTOCOL_ERROR),
  },
  {
    section: "5.4.1",
    title: "GOAWAY names the last stream that was served",
    send: [call(1), call(3), frame(FrameType.PING, 0, 3, Buffer.alloc(8))],
    outcome: async (client) => {
      await client.untilClosed();
      const [goAway] = client.answers.goAways;
      if (goAway?.lastStreamId !== 3) throw new Error(`it names ${goAway?.lastStreamId}`);
    },
  },
  {
    section: "5.5",
    title: "an extension frame is ignored",
    send: [frame(0xc, 0, 0, ping()), call(1)],
    outcome: answered(1),
  },
  {
    section: "5.5",
    title: "an extension setting is ignored",
    send: [frame(FrameType.SETTINGS, 0, 0, Buffer.from("ffff00000001", "hex"))],
    outcome: alive,
  },
  {
    section: "5.1",
    title: "a call with a message in pieces goes through every state",
    send: async (client) => {
      client.send(headers(1));
      for (const byte of message("slow")) client.send(data(1, Buffer.of(byte)));
      await alive(client);
      client.send(lastHeaders(1, [["x-trailer", "1"]]));
    },
    outcome: answered(1),
  },
];
