import { deflateSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "@jest/globals";
import { decompress, MessageBudget, MessageReader } from "../../../src/grpc/h2/messages.ts";
import { Status } from "../../../src/grpc/status.ts";
import { message } from "../../support/h2/frames.ts";

const plenty = new MessageBudget(1_000_000);

function readAll(parts: readonly Buffer[], reader = new MessageReader(1000, plenty)): string[] {
  const found: string[] = [];
  for (const part of parts) {
    reader.feed(part, 0, part.length);
    while (reader.next()) {
      const text = reader.bytes.toString("latin1", reader.start, reader.end);
      found.push(reader.isCompressed ? `~${text}` : text);
    }
  }
  return found;
}

const all = Buffer.concat([message("one"), message(""), message("three", 1)]);
const found = ["one", "", "~three"];

describe("messages in DATA", () => {
  test("several in one frame are read one after the other", () => {
    expect(readAll([all])).toEqual(found);
  });

  test("one is put together however it is cut in two, or in single bytes", () => {
    for (let cut = 0; cut <= all.length; cut += 1) {
      expect(readAll([all.subarray(0, cut), all.subarray(cut)])).toEqual(found);
    }
    expect(readAll([...all].map((byte) => Buffer.of(byte)))).toEqual(found);
  });

  test("one that is whole is read where it lies", () => {
    const reader = new MessageReader(1000, plenty);
    reader.feed(all, 0, all.length);
    reader.next();
    expect(reader.bytes).toBe(all);
  });

  test("only what lies between start and end is read", () => {
    const reader = new MessageReader(1000, plenty);
    const bytes = Buffer.concat([Buffer.from("???"), message("in"), Buffer.from("???")]);
    reader.feed(bytes, 3, 10);
    expect(reader.next()).toBe(true);
    expect(bytes.toString("latin1", reader.start, reader.end)).toBe("in");
    expect(reader.next()).toBe(false);
    expect(reader.isInsideMessage).toBe(false);
  });

  test("the longest is taken, and one byte more is refused by its prefix alone", () => {
    expect(readAll([message("x".repeat(1000))])).toHaveLength(1);
    const prefix = message("x".repeat(1001)).subarray(0, 5);
    const refused = expect.objectContaining({ status: Status.RESOURCE_EXHAUSTED });
    expect(() => readAll([prefix])).toThrow(refused);
    expect(() => readAll([prefix.subarray(0, 2), prefix.subarray(2)])).toThrow(refused);
  });

  test("a flag that is neither 0 nor 1 is refused", () => {
    expect(() => readAll([message("x", 2)])).toThrow(
      expect.objectContaining({ status: Status.INTERNAL }),
    );
  });
});

describe("the budget of a connection", () => {
  test("is charged for what has arrived, not for what is announced", () => {
    const budget = new MessageBudget(64);
    const reader = new MessageReader(1_000_000, budget);
    readAll([message("x".repeat(500_000)).subarray(0, 20)], reader);
    expect(budget.take(1)).toBe(false);
    reader.release();
    expect(budget.take(64)).toBe(true);
  });

  test("is shared by its streams, and refuses what is beyond", () => {
    const budget = new MessageBudget(1000);
    readAll([message("x".repeat(900)).subarray(0, 700)], new MessageReader(1000, budget));
    const other = new MessageReader(1000, budget);
    expect(() => readAll([message("x".repeat(900)).subarray(0, 400)], other)).toThrow(
      expect.objectContaining({ status: Status.RESOURCE_EXHAUSTED }),
    );
  });

  test("is a part of that of the server, which may be used up first", () => {
    const whole = new MessageBudget(100);
    const [one, other] = [new MessageBudget(80, whole), new MessageBudget(80, whole)];
    expect([one.take(80), other.take(30), other.take(20)]).toEqual([true, false, true]);
    one.giveBack(80);
    expect([other.take(70), other.take(60), whole.take(21), whole.take(20)]).toEqual([
      false,
      true,
      false,
      true,
    ]);
  });

  test("has it back when a message is whole", () => {
    const budget = new MessageBudget(1005);
    const reader = new MessageReader(1000, budget);
    for (let round = 0; round < 10; round += 1) {
      const bytes = message("y".repeat(1000));
      expect(
        readAll([bytes.subarray(0, 3), bytes.subarray(3, 500), bytes.subarray(500)], reader),
      ).toHaveLength(1);
    }
    expect(budget.take(1005)).toBe(true);
  });
});

describe("compressed messages", () => {
  const content = Buffer.from("content ".repeat(20));

  test.each([
    ["gzip", gzipSync(content)],
    ["deflate", deflateSync(content)],
  ])("%s is read", (encoding, bytes) => {
    expect(decompress(bytes, encoding, 160)).toEqual(content);
  });

  test("a content longer than the bound is refused, however small its message", () => {
    const bomb = gzipSync(Buffer.alloc(10_000_000));
    expect(bomb.length).toBeLessThan(20_000);
    expect(() => decompress(bomb, "gzip", 9_999_999)).toThrow(
      expect.objectContaining({ status: Status.RESOURCE_EXHAUSTED }),
    );
  });

  test.each([
    ["bytes that are not of the encoding", "gzip", Buffer.from("no gzip"), Status.INTERNAL],
    ["half of the bytes", "gzip", gzipSync(content).subarray(0, 20), Status.INTERNAL],
    ["compressed, but identity", "identity", gzipSync(content), Status.INTERNAL],
    ["an encoding that nobody knows", "snappy", content, Status.UNIMPLEMENTED],
  ])("%s: refused", (_what, encoding, bytes, status) => {
    expect(() => decompress(bytes, encoding, 1000)).toThrow(expect.objectContaining({ status }));
  });
});
