import { expect, test } from "@jest/globals";
import type { Call } from "../../../../src/grpc/engine.ts";
import { GrpcError, Status } from "../../../../src/grpc/status.ts";
import { eventually } from "../../../support/eventually.ts";
import { framed, gate, type Harness, unaryPath } from "../harness.ts";

const empty = Buffer.alloc(0);

export function unaryBehaviours(harness: Harness): void {
  answers(harness);
  errors(harness);
  requests(harness);
  limits(harness);
}

function answers(harness: Harness): void {
  test.each([
    ["empty", 0],
    ["short", 11],
    ["longer than a window and a frame", 300_000],
  ])("a message reaches the handler and comes back: %s", async (_size, length) => {
    const message = Buffer.alloc(length, "0123456789");
    const server = await harness.serve({ unary: (request) => request });
    const answer = await harness.client(server).ask(unaryPath, message);
    expect(answer.equals(message)).toBe(true);
  });

  test("an answer may be a part of a larger buffer, and a promise", async () => {
    const server = await harness.serve({
      unary: () => Promise.resolve(new Uint8Array([1, 2, 3, 4]).subarray(1, 3)),
    });
    expect(await harness.client(server).ask(unaryPath, empty)).toEqual(Buffer.of(2, 3));
  });

  test("hundreds of calls at once on one connection each get their own answer", async () => {
    const server = await harness.serve({
      unary: async (request) => {
        // Answers in an order other than that of the requests.
        for (let turn = 0; turn < (request[0] ?? 0) % 7; turn += 1) await Promise.resolve();
        return request;
      },
    });
    const client = harness.client(server);
    const messages = Array.from({ length: 500 }, (_, at) => Buffer.of(at % 256, at >> 8));
    const got = await Promise.all(messages.map((message) => client.ask(unaryPath, message)));
    expect(got).toEqual(messages);
  });
}

function errors(harness: Harness): void {
  const codes = Object.entries(Status).filter(([, code]) => code !== Status.OK);

  test.each(codes)("a GrpcError ends the call with %s and its message", async (name, code) => {
    const server = await harness.serve({
      unary: () => {
        throw new GrpcError(code, `no ${name}`);
      },
    });
    await expect(harness.client(server).ask(unaryPath, empty)).rejects.toMatchObject({
      code,
      details: `no ${name}`,
    });
    expect(harness.errors).toEqual([]);
  });

  test.each([
    ["unicode", "grün 100 % 漢字 🚦"],
    ["control characters", "two\nlines\tand\u0000more"],
    ["what looks encoded already", "%41 %zz"],
    ["nothing", ""],
  ])("a status message of %s arrives as it was sent", async (_what, message) => {
    const server = await harness.serve({
      unary: () => Promise.reject(new GrpcError(Status.ABORTED, message)),
    });
    await expect(harness.client(server).ask(unaryPath, empty)).rejects.toMatchObject({
      code: Status.ABORTED,
      details: message,
    });
  });

  test("a status message that is no valid Unicode is sent with replacement characters", async () => {
    const server = await harness.serve({
      unary: () => {
        throw new GrpcError(Status.NOT_FOUND, "key \udc80!");
      },
    });
    await expect(harness.client(server).ask(unaryPath, empty)).rejects.toMatchObject({
      code: Status.NOT_FOUND,
      details: "key \ufffd!",
    });
  });

  test.each([
    [
      "thrown",
      () => {
        throw new Error("password is hunter2");
      },
    ],
    ["rejected", () => Promise.reject(new Error("password is hunter2"))],
  ])("any other error, %s, is INTERNAL with no text, and reported", async (_how, unary) => {
    const server = await harness.serve({ unary });
    await expect(harness.client(server).ask(unaryPath, empty)).rejects.toMatchObject({
      code: Status.INTERNAL,
      details: "",
    });
    expect(harness.errors).toEqual([`${unaryPath}: Error: password is hunter2`]);
  });

  test("an unknown method is UNIMPLEMENTED", async () => {
    const server = await harness.serve({ unary: (request) => request });
    const client = harness.client(server);
    await expect(client.ask("/test.Service/Other", empty)).rejects.toMatchObject({
      code: Status.UNIMPLEMENTED,
    });
    expect(await client.ask(unaryPath, Buffer.of(1))).toEqual(Buffer.of(1));
  });
}

