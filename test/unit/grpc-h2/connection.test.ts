import { describe, expect, test } from "@jest/globals";
import { ErrorCode } from "../../../src/grpc/h2/error-codes.ts";
import { Flag, FrameType } from "../../../src/grpc/h2/frames.ts";
import { Setting } from "../../../src/grpc/h2/settings.ts";
import {
  call,
  frame,
  message,
  ping,
  preface,
  settings,
  settingsAck,
  unaryPath,
} from "../../support/h2/frames.ts";
import { Wire, type WireOptions } from "../../support/h2/wire.ts";

const echo = { unary: new Map([[unaryPath, (request: Uint8Array) => request]]) };

function wireOf(options: WireOptions = {}): Wire {
  return Wire.greeted({ methods: echo, ...options });
}

describe("the beginning of a connection", () => {
  test("the server says its settings first, and without being asked", () => {
    const { answers } = new Wire({ methods: echo, concurrentStreamsMax: 77 });
    expect(answers.frames[0]).toMatchObject({ type: FrameType.SETTINGS, flags: 0, streamId: 0 });
    const payload = answers.frames[0]?.payload ?? Buffer.alloc(0);
    expect(payload.readUInt16BE(0)).toBe(Setting.MAX_CONCURRENT_STREAMS);
    expect(payload.readUInt32BE(2)).toBe(77);
    expect(payload.readUInt16BE(6)).toBe(Setting.MAX_HEADER_LIST_SIZE);
    expect(payload.readUInt32BE(8)).toBe(16_384);
  });

  test("no bound of streams is the highest number that the setting has", () => {
    const { answers } = new Wire({ concurrentStreamsMax: Number.POSITIVE_INFINITY });
    expect(answers.frames[0]?.payload.readUInt32BE(2)).toBe(0xffff_ffff);
  });

  test("the preface may come with everything else, or byte by byte", () => {
    const all = Buffer.concat([preface, settings(), call(1)]);
    expect(new Wire({ methods: echo }).send(all).answers.body(1)).toEqual(message("hi"));
    const slow = new Wire({ methods: echo });
    for (const byte of all) slow.send(Buffer.of(byte));
    expect(slow.answers.body(1)).toEqual(message("hi"));
  });

  test("what is no preface ends the connection at its first wrong byte", () => {
    const wire = new Wire().send(Buffer.from("PRX"));
    expect(wire.answers.goAways).toMatchObject([{ code: ErrorCode.PROTOCOL_ERROR }]);
    expect(wire.isEnded).toBe(true);
  });

  test.each([
    ["a PING", ping()],
    ["the acknowledgement of settings", settingsAck()],
    ["a frame of an unknown type", frame(0xbe, 0, 0)],
  ])("%s in place of the peer's settings ends it", (_what, first) => {
    const wire = new Wire().send(preface, first);
    expect(wire.answers.goAways).toMatchObject([{ code: ErrorCode.PROTOCOL_ERROR }]);
  });
});

describe("output", () => {
  test("all answers of a chunk are one write", () => {
    const wire = wireOf();
    const before = wire.writes;
    wire.send(...Array.from({ length: 100 }, (_, at) => call(2 * at + 1)));
    expect(wire.writes - before).toBe(1);
    for (let id = 1; id < 201; id += 2) expect(wire.answers.body(id)).toEqual(message("hi"));
  });

  test("all answers that become ready in a tick are one write", async () => {
    const wire = wireOf({
      methods: { unary: new Map([[unaryPath, (request) => Promise.resolve(request)]]) },
    });
    wire.send(...Array.from({ length: 50 }, (_, at) => call(2 * at + 1)));
    const before = wire.writes;
    await Promise.resolve();
    wire.endTick();
    expect(wire.writes - before).toBe(1);
    expect(wire.answers.body(99)).toEqual(message("hi"));
  });

  test("more than a buffer takes is several writes, in order", () => {
    const wire = wireOf();
    const long = "x".repeat(10_000);
    wire.send(
      settings([Setting.INITIAL_WINDOW_SIZE, 20_000]),
      frame(8, 0, 0, Buffer.of(0, 16, 0, 0)),
    );
    wire.send(...Array.from({ length: 20 }, (_, at) => call(2 * at + 1, long)));
    for (let id = 1; id < 41; id += 2) expect(wire.answers.body(id)).toEqual(message(long));
  });

  test("a buffer that the socket has not written yet is left to it", () => {
    const wire = wireOf();
    wire.isStuck = true;
    wire.send(call(1));
    const [taken] = [wire.buffers.borrow()];
    wire.send(call(3));
    expect(wire.answers.body(1)).toEqual(message("hi"));
    expect(wire.answers.body(3)).toEqual(message("hi"));
    // What the socket holds for the second answer is a copy: the buffer came back.
    expect(wire.buffers.borrow()).not.toBe(taken);
  });
});

