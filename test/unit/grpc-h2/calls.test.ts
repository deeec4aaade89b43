import { gzipSync } from "node:zlib";
import { describe, expect, test } from "@jest/globals";
import type { DirectCall, DirectHandler, StreamCall } from "../../../src/grpc/engine.ts";
import { ErrorCode } from "../../../src/grpc/h2/error-codes.ts";
import { GrpcError, Status } from "../../../src/grpc/status.ts";
import {
  call,
  data,
  headers,
  lastData,
  lastHeaders,
  message,
  requestFields,
  rstStream,
  streamPath,
  unaryPath,
} from "../../support/h2/frames.ts";
import { Wire, type WireOptions } from "../../support/h2/wire.ts";

const echo = new Map([[unaryPath, (request: Uint8Array) => request]]);

function echoWire(options: WireOptions = {}): Wire {
  return Wire.greeted({ methods: { unary: echo }, ...options });
}

const copy = (value: Uint8Array, into: Buffer, at: number) => {
  into.set(value, at);
  return at + value.length;
};

function directWire(direct: DirectHandler, options: WireOptions = {}): Wire {
  return Wire.greeted({ methods: { direct: new Map([[unaryPath, direct]]) }, ...options });
}

describe("unary requests", () => {
  test.each([
    ["headers and the last data", [headers(1), lastData(1, message("hi"))]],
    [
      "data that does not end it, and an empty end",
      [headers(1), data(1, message("hi")), lastData(1)],
    ],
    [
      "trailers behind the data",
      [headers(1), data(1, message("hi")), lastHeaders(1, [["x", "y"]])],
    ],
    [
      "a message in two frames",
      [headers(1), data(1, message("hi").subarray(0, 6)), lastData(1, message("hi").subarray(6))],
    ],
    ["an empty frame before the message", [headers(1), data(1), lastData(1, message("hi"))]],
  ])("of %s are answered", (_what, frames) => {
    const together = echoWire().send(...frames);
    expect(together.answers.body(1)).toEqual(message("hi"));
    const apart = echoWire();
    for (const each of frames) apart.send(each);
    expect(apart.answers.body(1)).toEqual(message("hi"));
    expect(apart.answers.on(1)).toMatchObject({ isComplete: true, fields: { "grpc-status": "0" } });
  });

  test.each([
    ["without a message", [lastHeaders(1)], Status.UNIMPLEMENTED],
    ["without a message, ended by data", [headers(1), lastData(1)], Status.UNIMPLEMENTED],
    [
      "with two messages",
      [headers(1), lastData(1, Buffer.concat([message("a"), message("b")]))],
      Status.UNIMPLEMENTED,
    ],
    ["that end inside a prefix", [headers(1), lastData(1, Buffer.of(0, 0))], Status.INTERNAL],
    [
      "that end inside a message",
      [headers(1), lastData(1, message("hi").subarray(0, 6))],
      Status.INTERNAL,
    ],
    ["with a wrong flag", [headers(1), lastData(1, message("hi", 7))], Status.INTERNAL],
  ])("%s end with a status", (_what, frames, status) => {
    const wire = echoWire().send(...frames);
    expect(wire.answers.on(1).fields).toMatchObject({
      ":status": "200",
      "grpc-status": String(status),
    });
    expect(wire.answers.on(1).isComplete).toBe(true);
  });

  test("are told apart by their streams, however they are mixed", () => {
    const wire = echoWire();
    wire.send(headers(1), headers(3), data(1, message("one").subarray(0, 4)));
    wire.send(headers(5), lastData(3, message("three")), lastData(5, message("five")));
    wire.send(lastData(1, message("one").subarray(4)));
    const bodies = [1, 3, 5].map((id) => wire.answers.body(id).toString("latin1", 5));
    expect(bodies).toEqual(["one", "three", "five"]);
  });

  test("of gzip are read, and answered without", () => {
    const fields = requestFields(unaryPath, ["grpc-encoding", "gzip"]);
    const wire = echoWire();
    wire.send(headers(1, fields), lastData(1, message(gzipSync("squeezed"), 1)));
    expect(wire.answers.body(1)).toEqual(message("squeezed"));
    // A sender may leave single messages as they are.
    wire.send(headers(3, fields), lastData(3, message("as it is")));
    expect(wire.answers.body(3)).toEqual(message("as it is"));
  });

  test("answered before they are complete are reset without an error, and the rest is ignored", () => {
    const wire = echoWire({ messageBytesMax: 10 });
    wire.send(headers(1), data(1, message("x".repeat(11)).subarray(0, 5)));
    expect(wire.answers.on(1)).toMatchObject({ isComplete: true, resetCode: ErrorCode.NO_ERROR });
    wire.send(data(1, Buffer.from("more")), lastData(1), call(3));
    expect(wire.answers.body(3)).toEqual(message("hi"));
    expect(wire.answers.goAways).toEqual([]);
  });

  test("that are complete by the end of the tick are not reset", () => {
    const wire = echoWire({ messageBytesMax: 10 });
    wire.send(headers(1), data(1, message("x".repeat(11)).subarray(0, 5)), lastData(1));
    expect(wire.answers.on(1)).toMatchObject({ isComplete: true, resetCode: undefined });
  });

  test("that are not complete take no more than the budget of a connection", () => {
    const wire = echoWire({
      messageBytesMax: 10_000,
      limits: { partialMessageBytesMax: 5000 },
    });
    const half = message("x".repeat(10_000)).subarray(0, 9000);
    wire.send(headers(1), data(1, half), headers(3), data(3, half));
    expect(wire.answers.on(1).isComplete).toBe(false);
    expect(wire.answers.on(3).fields).toMatchObject({
      "grpc-status": String(Status.RESOURCE_EXHAUSTED),
    });
    wire.send(
      rstStream(1),
      headers(5),
      data(5, half),
      lastData(5, message("x".repeat(10_000)).subarray(9000)),
    );
    expect(wire.answers.body(5)).toHaveLength(10_005);
  });
});

