import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { ErrorReply, type Reply } from "../../../src/counters/reply.ts";
import { ReplyParser } from "../../../src/counters/resp/reply-parser.ts";

/** RESP2 written straight from its specification. */
function encode(reply: Reply): Buffer {
  if (reply === undefined) return Buffer.from("$-1\r\n");
  if (typeof reply === "number") return Buffer.from(`:${reply}\r\n`);
  if (typeof reply === "string") {
    const bytes = Buffer.from(reply);
    return Buffer.concat([Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from("\r\n")]);
  }
  if (reply instanceof ErrorReply) return Buffer.from(`-${reply.text}\r\n`);
  return Buffer.concat([Buffer.from(`*${reply.length}\r\n`), ...reply.map(encode)]);
}

const leaf: fc.Arbitrary<Reply> = fc.oneof(
  fc.maxSafeInteger(),
  fc.string({ unit: "grapheme", maxLength: 40 }),
  fc.constant(undefined),
  fc.stringMatching(/^[A-Z]{2,8} [a-z ]{0,30}$/).map((text) => new ErrorReply(text)),
);
const reply: fc.Arbitrary<Reply> = fc.oneof(
  { weight: 3, arbitrary: leaf },
  fc.array(fc.oneof(leaf, fc.array(leaf, { maxLength: 3 })), { maxLength: 5 }),
);

/** Pushes the bytes in pieces that end at `cuts`, through one buffer that is overwritten each time. */
function parse(bytes: Buffer, cuts: readonly number[]): Reply[] {
  const replies: Reply[] = [];
  const parser = new ReplyParser((one) => replies.push(one));
  const buffer = Buffer.alloc(bytes.length + 1);
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  let from = 0;
  for (const end of ends) {
    bytes.copy(buffer, 0, from, end);
    parser.push(buffer, end - from);
    buffer.fill(0xff);
    from = end;
  }
  return replies;
}

describe("the reader of Redis's replies", () => {
  test("reads what was written, wherever it is cut", () => {
    fc.assert(
      fc.property(
        fc.array(reply, { maxLength: 8 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        (replies, cuts) => {
          expect(parse(Buffer.concat(replies.map(encode)), cuts)).toEqual(replies);
        },
      ),
      { numRuns: 500 },
    );
  });

  test("takes bytes that are no replies, or refuses them, and never loops or keeps what it was given", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.array(fc.nat(), { maxLength: 5 }),
        (bytes, cuts) => {
          try {
            parse(Buffer.from(bytes), cuts);
          } catch (error) {
            expect(String(error)).toContain("Redis sent");
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test.each([
    ["a line that does not end", `:${"1".repeat(9_000)}`, "a line of more than 8192 bytes"],
    ["an integer that is none", ":1x\r\n", "not RESP2"],
    ["a length below -1", "$-2\r\n", "not RESP2"],
    [
      "a string of more than is ever asked for",
      "$16777217\r\n",
      "a reply of more than 16777216 bytes",
    ],
    ["an array of more than is ever asked for", "*1000001\r\n", "more than 1000000 elements"],
    ["arrays in arrays without end", "*1\r\n".repeat(20), "more than 8 deep"],
    ["a string that is longer than it says", "$1\r\nabc\r\n", "not RESP2"],
    ["a line without its carriage return", ":1\n", "not RESP2"],
    ["HTTP", "HTTP/1.1 400 Bad Request\r\n", "not RESP2"],
  ])("refuses %s", (_what, text, message) => {
    expect(() => parse(Buffer.from(text), [])).toThrow(message);
  });
});