describe("a peer that does not read", () => {
  const limits = { unreadOutputBytesMax: 1000, unreadOutputMaxMs: 5000 };

  test("is not read from, until it reads", () => {
    const wire = wireOf({ limits });
    wire.isStuck = true;
    wire.send(call(1, "x".repeat(500)));
    expect(wire.isPaused).toBe(false);
    wire.send(call(3, "x".repeat(500)));
    expect(wire.isPaused).toBe(true);
    wire.read();
    expect(wire.isPaused).toBe(false);
    expect(wire.send(call(5)).answers.body(5)).toEqual(message("hi"));
  });

  test("gets no more of long answers than the bound", () => {
    const long = Buffer.alloc(300_000, "x");
    const wire = wireOf({ limits, methods: { unary: new Map([[unaryPath, () => long]]) } });
    const windowUpdate = frame(8, 0, 0, Buffer.of(0, 16, 0, 0));
    wire.send(settings([Setting.INITIAL_WINDOW_SIZE, 1_000_000]), windowUpdate);
    wire.isStuck = true;
    wire.send(call(1));
    // A buffer is full before the socket is known to be stuck, and one more before the end of the tick.
    expect(wire.answers.body(1).length).toBeLessThan(140_000);
    for (let turn = 0; turn < 10; turn += 1) wire.read();
    expect(wire.answers.body(1)).toHaveLength(300_005);
    expect(wire.answers.on(1).isComplete).toBe(true);
  });

  test("is cut off when it has not read for too long", () => {
    const wire = wireOf({ limits });
    wire.isStuck = true;
    wire.send(call(1, "x".repeat(1000)));
    expect(wire.pass(5000).isDestroyed).toBe(false);
    expect(wire.pass(1).isDestroyed).toBe(true);
  });
});

describe("too many frames of no call", () => {
  const limits = { idleFramesPerSecondMax: 50 };

  test.each([
    ["PING", (_id: number) => ping()],
    ["PING ACK", (_id: number) => frame(FrameType.PING, Flag.ACK, 0, Buffer.alloc(8))],
    ["SETTINGS", (_id: number) => settings()],
    ["SETTINGS ACK", (_id: number) => settingsAck()],
    ["PRIORITY", (id: number) => frame(FrameType.PRIORITY, 0, id, Buffer.of(0, 0, 0, 0, 0))],
    ["WINDOW_UPDATE", (_id: number) => frame(FrameType.WINDOW_UPDATE, 0, 0, Buffer.of(0, 0, 0, 1))],
    ["GOAWAY", (_id: number) => frame(FrameType.GOAWAY, 0, 0, Buffer.alloc(8))],
    ["unknown frames", (id: number) => frame(0x55, 0, id)],
    [
      "streams that are reset at once",
      (id: number) =>
        Buffer.concat([openStream(id), frame(FrameType.RST_STREAM, 0, id, Buffer.of(0, 0, 0, 8))]),
    ],
    [
      "malformed requests",
      (id: number) => frame(FrameType.HEADERS, Flag.END_HEADERS, id, Buffer.of(0x82)),
    ],
  ])("%s end the connection, unless they come slowly", (_what, make) => {
    const slow = wireOf({ limits });
    for (let at = 0; at < 200; at += 1) slow.send(make(2 * at + 1)).pass(25);
    expect(slow.answers.goAways).toEqual([]);
    const fast = wireOf({ limits });
    for (let at = 0; at < 200; at += 1) fast.send(make(2 * at + 1)).pass(15);
    expect(fast.answers.goAways).toMatchObject([{ code: ErrorCode.ENHANCE_YOUR_CALM }]);
  });

  test("empty DATA frames are among them, the last one of a request is not", () => {
    const wire = wireOf({ limits });
    for (let id = 1; id < 401; id += 2)
      wire.send(openStream(id), frame(0, 0, id, message("a")), frame(0, 1, id));
    expect(wire.answers.body(399)).toEqual(message("a"));
    wire.send(openStream(401), ...Array.from({ length: 60 }, () => frame(0, 0, 401)));
    expect(wire.answers.goAways).toMatchObject([{ code: ErrorCode.ENHANCE_YOUR_CALM }]);
  });
});

function openStream(id: number): Buffer {
  // :method POST, :scheme http, :path /test.Service/Unary, content-type application/grpc
  return frame(
    FrameType.HEADERS,
    Flag.END_HEADERS,
    id,
    Buffer.concat([
      Buffer.of(0x83, 0x86, 0x04, unaryPath.length),
      Buffer.from(unaryPath),
      Buffer.of(0x0f, 0x10, 16),
      Buffer.from("application/grpc"),
    ]),
  );
}

describe("errors within the server", () => {
  test("end their connection with INTERNAL_ERROR, and are reported", () => {
    const wire = wireOf();
    wire.pause = () => {};
    const broken = {
      get length(): number {
        throw new Error("out of order");
      },
    };
    wire.connection.receive(broken as unknown as Buffer);
    expect(wire.errors).toEqual(["connection: Error: out of order"]);
    expect(wire.answers.goAways).toMatchObject([{ code: ErrorCode.INTERNAL_ERROR, text: "" }]);
    expect(wire.isEnded).toBe(true);
  });
});