function requests(harness: Harness): void {
  test("the handler sees path, deadline and headers", async () => {
    const calls: Call[] = [];
    const server = await harness.serve({
      unary: (request, call) => {
        calls.push(call);
        return request;
      },
    });
    const deadlineMs = Date.now() + 20_000;
    await harness.client(server).ask(unaryPath, empty, {
      deadlineMs,
      headers: { "x-tenant": "blue", "x-trace-bin": Buffer.of(255, 0) },
    });
    const [call] = calls;
    expect(call?.path).toBe(unaryPath);
    // The wire says how long, not until when, in whole milliseconds, and the journey takes time.
    expect(call?.deadlineMs).toBeGreaterThan(deadlineMs - 50);
    expect(call?.deadlineMs).toBeLessThan(deadlineMs + 10_000);
    expect(call?.header("x-tenant")).toBe("blue");
    expect(call?.header("x-trace-bin")).toBe("/wA=");
    expect(call?.header("x-other")).toBeUndefined();
  });

  test("a call without a deadline has none", async () => {
    const server = await harness.serve({
      unary: (_request, call) => Buffer.from(String(call.deadlineMs)),
    });
    expect(String(await harness.client(server).ask(unaryPath, empty))).toBe("undefined");
  });

  test("a cancelled call neither reports nor breaks anything", async () => {
    const started = gate();
    const finish = gate();
    const outcomes = [
      () => Buffer.of(1),
      () => {
        throw new GrpcError(Status.UNAVAILABLE, "too late");
      },
    ];
    let finished = 0;
    const server = await harness.serve({
      unary: async (request) => {
        if (request.length === 0) return request;
        started.open();
        await finish.opened;
        finished += 1;
        return outcomes[request[0] ?? 0]?.() ?? empty;
      },
    });
    const client = harness.client(server);
    const cancel = new AbortController();
    const asked = [0, 1].map((which) =>
      client.ask(unaryPath, Buffer.of(which), { signal: cancel.signal }),
    );
    await started.opened;
    cancel.abort();
    for (const ask of asked) await expect(ask).rejects.toMatchObject({ code: Status.CANCELLED });
    finish.open();
    await eventually(() => finished === 2);
    expect(await client.ask(unaryPath, empty)).toEqual(empty);
    expect(harness.errors).toEqual([]);
  });
}

function limits(harness: Harness): void {
  test("a message of exactly the longest length is taken, one byte more is RESOURCE_EXHAUSTED", async () => {
    let calls = 0;
    const server = await harness.serve({
      messageBytesMax: 1000,
      unary: (request) => {
        calls += 1;
        return request;
      },
    });
    const client = harness.client(server);
    expect(await client.ask(unaryPath, Buffer.alloc(1000))).toHaveLength(1000);
    await expect(client.ask(unaryPath, Buffer.alloc(1001))).rejects.toMatchObject({
      code: Status.RESOURCE_EXHAUSTED,
    });
    expect(calls).toBe(1);
  });

  test("a message's announced length alone refuses it", async () => {
    const server = await harness.serve({ messageBytesMax: 1000, unary: (request) => request });
    const call = harness.connection(server).request(unaryPath);
    call.stream.write(Buffer.of(0, 0x7f, 0xff, 0xff, 0xff));
    await eventually(() => {
      expect(call.headers).toMatchObject({ "grpc-status": String(Status.RESOURCE_EXHAUSTED) });
    });
  });

  test("a compressed message is held to the bound that its content has", async () => {
    const server = await harness.serve({ messageBytesMax: 1000, unary: (request) => request });
    const gzip = harness.client(server, { "grpc.default_compression_algorithm": 2 });
    // An engine that does not know the compression refuses it by name.
    const error: unknown = await gzip
      .ask(unaryPath, Buffer.alloc(100_000))
      .catch((e: unknown) => e);
    expect([Status.RESOURCE_EXHAUSTED, Status.UNIMPLEMENTED]).toContain(
      (error as { code: unknown }).code,
    );
  });

  test("a message may arrive in pieces, its prefix split as well", async () => {
    const server = await harness.serve({ unary: (request) => request });
    const call = harness.connection(server).request(unaryPath);
    const bytes = framed(Buffer.from("pieces"));
    for (const byte of bytes) {
      await new Promise((resolve) => call.stream.write(Buffer.of(byte), resolve));
    }
    call.stream.end();
    expect(await call.body).toEqual(bytes);
    expect(call.headers).toMatchObject({ ":status": 200, "grpc-status": "0" });
  });

  test.each([
    ["no message", empty],
    ["two messages", Buffer.concat([framed(Buffer.of(1)), framed(Buffer.of(2))])],
    ["half a message", framed(Buffer.from("half")).subarray(0, 7)],
  ])("a unary request of %s is an error, and never reaches the handler", async (_what, body) => {
    let calls = 0;
    const server = await harness.serve({
      unary: (request) => {
        calls += 1;
        return request;
      },
    });
    const call = harness.connection(server).request(unaryPath);
    call.stream.end(body);
    await call.body;
    expect(call.headers).toHaveProperty("grpc-status");
    expect(call.headers).not.toMatchObject({ "grpc-status": "0" });
    expect(calls).toBe(0);
  });

  test("a request that is not gRPC is refused with 415", async () => {
    const server = await harness.serve({ unary: (request) => request });
    const call = harness.connection(server).request(unaryPath, { "content-type": "text/plain" });
    call.stream.end();
    await call.body;
    expect(call.headers).toMatchObject({ ":status": 415 });
  });

  test("a connection has no more calls open than it may, and all are answered", async () => {
    let open = 0;
    let openMost = 0;
    const server = await harness.serve({
      concurrentStreamsMax: 10,
      unary: async (request) => {
        open += 1;
        openMost = Math.max(open, openMost);
        await new Promise(setImmediate);
        open -= 1;
        return request;
      },
    });
    const client = harness.client(server);
    // A client learns the bound with the first answer.
    await client.ask(unaryPath, empty);
    await Promise.all(Array.from({ length: 100 }, () => client.ask(unaryPath, empty)));
    expect(openMost).toBeGreaterThan(1);
    expect(openMost).toBeLessThanOrEqual(10);
  });
}