test("whole messages of requests that have not ended are held within the same budget", () => {
  const wire = echoWire({ messageBytesMax: 1000, limits: { partialMessageBytesMax: 500 } });
  const bytes = message("x".repeat(1000));
  wire.send(headers(1), data(1, bytes), headers(3), data(3, bytes));
  expect(wire.answers.on(3).fields).toMatchObject({
    "grpc-status": String(Status.RESOURCE_EXHAUSTED),
  });
  wire.send(lastData(1));
  expect(wire.answers.body(1)).toEqual(bytes);
});

describe("concurrency", () => {
  test("streams above the bound are refused, and served when others have ended", async () => {
    const waiting: ((answer: Uint8Array) => void)[] = [];
    const wire = Wire.greeted({
      concurrentStreamsMax: 2,
      methods: {
        unary: new Map([
          [unaryPath, () => new Promise<Uint8Array>((resolve) => waiting.push(resolve))],
        ]),
      },
    });
    wire.send(call(1), call(3), call(5));
    expect(wire.answers.on(5).resetCode).toBe(ErrorCode.REFUSED_STREAM);
    waiting[0]?.(Buffer.from("done"));
    await Promise.resolve();
    wire.endTick();
    wire.send(call(7));
    expect(waiting).toHaveLength(3);
  });

  test("work on calls that were reset is bounded as well", async () => {
    const waiting: ((answer: Uint8Array) => void)[] = [];
    const wire = Wire.greeted({
      concurrentStreamsMax: 3,
      methods: {
        unary: new Map([
          [unaryPath, () => new Promise<Uint8Array>((resolve) => waiting.push(resolve))],
        ]),
      },
    });
    for (let id = 1; id < 201; id += 2) wire.send(call(id), rstStream(id));
    expect(waiting).toHaveLength(3);
    expect(wire.answers.on(7).resetCode).toBe(ErrorCode.REFUSED_STREAM);
    waiting[1]?.(Buffer.from("late"));
    await Promise.resolve();
    wire.send(call(201));
    expect(waiting).toHaveLength(4);
    expect(wire.answers.on(3).isComplete).toBe(false);
  });
});

