import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { MemcacheReader } from "../../../../src/counters/memcache/reply-reader.ts";
import { ErrorReply, type Reply } from "../../../../src/counters/reply.ts";

function read(...pieces: readonly string[]): readonly Reply[] {
  const replies: Reply[] = [];
  const reader = new MemcacheReader((reply) => replies.push(reply));
  for (const piece of pieces) {
    const bytes = Buffer.from(piece, "latin1");
    reader.push(bytes, bytes.length);
  }
  return replies;
}

const known: readonly (readonly [string, Reply])[] = [
  ["7\r\n", 7],
  ["18446744073709551615\r\n", 2 ** 64],
  ["NOT_FOUND\r\n", undefined],
  ["STORED\r\n", "STORED"],
  ["NOT_STORED\r\n", "NOT_STORED"],
  ["VERSION 1.6.18\r\n", "VERSION 1.6.18"],
  ["END\r\n", undefined],
  ["VALUE d_k_v_1 0 2\r\n12\r\nEND\r\n", "12"],
  ["VALUE d_k_v_1 0 3\r\n9  \r\nEND\r\n", "9  "],
  ["VALUE k 0 0\r\n\r\nEND\r\n", ""],
  ["VALUE k 32 9\r\nEND\r\n12\r\n\r\nEND\r\n", "END\r\n12\r\n"],
  ["VALUE \xe4\xff 0 1\r\n1\r\nEND\r\n", "1"],
  ["ERROR\r\n", new ErrorReply("ERROR")],
  [
    "CLIENT_ERROR bad command line format\r\n",
    new ErrorReply("CLIENT_ERROR bad command line format"),
  ],
  [
    "SERVER_ERROR out of memory storing object\r\n",
    new ErrorReply("SERVER_ERROR out of memory storing object"),
  ],
];

describe("replies", () => {
  test.each(known)("%j", (text, reply) => {
    expect(read(text)).toEqual([reply]);
  });

  test("are the same wherever they are cut", () => {
    const sequence = fc.array(fc.constantFrom(...known), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(sequence, fc.array(fc.nat({ max: 40 }), { maxLength: 20 }), (replies, cuts) => {
        const text = replies.map(([each]) => each).join("");
        const pieces: string[] = [];
        let at = 0;
        for (const length of cuts) {
          pieces.push(text.slice(at, at + length));
          at += length;
        }
        expect(read(...pieces, text.slice(at))).toEqual(replies.map(([, reply]) => reply));
      }),
    );
  });
});

describe("what is no reply", () => {
  test.each([
    ["another protocol", "+PONG\r\n"],
    ["HTTP", "HTTP/1.1 400 Bad Request\r\n"],
    ["a line without carriage return", "STORED\n"],
    ["an empty line", "\r\n"],
    ["a number that is none", "12a\r\n"],
    ["a negative number", "-1\r\n"],
    ["a value without a length", "VALUE k 0\r\n"],
    ["a value of a negative length", "VALUE k 0 -1\r\n"],
    ["a value of an enormous length", "VALUE k 0 99999999999\r\n"],
    ["a value that is longer than it says", "VALUE k 0 1\r\n123\r\nEND\r\n"],
    ["two values", "VALUE k 0 1\r\n1\r\nVALUE l 0 1\r\n1\r\nEND\r\n"],
    ["something between a value and its end", "VALUE k 0 1\r\n1\r\nSTORED\r\n"],
    ["a line without end", "x".repeat(3_000)],
  ])("is an error: %s", (_, text) => {
    expect(() => read(text)).toThrow(/^Memcached sent /);
  });

  test("never does anything else than to be an error", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary", maxLength: 60 })), (pieces) => {
        try {
          read(...pieces.map((piece) => Buffer.from(piece).toString("latin1")));
        } catch (error) {
          expect(String(error)).toMatch(/^Error: Memcached sent /);
        }
      }),
    );
  });
});
