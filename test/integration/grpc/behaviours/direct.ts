import { expect, test } from "@jest/globals";
import type { DirectCall, DirectHandler, Encode } from "../../../../src/grpc/engine.ts";
import { GrpcError, Status } from "../../../../src/grpc/status.ts";
import { eventually } from "../../../support/eventually.ts";
import { directPath, type Harness } from "../harness.ts";

/** Writes the bytes with one of its own before them. */
const encode: Encode<Uint8Array> = (value, into, at) => {
  into[at] = 42;
  into.set(value, at + 1);
  return at + 1 + value.length;
};

/** More than the answer needs: only what is written is sent. */
const bytesMax = 400_000;

function copy(bytes: Buffer, start: number, end: number): Buffer {
  return Buffer.from(bytes.subarray(start, end));
}

export function directBehaviours(harness: Harness): void {
  answers(harness);
  failures(harness);
}

function answers(harness: Harness): void {
  test.each([0, 1, 300_000])("a request of %d bytes is answered at once", async (length) => {
    const message = Buffer.alloc(length, "0123456789");
    const server = await harness.serve({
      direct: (bytes, start, end, call) => call.reply(copy(bytes, start, end), bytesMax, encode),
    });
    const answer = await harness.client(server).ask(directPath, message);
    expect(answer.equals(Buffer.concat([Buffer.of(42), message]))).toBe(true);
  });

  test("calls may be answered later, in any order", async () => {
    const waiting: (() => void)[] = [];
    const server = await harness.serve({
      direct: (bytes, start, end, call) => {
        const message = copy(bytes, start, end);
        waiting.push(() => call.reply(message, bytesMax, encode));
      },
    });
    const client = harness.client(server);
    const messages = Array.from({ length: 50 }, (_, at) => Buffer.of(at));
    const asked = messages.map((message) => client.ask(directPath, message));
    await eventually(() => waiting.length === 50);
    for (const reply of waiting.reverse()) reply();
    expect(await Promise.all(asked)).toEqual(
      messages.map((message) => Buffer.concat([Buffer.of(42), message])),
    );
  });

  test("a value is written at once, and may change afterwards", async () => {
    const value = Buffer.of(1, 2, 3);
    const server = await harness.serve({
      direct: (_bytes, _start, _end, call) => {
        call.reply(value, bytesMax, encode);
        value.fill(0);
      },
    });
    expect(await harness.client(server).ask(directPath, Buffer.of())).toEqual(
      Buffer.of(42, 1, 2, 3),
    );
  });

  test("the handler knows path, deadline and headers", async () => {
    const server = await harness.serve({
      direct: (_bytes, _start, _end, call) => {
        const told = `${call.path} ${call.deadlineMs} ${call.header("x-tenant")}`;
        call.reply(Buffer.from(told), bytesMax, encode);
      },
    });
    const headers = { "x-tenant": "blue" };
    const answer = await harness.client(server).ask(directPath, Buffer.of(), { headers });
    expect(String(answer.subarray(1))).toBe(`${directPath} undefined blue`);
  });

  test("a call whose peer has left may still be answered or failed, to no effect", async () => {
    const calls: DirectCall[] = [];
    const server = await harness.serve({
      direct: (_bytes, _start, _end, call) => calls.push(call),
    });
    const client = harness.client(server);
    const cancel = new AbortController();
    const asked = [1, 2].map((at) =>
      client.ask(directPath, Buffer.of(at), { signal: cancel.signal }),
    );
    const failed = asked.map((ask) =>
      expect(ask).rejects.toMatchObject({ code: Status.CANCELLED }),
    );
    await eventually(() => calls.length === 2);
    cancel.abort();
    await Promise.all(failed);
    // A call on the same connection, made after the cancellation, shows that it has arrived.
    const later = client.ask(directPath, Buffer.of(3));
    await eventually(() => calls.length === 3);
    calls[0]?.reply(Buffer.of(1), bytesMax, encode);
    calls[1]?.fail(new GrpcError(Status.ABORTED, "too late"));
    calls[2]?.reply(Buffer.of(3), bytesMax, encode);
    expect(await later).toEqual(Buffer.of(42, 3));
    expect(harness.errors).toEqual([]);
  });
}

function failures(harness: Harness): void {
  const refuse = () => new GrpcError(Status.FAILED_PRECONDITION, "noch nicht: größer");
  const secret = () => new Error("secret");
  const failing = (error: () => Error): readonly (readonly [string, DirectHandler])[] => [
    ["fails it", (_bytes, _start, _end, call) => call.fail(error())],
    [
      "fails it later",
      (_bytes, _start, _end, call) => {
        setImmediate(() => call.fail(error()));
      },
    ],
    [
      "throws",
      () => {
        throw error();
      },
    ],
  ];

  test.each(failing(refuse))("a GrpcError ends the call when its handler %s", async (_, direct) => {
    const server = await harness.serve({ direct });
    await expect(harness.client(server).ask(directPath, Buffer.of())).rejects.toMatchObject({
      code: Status.FAILED_PRECONDITION,
      details: "noch nicht: größer",
    });
    expect(harness.errors).toEqual([]);
  });

  const encoding: DirectHandler = (_bytes, _start, _end, call) =>
    call.reply(0, 10, () => {
      throw secret();
    });
  test.each([...failing(secret), ["cannot encode", encoding] as const])(
    "any other error is INTERNAL with no text, and reported, when its handler %s",
    async (_, direct) => {
      const server = await harness.serve({ direct });
      await expect(harness.client(server).ask(directPath, Buffer.of())).rejects.toMatchObject({
        code: Status.INTERNAL,
        details: "",
      });
      expect(harness.errors).toEqual([`${directPath}: Error: secret`]);
    },
  );
}