describe("deadlines", () => {
  const never = new Map([[unaryPath, () => new Promise<Uint8Array>(() => {})]]);

  test("end a call that is not answered in time", () => {
    const wire = Wire.greeted({ methods: { unary: never } });
    wire.send(call(1, "x", requestFields(unaryPath, ["grpc-timeout", "20m"])), call(3));
    expect(wire.isWatched).toBe(true);
    wire.pass(19);
    expect(wire.answers.on(1).isComplete).toBe(false);
    wire.pass(1);
    expect(wire.answers.on(1).fields).toMatchObject({
      "grpc-status": String(Status.DEADLINE_EXCEEDED),
    });
    expect(wire.answers.on(3).isComplete).toBe(false);
    expect(wire.isWatched).toBe(false);
  });

  test("are the time of the request's arrival and what it says", () => {
    let deadlineMs: number | undefined;
    const wire = directWire((_bytes, _start, _end, { deadlineMs: each, reply }) => {
      deadlineMs = each;
      expect(reply).toBeDefined();
    });
    const arrivedMs = wire.nowMs();
    wire.send(call(1, "x", requestFields(unaryPath, ["grpc-timeout", "2S"])));
    expect(deadlineMs).toBe(arrivedMs + 2000);
  });
});

describe("direct handlers", () => {
  test("read the request where it arrived, and write the answer where it leaves", () => {
    const wire = directWire((bytes, start, end, direct) => {
      const text = bytes.toString("latin1", start, end);
      direct.reply(Buffer.from(`${text}!`), 100, copy);
    });
    wire.send(
      call(1, "hello"),
      headers(3),
      data(3, message("in").subarray(0, 3)),
      lastData(3, message("in").subarray(3)),
    );
    expect(wire.answers.body(1)).toEqual(message("hello!"));
    expect(wire.answers.body(3)).toEqual(message("in!"));
  });

  test("may answer later, once", () => {
    const calls: DirectCall[] = [];
    const wire = directWire((_bytes, _start, _end, direct) => calls.push(direct));
    wire.send(call(1), call(3));
    calls[1]?.reply(Buffer.from("second"), 10, copy);
    calls[0]?.reply(Buffer.from("first"), 10, copy);
    calls[0]?.reply(Buffer.from("again"), 10, copy);
    calls[0]?.fail(new GrpcError(Status.ABORTED, "again"));
    wire.endTick();
    expect(wire.answers.body(1)).toEqual(message("first"));
    expect(wire.answers.body(3)).toEqual(message("second"));
    expect(wire.answers.on(1).fields).toMatchObject({ "grpc-status": "0" });
  });

  test("announce more than they write", () => {
    const wire = directWire((_bytes, _start, _end, direct) =>
      direct.reply(Buffer.of(7), 50_000, copy),
    );
    wire.send(call(1));
    expect(wire.answers.body(1)).toEqual(message(Buffer.of(7)));
  });

  test.each<[string, (direct: DirectCall) => void, number, string]>([
    [
      "throw a status",
      () => {
        throw new GrpcError(Status.NOT_FOUND, "no");
      },
      Status.NOT_FOUND,
      "",
    ],
    [
      "fail with a status",
      (direct) => direct.fail(new GrpcError(Status.ABORTED, "no")),
      Status.ABORTED,
      "",
    ],
    [
      "throw anything else",
      () => {
        throw new Error("secret");
      },
      Status.INTERNAL,
      "Error: secret",
    ],
    ["fail with anything else", (direct) => direct.fail("secret"), Status.INTERNAL, "secret"],
    [
      "cannot encode their answer",
      (direct) =>
        direct.reply(1, 9, () => {
          throw new Error("odd");
        }),
      Status.INTERNAL,
      "Error: odd",
    ],
    [
      "cannot encode a long answer",
      (direct) =>
        direct.reply(1, 90_000, () => {
          throw new Error("odd");
        }),
      Status.INTERNAL,
      "Error: odd",
    ],
  ])("that %s end the call with it", (_what, handle, status, report) => {
    const wire = directWire((_bytes, _start, _end, direct) => handle(direct)).send(call(1));
    expect(wire.answers.on(1)).toMatchObject({
      isComplete: true,
      fields: { "grpc-status": String(status) },
    });
    expect(wire.answers.body(1)).toHaveLength(0);
    expect(wire.errors).toEqual(report === "" ? [] : [`${unaryPath}: ${report}`]);
    // The next answer is not harmed.
    wire.send(call(3, "x", requestFields("/other")));
    expect(wire.answers.on(3).fields).toMatchObject({ "grpc-status": "12" });
  });

  test("that write more than they announced fail alone", () => {
    const wire = directWire((_bytes, _start, _end, direct) =>
      direct.reply(Buffer.alloc(20), 10, copy),
    );
    wire.send(call(1));
    expect(wire.answers.on(1).fields).toMatchObject({ "grpc-status": String(Status.INTERNAL) });
    expect(wire.errors).toHaveLength(1);
  });

  test("serve a method in place of its unary handler", () => {
    const direct: DirectHandler = (_bytes, _start, _end, each) =>
      each.reply(Buffer.from("direct"), 10, copy);
    const wire = Wire.greeted({ methods: { unary: echo, direct: new Map([[unaryPath, direct]]) } });
    expect(wire.send(call(1)).answers.body(1)).toEqual(message("direct"));
  });

  test("hear nothing of a reset, and their answer goes nowhere", () => {
    const calls: DirectCall[] = [];
    const wire = directWire((_bytes, _start, _end, direct) => calls.push(direct));
    wire.send(call(1), rstStream(1));
    const { length } = wire.answers.frames;
    calls[0]?.reply(Buffer.from("late"), 10, copy);
    wire.endTick();
    expect(wire.answers.frames).toHaveLength(length);
  });
});

