import { describe, expect, test } from "@jest/globals";
import type { Field } from "../../../src/grpc/h2/fields.ts";
import { HeaderDecoder } from "../../../src/grpc/h2/hpack.ts";
import {
  constantBlockBytesMax,
  ResponseFields,
  statusBlockBytesMax,
} from "../../../src/grpc/h2/response-fields.ts";
import { Status } from "../../../src/grpc/status.ts";

type Put = (fields: ResponseFields, into: Buffer) => number;

const head: Put = (fields, into) => fields.putHead(into, 0);
const ok: Put = (fields, into) => fields.putOk(into, 0);

/** The sender's side and the peer's, which follows what it is sent. */
class Pair {
  readonly fields = new ResponseFields();
  readonly #decoder = new HeaderDecoder();
  readonly #into = Buffer.alloc(8192);

  /** The block as hex, and what the peer makes of it. */
  put(put: Put): { readonly hex: string; readonly fields: string } {
    const end = put(this.fields, this.#into);
    const decoded: Field[] = [];
    this.#decoder.decode(this.#into, 0, end, decoded, 65_536);
    return {
      hex: this.#into.toString("hex", 0, end),
      fields: decoded.map(({ name, value }) => `${name}: ${value}`).join(", "),
    };
  }

  /** What the peer makes of it. */
  say(put: Put): string {
    return this.put(put).fields;
  }
}

const headText = ":status: 200, content-type: application/grpc";
const okText = "grpc-status: 0";

describe("the constant blocks", () => {
  test("are indexed from the second answer of a connection on", () => {
    const pair = new Pair();
    expect(pair.say(head)).toBe(headText);
    expect(pair.say(ok)).toBe(okText);
    for (let round = 0; round < 3; round += 1) {
      expect(pair.put(head)).toEqual({ hex: "88bf", fields: headText });
      expect(pair.put(ok)).toEqual({ hex: "be", fields: okText });
    }
  });

  test("may come in any order", () => {
    const pair = new Pair();
    const order = [ok, head, head, ok, ok, head, ok];
    expect(order.map((put) => pair.say(put))).toEqual(
      order.map((put) => (put === head ? headText : okText)),
    );
    expect(pair.put(ok).hex).toBe("be");
  });

  test("fit into the room that is kept for them, whatever the table", () => {
    for (const sizes of [[], [0], [4095], [64, 4000], [0, 4096], [200, 103]]) {
      for (const put of [head, ok]) {
        const fields = new ResponseFields();
        for (const size of sizes) fields.onTableSize(size);
        const into = Buffer.alloc(constantBlockBytesMax);
        expect(put(fields, into)).toBeLessThanOrEqual(constantBlockBytesMax);
      }
    }
  });
});

describe("the size of the peer's table", () => {
  test("of less than two fields leaves it empty, which is said once", () => {
    const pair = new Pair();
    pair.say(head);
    pair.say(ok);
    pair.fields.onTableSize(100);
    expect(pair.put(head).hex).toMatch(/^203f4588/);
    expect(pair.say(ok)).toBe(okText);
    expect(pair.put(head).hex).toMatch(/^880f10/);
    expect(pair.say(head)).toBe(headText);
  });

  test("of 0 is respected", () => {
    const pair = new Pair();
    pair.fields.onTableSize(0);
    expect(pair.put(head)).toMatchObject({ fields: headText });
    expect(pair.say(ok)).toBe(okText);
    expect(pair.put(ok).hex).toMatch(/^00/);
  });

  test("that has room for two fields keeps them indexed", () => {
    const pair = new Pair();
    pair.fields.onTableSize(104);
    for (const put of [head, ok]) pair.say(put);
    expect(pair.put(head).hex).toBe("88bf");
  });

  test("that shrinks and grows between two blocks is said as both", () => {
    const pair = new Pair();
    for (const put of [head, ok]) pair.say(put);
    for (const size of [0, 4096]) pair.fields.onTableSize(size);
    expect(pair.put(head).hex).toMatch(/^203fe11f88/);
    expect(pair.say(ok)).toBe(okText);
    expect(pair.put(head).hex).toBe("88bf");
  });

  test("that shrinks in between, but not below what is needed, evicts nothing", () => {
    const pair = new Pair();
    for (const put of [head, ok]) pair.say(put);
    for (const size of [200, 4096]) pair.fields.onTableSize(size);
    expect(pair.put(head)).toEqual({ hex: "3fa9013fe11f88bf", fields: headText });
  });

  test("beyond 4096 is of no interest", () => {
    const pair = new Pair();
    pair.fields.onTableSize(65_536);
    expect(pair.put(head).hex).toMatch(/^885f/);
  });
});

describe("other endings", () => {
  test("a status is sent with its message, and leaves the table alone", () => {
    const pair = new Pair();
    for (const put of [head, ok]) pair.say(put);
    const put: Put = (fields, into) => fields.putStatus(into, 0, Status.NOT_FOUND, "no «x»");
    expect(pair.say(put)).toBe("grpc-status: 5, grpc-message: no %C2%ABx%C2%BB");
    expect(pair.put(head).hex).toBe("88bf");
  });

  test("a status without a message has none", () => {
    const put: Put = (fields, into) => fields.putStatus(into, 0, Status.INTERNAL, "");
    expect(new Pair().say(put)).toBe("grpc-status: 13");
  });

  test("a peer that is told UNIMPLEMENTED learns which encodings are", () => {
    const put: Put = (fields, into) => fields.putStatus(into, 0, Status.UNIMPLEMENTED, "x");
    expect(new Pair().say(put)).toBe(
      "grpc-status: 12, grpc-accept-encoding: identity,deflate,gzip, grpc-message: x",
    );
  });

  test("the longest message fits into the room that is kept for it", () => {
    const into = Buffer.alloc(8192);
    const end = new ResponseFields().putStatus(into, 0, Status.UNIMPLEMENTED, "é".repeat(9000));
    expect(end).toBeLessThanOrEqual(statusBlockBytesMax);
  });

  test.each([
    [405, ":status: 405, content-type: text/plain, allow: POST"],
    [415, ":status: 415, content-type: text/plain"],
  ])("HTTP status %i is sent", (status, text) => {
    expect(new Pair().say((fields, into) => fields.putHttpStatus(into, 0, status))).toBe(text);
  });
});
