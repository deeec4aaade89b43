/** RFC 9113 §8 (HTTP semantics). */

import { ErrorCode } from "../../../../src/grpc/h2/error-codes.ts";
import {
  data,
  type Fields,
  headers,
  lastData,
  lastHeaders,
  message,
  requestFields,
} from "../../../support/h2/frames.ts";
import { answered, type Case, httpStatus, streamError } from "./case.ts";

const { PROTOCOL_ERROR } = ErrorCode;
const malformed = streamError(1, PROTOCOL_ERROR);
const get: Fields = [
  [":method", "GET"],
  [":scheme", "http"],
  [":path", "/"],
  [":authority", "localhost"],
];
const without = (name: string) => requestFields().filter(([each]) => each !== name);
const more = (...fields: Fields) => requestFields(undefined, ...fields);

const exchanges: readonly Case[] = [
  {
    section: "8.1",
    title: "a call with trailers",
    send: [headers(1), data(1, message("x")), lastHeaders(1, [["x-test", "ok"]])],
    outcome: answered(1),
  },
  {
    section: "8.1",
    title: "a second HEADERS frame that does not end the stream",
    send: [headers(1), data(1, message("x")), headers(1, [["x-test", "ok"]])],
    outcome: malformed,
  },
  {
    section: "8.1",
    title: "a pseudo-header field among the trailers",
    send: [headers(1), data(1, message("x")), lastHeaders(1, [[":method", "POST"]])],
    outcome: malformed,
  },
  {
    section: "8.1",
    title: "a malformed field among the trailers",
    send: [headers(1), data(1, message("x")), lastHeaders(1, [["X-Test", "ok"]])],
    outcome: malformed,
  },
  {
    section: "8.1",
    title: "GET is answered",
    send: [lastHeaders(1, get)],
    outcome: httpStatus(1, 405),
  },
  {
    section: "8.1",
    title: "HEAD is answered",
    send: [lastHeaders(1, [[":method", "HEAD"], ...get.slice(1)])],
    outcome: httpStatus(1, 405),
  },
  {
    section: "8.1",
    title: "POST of something else is answered when it is complete",
    send: [
      headers(1, without("content-type")),
      data(1, Buffer.from("a")),
      lastData(1, Buffer.from("b")),
    ],
    outcome: httpStatus(1, 415),
  },
  {
    section: "8.1.1",
    title: "DATA that is not as long as content-length says",
    send: [headers(1, more(["content-length", "1"])), lastData(1, message("test"))],
    outcome: malformed,
  },
  {
    section: "8.1.1",
    title: "several DATA frames that are not as long as content-length says",
    send: [
      headers(1, more(["content-length", "8"])),
      data(1, message("test")),
      lastData(1, Buffer.from("x")),
    ],
    outcome: malformed,
  },
  {
    section: "8.1.1",
    title: "no DATA where content-length says some",
    send: [lastHeaders(1, more(["content-length", "5"]))],
    outcome: malformed,
  },
  {
    section: "8.1.1",
    title: "DATA as long as content-length says",
    send: [
      headers(1, more(["content-length", "9"])),
      data(1, message("test").subarray(0, 5)),
      lastData(1, message("test").subarray(5)),
    ],
    outcome: answered(1),
  },
];

const fields: readonly (readonly [section: string, title: string, fields: Fields])[] = [
  ["8.2.1", "upper case in a field name", more(["X-TEST", "ok"])],
  ["8.2.1", "a control character in a value", more(["x-test", "a\r\nb"])],
  ["8.2.2", "a connection-specific field", more(["connection", "keep-alive"])],
  [
    "8.2.2",
    "TE other than trailers",
    [...without("te"), ["trailers", "test"], ["te", "trailers, deflate"]],
  ],
  ["8.3", "an unknown pseudo-header field", [[":test", "ok"], ...requestFields()]],
  ["8.3", "a response's pseudo-header field", [[":status", "200"], ...requestFields()]],
  ["8.3", "a pseudo-header field behind a regular one", [["x-test", "ok"], ...requestFields()]],
  ["8.3.1", "an empty path", [[":path", ""], ...without(":path")]],
  ["8.3.1", "no method", without(":method")],
  ["8.3.1", "no scheme", without(":scheme")],
  ["8.3.1", "no path", without(":path")],
  ["8.3.1", "two methods", [[":method", "POST"], ...requestFields()]],
  ["8.3.1", "two schemes", [[":scheme", "http"], ...requestFields()]],
  ["8.3.1", "two paths", [[":path", "/"], ...requestFields()]],
];

export const http: readonly Case[] = [
  ...exchanges,
  ...fields.flatMap(([section, title, each]): Case[] => [
    { section, title, send: [lastHeaders(1, each)], outcome: malformed },
    {
      section,
      title: `${title}, in a request that goes on`,
      send: [headers(1, each), lastData(1, message("x"))],
      outcome: malformed,
    },
  ]),
  {
    section: "10.5.1",
    title: "more fields than SETTINGS_MAX_HEADER_LIST_SIZE",
    send: [
      lastHeaders(
        1,
        more(...Array.from({ length: 400 }, (_, at) => [`x-${at}`, "some value"] as const)),
      ),
    ],
    outcome: httpStatus(1, 431),
  },
];
