import { describe, expect, test } from "@jest/globals";
import { ErrorCode } from "../../../src/grpc/h2/error-codes.ts";
import { ReceiveWindow } from "../../../src/grpc/h2/flow-control.ts";
import { FrameType } from "../../../src/grpc/h2/frames.ts";
import { Setting } from "../../../src/grpc/h2/settings.ts";
import {
  call,
  data,
  headers,
  lastData,
  message,
  requestFields,
  rstStream,
  settings,
  unaryPath,
  windowUpdate,
} from "../../support/h2/frames.ts";
import { Wire, type WireOptions } from "../../support/h2/wire.ts";

/** A unary method that answers with as many bytes as its request says. */
const sized = new Map([
  [unaryPath, (request: Uint8Array) => Buffer.alloc(Number(Buffer.from(request).toString()), "x")],
]);

/** A request whose body is only counted. */
const notGrpc = requestFields().filter(([name]) => name !== "content-type");

function wireOf(options: WireOptions = {}): Wire {
  return Wire.greeted({ methods: { unary: sized }, ...options });
}

describe("what a peer may send", () => {
  test("is given back when half of a window is used", () => {
    const window = new ReceiveWindow(100);
    expect([window.take(49), window.isLow]).toEqual([true, false]);
    expect([window.take(1), window.isLow, window.giveBack(), window.isLow]).toEqual([
      true,
      true,
      50,
      false,
    ]);
    expect([window.take(100), window.take(1)]).toEqual([true, false]);
  });

  test("a long request gets a window on its stream and on the connection", () => {
    const wire = wireOf({ limits: { receiveWindowBytes: 100_000 } });
    const body = message(Buffer.from("1".padStart(120_000, "0")));
    wire.send(headers(1));
    for (let at = 0; at < body.length; at += 16_000) {
      wire.send(data(1, body.subarray(at, at + 16_000)));
    }
    wire.send(lastData(1));
    expect(wire.answers.body(1)).toEqual(message("x"));
    expect(wire.answers.count(FrameType.WINDOW_UPDATE, 0, 1)).toBeGreaterThan(1);
    expect(wire.answers.count(FrameType.WINDOW_UPDATE, 0, 0)).toBeGreaterThan(1);
  });

  test("short calls cost no window of their stream", () => {
    const wire = wireOf();
    for (let id = 1; id < 2001; id += 2) wire.send(call(id, "3"));
    const updates = wire.answers.frames.filter(({ type }) => type === FrameType.WINDOW_UPDATE);
    // The first one widens the connection's window.
    expect(updates).toHaveLength(1);
  });

  test("padding counts", () => {
    const wire = wireOf({ limits: { receiveWindowBytes: 65_535 } });
    const padded = Buffer.concat([Buffer.of(255), Buffer.alloc(255)]);
    const frames = Array.from({ length: 128 }, () => paddedData(1, padded));
    wire.send(headers(1), ...frames.slice(0, 127));
    expect(wire.answers.count(FrameType.WINDOW_UPDATE, 0, 1)).toBe(0);
    wire.send(paddedData(1, padded));
    expect(wire.answers.count(FrameType.WINDOW_UPDATE, 0, 1)).toBe(1);
  });

  test("beyond the window of a stream is a stream error", () => {
    const wire = wireOf();
    const frames = Array.from({ length: 5 }, () => data(1, Buffer.alloc(13_107)));
    wire.send(headers(1, notGrpc), ...frames);
    expect(wire.answers.on(1).resetCode).toBeUndefined();
    wire.send(...frames, data(1, Buffer.of(0)));
    expect(wire.answers.on(1).resetCode).toBe(ErrorCode.FLOW_CONTROL_ERROR);
    wire.send(call(3, "3"));
    expect(wire.answers.body(3)).toEqual(message("xxx"));
  });

  test("beyond the window of a stream with its last frame is a stream error as well", () => {
    const wire = wireOf();
    const frames = Array.from({ length: 5 }, () => data(1, Buffer.alloc(13_107)));
    wire.send(headers(1, notGrpc), ...frames, lastData(1, Buffer.of(0)));
    expect(wire.answers.on(1).resetCode).toBe(ErrorCode.FLOW_CONTROL_ERROR);
  });

  test("beyond the window of the connection is a connection error", () => {
    const wire = wireOf({ limits: { receiveWindowBytes: 65_535 } });
    const frames = Array.from({ length: 5 }, (_, at) =>
      data(1 + (at % 2) * 2, Buffer.alloc(13_107)),
    );
    wire.send(headers(1), headers(3), ...frames, data(1, Buffer.of(0)));
    expect(wire.answers.goAways).toMatchObject([{ code: ErrorCode.FLOW_CONTROL_ERROR }]);
  });
});

function paddedData(streamId: number, payload: Buffer): Buffer {
  const frame = data(streamId, payload);
  frame.writeUInt8(0x8, 4);
  return frame;
}

