import { describe, expect, test } from "@jest/globals";
import type { StreamCall } from "../../../src/grpc/engine.ts";
import { ErrorCode } from "../../../src/grpc/h2/error-codes.ts";
import { Flag, FrameType } from "../../../src/grpc/h2/frames.ts";
import {
  call,
  data,
  headers,
  lastData,
  message,
  pingAck,
  preface,
  requestFields,
  rstStream,
  settings,
  settingsAck,
  streamPath,
  unaryPath,
} from "../../support/h2/frames.ts";
import { Wire, type WireOptions } from "../../support/h2/wire.ts";

const zeroes = "\0".repeat(8);
const farthest = 0x7fffffff;

/** A unary method whose calls the test answers, and streams that it ends. */
function gated(options: WireOptions = {}) {
  const answers: ((answer: Uint8Array) => void)[] = [];
  const streams: StreamCall[] = [];
  const ends: string[] = [];
  const wire = Wire.greeted({
    ...options,
    methods: {
      unary: new Map([
        [unaryPath, () => new Promise<Uint8Array>((resolve) => answers.push(resolve))],
      ]),
      stream: new Map([
        [
          streamPath,
          (stream: StreamCall) => {
            streams.push(stream);
            return { onEnd: () => ends.push("end") };
          },
        ],
      ]),
    },
  });
  const answer = async (index: number) => {
    answers[index]?.(Buffer.from("late"));
    await Promise.resolve();
    wire.endTick();
  };
  return { wire, answer, streams, ends };
}

describe("a drain", () => {
  test("says go away twice: first that it will, then up to which stream it has served", async () => {
    const { wire, answer } = gated();
    wire.send(call(1));
    wire.drain();
    expect(wire.answers.goAways).toEqual([
      { lastStreamId: farthest, code: ErrorCode.NO_ERROR, text: "server is shutting down" },
    ]);
    expect(wire.answers.count(FrameType.PING)).toBe(1);
    // A call that was under way when the peer was told.
    wire.send(call(3));
    wire.send(pingAck(zeroes));
    expect(wire.answers.goAways.at(-1)).toMatchObject({ lastStreamId: 3, code: 0 });
    expect(wire.isEnded).toBe(false);
    await answer(0);
    await answer(1);
    expect(wire.answers.body(1)).toEqual(message("late"));
    expect(wire.answers.body(3)).toEqual(message("late"));
    expect(wire.isEnded).toBe(true);
  });

  test("ignores what begins after the last word, but for the header table", async () => {
    const { wire, answer } = gated();
    wire.send(call(1));
    wire.drain();
    wire.send(pingAck(zeroes));
    wire.send(call(3), headers(5), data(5, message("x")), rstStream(5));
    expect(wire.answers.on(3)).toMatchObject({ isComplete: false, resetCode: undefined });
    await answer(0);
    expect(wire.answers.body(1)).toEqual(message("late"));
    expect(wire.answers.goAways.every(({ code }) => code === 0)).toBe(true);
    expect(wire.isEnded).toBe(true);
  });

  test("does not wait for ever for the answer to its PING", () => {
    const { wire } = gated();
    wire.drain();
    wire.pass(1000);
    expect(wire.answers.goAways).toHaveLength(1);
    wire.pass(1);
    expect(wire.answers.goAways).toHaveLength(2);
    expect(wire.isEnded).toBe(true);
  });

  test("ends at once a connection that has not begun", () => {
    const wire = new Wire();
    wire.drain();
    expect(wire.answers.goAways).toMatchObject([{ lastStreamId: 0, code: 0 }]);
    expect(wire.isEnded).toBe(true);
  });

  test("ends open streams and those that come, with UNAVAILABLE", () => {
    const { wire, streams, ends } = gated();
    wire.send(headers(1, requestFields(streamPath)));
    streams[0]?.write(Buffer.from("before"));
    wire.drain();
    wire.send(headers(3, requestFields(streamPath)));
    expect(wire.answers.body(1)).toEqual(message("before"));
    expect(wire.answers.on(1).fields).toMatchObject({ "grpc-status": "14" });
    expect(wire.answers.on(3).fields).toMatchObject({ "grpc-status": "14" });
    expect(ends).toHaveLength(2);
  });

  test("leaves a peer that does not end its side a little time", () => {
    const { wire } = gated();
    wire.drain();
    wire.send(pingAck(zeroes));
    expect(wire.isEnded).toBe(true);
    expect(wire.pass(2000).isDestroyed).toBe(false);
    expect(wire.pass(1).isDestroyed).toBe(true);
  });

  test("leaves calls all the time that the server has", async () => {
    const { wire, answer } = gated({ connectionAgeGraceMs: 3000 });
    wire.send(call(1));
    wire.drain();
    wire.send(pingAck(zeroes));
    expect(wire.pass(600_000).isDestroyed).toBe(false);
    await answer(0);
    expect(wire.answers.body(1)).toEqual(message("late"));
  });
});