describe("streams", () => {
  test("may be ended by their handler before it returns, and hear of it afterwards", () => {
    const heard: string[] = [];
    const stream = (each: StreamCall) => {
      each.end(new GrpcError(Status.ABORTED, "no"));
      return { onMessage: () => heard.push("message"), onEnd: () => heard.push("end") };
    };
    const wire = Wire.greeted({ methods: { stream: new Map([[streamPath, stream]]) } });
    wire.send(headers(1, requestFields(streamPath)), lastData(1, message("x")));
    expect(heard).toEqual(["end"]);
    expect(wire.answers.on(1).fields).toMatchObject({ "grpc-status": String(Status.ABORTED) });
  });

  test("hear no message behind the one that ended them", () => {
    const heard: string[] = [];
    const stream = (each: StreamCall) => ({
      onMessage: (bytes: Uint8Array) => {
        heard.push(Buffer.from(bytes).toString());
        each.end();
      },
      onHalfClose: () => heard.push("half close"),
    });
    const wire = Wire.greeted({ methods: { stream: new Map([[streamPath, stream]]) } });
    wire.send(
      headers(1, requestFields(streamPath)),
      data(1, Buffer.concat([message("a"), message("b")])),
      lastData(1),
    );
    expect(heard).toEqual(["a"]);
    expect(wire.answers.on(1)).toMatchObject({ isComplete: true, fields: { "grpc-status": "0" } });
  });
});

describe("header blocks that repeat", () => {
  test("mean the same as long as the table stays the same", () => {
    const paths: string[] = [];
    const direct: DirectHandler = (_bytes, _start, _end, each) => {
      paths.push(`${each.path} ${each.header("x-user")}`);
      each.reply(Buffer.of(1), 1, copy);
    };
    const wire = Wire.greeted({
      methods: {
        direct: new Map([
          [unaryPath, direct],
          ["/b", direct],
        ]),
      },
    });
    const ask = (id: number, hex: Buffer) => {
      const bytes = headers(id);
      const payload = Buffer.concat([bytes.subarray(0, 9), hex]);
      payload.writeUIntBE(hex.length, 0, 3);
      wire.send(payload, lastData(id, message("x")));
    };
    const literal = (name: string, value: string) =>
      Buffer.concat([
        Buffer.of(0x40, name.length),
        Buffer.from(name),
        Buffer.of(value.length),
        Buffer.from(value),
      ]);
    const start = Buffer.of(0x83, 0x86);
    const type = literal("content-type", "application/grpc");
    ask(1, Buffer.concat([start, literal(":path", unaryPath), type, literal("x-user", "ann")]));
    // 62 is x-user, 63 content-type, 64 :path; the same bytes three times.
    for (const id of [3, 5, 7]) ask(id, Buffer.of(0x83, 0x86, 0x80 | 64, 0x80 | 63, 0x80 | 62));
    ask(9, Buffer.concat([start, literal(":path", "/b"), type, literal("x-user", "bob")]));
    // The same bytes again, and other fields.
    ask(11, Buffer.of(0x83, 0x86, 0x80 | 64, 0x80 | 63, 0x80 | 62));
    expect(paths).toEqual([
      ...Array.from({ length: 4 }, () => `${unaryPath} ann`),
      "/b bob",
      "/b bob",
    ]);
  });
});