describe("what the server may send", () => {
  test("an answer goes out as far as the window of its stream reaches", () => {
    const wire = wireOf();
    wire.send(settings([Setting.INITIAL_WINDOW_SIZE, 10]), call(1, "20"));
    expect(wire.answers.on(1).parts.map((part) => part.length)).toEqual([10]);
    wire.send(windowUpdate(1, 1));
    wire.send(windowUpdate(1, 4));
    expect(wire.answers.on(1).parts.map((part) => part.length)).toEqual([10, 1, 4]);
    expect(wire.answers.on(1).isComplete).toBe(false);
    wire.send(windowUpdate(1, 100));
    expect(wire.answers.body(1)).toEqual(message("x".repeat(20)));
    expect(wire.answers.on(1)).toMatchObject({ isComplete: true, fields: { "grpc-status": "0" } });
  });

  test("an answer goes out as far as the window of the connection reaches", () => {
    const wire = wireOf();
    for (let id = 1; id <= 131; id += 2) wire.send(call(id, "1000"));
    const sent = () =>
      wire.answers.frames
        .filter(({ type }) => type === FrameType.DATA)
        .reduce((sum, { payload }) => sum + payload.length, 0);
    expect(sent()).toBe(65_535);
    wire.send(windowUpdate(0, 1000));
    expect(sent()).toBe(66_330);
    expect(wire.answers.on(131).isComplete).toBe(true);
  });

  test("an empty message needs five bytes of window, a status none", () => {
    const wire = wireOf({
      methods: { unary: new Map([[unaryPath, () => Buffer.alloc(0)]]) },
    });
    wire.send(
      settings([Setting.INITIAL_WINDOW_SIZE, 0]),
      call(1),
      call(3, "x", requestFields("/no")),
    );
    expect(wire.answers.on(1)).toMatchObject({ isComplete: false, parts: [] });
    expect(wire.answers.on(3)).toMatchObject({ isComplete: true, fields: { "grpc-status": "12" } });
    wire.send(windowUpdate(1, 5));
    expect(wire.answers.on(1).isComplete).toBe(true);
  });

  test("a changed initial window counts for open streams, and may make theirs negative", () => {
    const wire = wireOf();
    wire.send(settings([Setting.INITIAL_WINDOW_SIZE, 100]), call(1, "195"));
    wire.send(settings([Setting.INITIAL_WINDOW_SIZE, 40]));
    wire.send(windowUpdate(1, 60));
    expect(wire.answers.body(1)).toHaveLength(100);
    wire.send(windowUpdate(1, 1));
    expect(wire.answers.body(1)).toHaveLength(101);
    wire.send(settings([Setting.INITIAL_WINDOW_SIZE, 139]));
    expect(wire.answers.on(1).isComplete).toBe(true);
  });

  test("a long answer is cut into frames of 16,384 bytes, whatever the peer allows", () => {
    const wire = wireOf();
    wire.send(
      settings([Setting.INITIAL_WINDOW_SIZE, 1_000_000], [Setting.MAX_FRAME_SIZE, 1_000_000]),
      windowUpdate(0, 1_000_000),
      call(1, "40000"),
    );
    expect(wire.answers.on(1).parts.map((part) => part.length)).toEqual([16_384, 16_384, 7237]);
    expect(wire.answers.body(1)).toEqual(message("x".repeat(40_000)));
  });

  test("streams that wait for the connection's window take turns", () => {
    const wire = wireOf();
    wire.send(settings([Setting.INITIAL_WINDOW_SIZE, 1_000_000]));
    wire.send(call(1, "100000"), call(3, "100000"));
    for (let turn = 0; turn < 2; turn += 1) wire.send(windowUpdate(0, 10_000));
    expect(wire.answers.body(1)).toHaveLength(65_535 + 10_000);
    expect(wire.answers.body(3)).toHaveLength(10_000);
  });

  test("what a stream waited with is dropped when it is reset", () => {
    const wire = wireOf();
    wire.send(settings([Setting.INITIAL_WINDOW_SIZE, 0]), call(1, "10"));
    wire.send(rstStream(1), windowUpdate(0, 1000), settings([Setting.INITIAL_WINDOW_SIZE, 1000]));
    expect(wire.answers.body(1)).toHaveLength(0);
    wire.send(call(3, "10"));
    expect(wire.answers.on(3).isComplete).toBe(true);
  });

  test("a window beyond 2^31-1 is an error of the stream or of the connection", () => {
    const wire = wireOf();
    wire.send(headers(1), windowUpdate(1, 0x7fffffff));
    expect(wire.answers.on(1).resetCode).toBe(ErrorCode.FLOW_CONTROL_ERROR);
    wire.send(windowUpdate(0, 0x7fffffff));
    expect(wire.answers.goAways).toMatchObject([{ code: ErrorCode.FLOW_CONTROL_ERROR }]);
  });

  test("an initial window that makes a stream's too large is an error of the connection", () => {
    const wire = wireOf();
    wire.send(headers(1), windowUpdate(1, 0x7fff0000));
    wire.send(settings([Setting.INITIAL_WINDOW_SIZE, 0x7fff0000]));
    expect(wire.answers.goAways).toMatchObject([{ code: ErrorCode.FLOW_CONTROL_ERROR }]);
  });
});
