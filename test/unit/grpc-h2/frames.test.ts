import { describe, expect, test } from "@jest/globals";
import { ErrorCode } from "../../../src/grpc/h2/error-codes.ts";
import { FrameReader } from "../../../src/grpc/h2/frames.ts";
import { frame } from "../../support/h2/frames.ts";

/** The frames that a reader finds in these chunks. */
function readAll(chunks: readonly Buffer[]): string[] {
  const reader = new FrameReader();
  const found: string[] = [];
  for (const chunk of chunks) {
    reader.feed(chunk, 0);
    while (reader.next()) {
      const { type, flags, streamId, bytes, start, end } = reader;
      found.push(`${type} ${flags} ${streamId} ${bytes.toString("latin1", start, end)}`);
    }
  }
  return found;
}

const frames = [
  frame(0, 1, 5, Buffer.from("hello")),
  frame(9, 4, 1),
  frame(77, 255, 0x7fffffff, Buffer.from("x")),
];
const found = ["0 1 5 hello", "9 4 1 ", "77 255 2147483647 x"];

describe("frames in chunks", () => {
  test("several frames in one chunk are read one after the other", () => {
    expect(readAll([Buffer.concat(frames)])).toEqual(found);
  });

  test("a frame is put together however it is cut in two", () => {
    const bytes = Buffer.concat(frames);
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      expect(readAll([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual(found);
    }
  });

  test("a frame is put together from single bytes", () => {
    expect(readAll([...Buffer.concat(frames)].map((byte) => Buffer.of(byte)))).toEqual(found);
  });

  test("a whole frame is read where it lies", () => {
    const reader = new FrameReader();
    const [first = Buffer.alloc(0)] = frames;
    reader.feed(first, 0);
    reader.next();
    expect(reader.bytes).toBe(first);
  });

  test("reading may begin behind what else is in the first chunk", () => {
    const reader = new FrameReader();
    reader.feed(Buffer.concat([Buffer.from("abc"), ...frames]), 3);
    expect(reader.next()).toBe(true);
    expect(reader.streamId).toBe(5);
  });

  test("the reserved bit in front of the stream is ignored", () => {
    const bytes = frame(0, 0, 3);
    bytes.writeUInt8(0x80, 5);
    expect(readAll([bytes])).toEqual(["0 0 3 "]);
  });

  test("the longest frame is taken, and one byte more is refused before it has arrived", () => {
    expect(readAll([frame(0, 0, 1, Buffer.alloc(16_384))])).toHaveLength(1);
    const header = frame(0, 0, 1, Buffer.alloc(0), 16_385);
    expect(() => readAll([header])).toThrow(
      expect.objectContaining({ code: ErrorCode.FRAME_SIZE_ERROR }),
    );
    expect(() => readAll([header.subarray(0, 4), header.subarray(4)])).toThrow(
      expect.objectContaining({ code: ErrorCode.FRAME_SIZE_ERROR }),
    );
  });
});

describe("padding", () => {
  function strip(flags: number, payload: readonly number[]): string {
    const reader = new FrameReader();
    reader.feed(frame(0, flags, 1, Buffer.from(payload)), 0);
    reader.next();
    reader.stripPadding();
    return reader.bytes.toString("latin1", reader.start, reader.end);
  }

  test("is taken off a frame that says it has some", () => {
    expect(strip(0x8, [2, 65, 66, 0, 0])).toBe("AB");
    expect(strip(0x8, [0, 65, 66])).toBe("AB");
    expect(strip(0x8, [2, 0, 0])).toBe("");
    expect(strip(0, [65, 66])).toBe("AB");
  });

  test.each([
    ["longer than the frame", [3, 0, 0]],
    ["of a frame without a payload", []],
  ])("%s is refused", (_what, payload) => {
    expect(() => strip(0x8, payload)).toThrow(
      expect.objectContaining({ code: ErrorCode.PROTOCOL_ERROR }),
    );
  });
});