describe("age", () => {
  test.each([
    [0, 90_000],
    [0.5, 100_000],
    [0.999_999, 109_999],
  ])("a connection is told to go away at its age, a tenth more or less (%d)", (random, ageMs) => {
    const { wire } = gated({ connectionAgeMaxMs: 100_000, random });
    wire.pass(ageMs);
    expect(wire.answers.goAways).toEqual([]);
    wire.pass(1.5);
    expect(wire.answers.goAways).toEqual([
      { lastStreamId: farthest, code: 0, text: "connection is old" },
    ]);
  });

  test("calls of an old connection are cut when the grace is over, from the first GOAWAY on", () => {
    const { wire } = gated({ connectionAgeMaxMs: 100_000, connectionAgeGraceMs: 3000 });
    wire.send(call(1));
    wire.pass(100_001).pass(1000);
    wire.send(pingAck(zeroes));
    expect(wire.answers.goAways).toHaveLength(2);
    expect(wire.pass(2000).isDestroyed).toBe(false);
    expect(wire.pass(1).isDestroyed).toBe(true);
  });

  test("an idle connection is told to go away, one with calls is not", () => {
    const { wire, streams } = gated({ limits: { connectionIdleMaxMs: 10_000 } });
    wire.send(headers(1, requestFields(streamPath)));
    for (let s = 0; s < 60; s += 1) wire.pass(1000);
    expect(wire.answers.goAways).toEqual([]);
    streams[0]?.end();
    wire.endTick();
    for (let s = 0; s < 10; s += 1) wire.pass(1000);
    expect(wire.answers.goAways).toEqual([]);
    wire.pass(1000);
    expect(wire.answers.goAways).toMatchObject([{ code: 0, text: "connection is idle" }]);
  });

  test("short calls between two looks at the clock keep a connection from being idle", () => {
    const wire = Wire.greeted({
      limits: { connectionIdleMaxMs: 10_000 },
      methods: { unary: new Map([[unaryPath, (request) => request]]) },
    });
    for (let at = 0; at < 10; at += 1) wire.send(call(2 * at + 1)).pass(9000);
    expect(wire.answers.goAways).toEqual([]);
  });
});

describe("the handshake", () => {
  test("a peer that never sends a preface is let go", () => {
    const wire = new Wire({ limits: { handshakeMaxMs: 5000 } });
    wire.send(preface.subarray(0, 10));
    expect(wire.pass(5000).answers.goAways).toEqual([]);
    wire.pass(1);
    expect(wire.answers.goAways).toMatchObject([
      { code: ErrorCode.SETTINGS_TIMEOUT, text: "no preface in time" },
    ]);
    expect(wire.isEnded).toBe(true);
  });

  test("a peer that never acknowledges our settings is let go", () => {
    const wire = new Wire({ limits: { handshakeMaxMs: 5000 } }).send(preface, settings());
    wire.pass(5001);
    expect(wire.answers.goAways).toMatchObject([
      { code: ErrorCode.SETTINGS_TIMEOUT, text: "no SETTINGS ACK in time" },
    ]);
  });

  test("a peer that does both stays", () => {
    const wire = new Wire({ limits: { handshakeMaxMs: 5000 } });
    wire.send(preface, settings(), settingsAck());
    wire.pass(60_000);
    expect(wire.answers.goAways).toEqual([]);
  });
});

describe("the end of a connection", () => {
  test("an error is told with the last stream, and nothing that follows is read", () => {
    const { wire, ends } = gated();
    wire.send(headers(1, requestFields(streamPath)), call(3));
    wire.send(data(99), call(5));
    expect(wire.answers.goAways).toEqual([
      { lastStreamId: 3, code: ErrorCode.PROTOCOL_ERROR, text: "DATA on an idle stream" },
    ]);
    wire.send(call(7));
    expect(wire.answers.on(5).isComplete).toBe(false);
    expect(ends).toEqual(["end"]);
    expect(wire.isEnded).toBe(true);
  });

  test("a lost connection ends its streams, and late answers go nowhere", async () => {
    const { wire, answer, ends } = gated();
    wire.send(headers(1, requestFields(streamPath)), call(3));
    wire.connection.onClose();
    expect(ends).toEqual(["end"]);
    const { length } = wire.answers.frames;
    await answer(0);
    expect(wire.answers.frames).toHaveLength(length);
    expect(wire.errors).toEqual([]);
  });

  test("a peer's GOAWAY ends nothing that it has begun", async () => {
    const { wire, answer } = gated();
    wire.send(call(1), Buffer.from("0000080700000000000000000000000000", "hex"));
    await answer(0);
    expect(wire.answers.body(1)).toEqual(message("late"));
    expect(wire.answers.goAways).toEqual([]);
  });
});

test("the last DATA frame of a request that goes on may come after a drain", async () => {
  const { wire, answer } = gated();
  wire.send(headers(1), data(1, message("a")));
  wire.drain();
  wire.send(pingAck(zeroes));
  wire.send(lastData(1));
  await answer(0);
  expect(wire.answers.body(1)).toEqual(message("late"));
  expect(wire.answers.count(FrameType.SETTINGS, Flag.ACK)).toBe(1);
  expect(wire.isEnded).toBe(true);
});
