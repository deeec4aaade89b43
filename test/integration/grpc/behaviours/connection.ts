import { connect } from "node:net";
import { expect, test } from "@jest/globals";
import { Status } from "../../../../src/grpc/status.ts";
import { eventually } from "../../../support/eventually.ts";
import { framed, type Gate, gate, type Harness, streamPath, unaryPath } from "../harness.ts";

const empty = Buffer.alloc(0);
/** Far beyond what any of these tests may take: a drain that waits for it has failed. */
const longGraceMs = 600_000;

export function connectionBehaviours(harness: Harness): void {
  drains(harness);
  bounds(harness);
  ages(harness);
  strangers(harness);
}

/** A unary handler that waits at a gate. */
async function serveGated(harness: Harness, options = {}): ReturnType<typeof gated> {
  return gated(harness, gate(), options);
}

async function gated(harness: Harness, finish: Gate, options: object) {
  let started = 0;
  const server = await harness.serve({
    ...options,
    unary: async (request) => {
      started += 1;
      await finish.opened;
      return request;
    },
  });
  return { server, finish, untilStarted: (count: number) => eventually(() => started === count) };
}

function drains(harness: Harness): void {
  test("a drain answers the calls in flight, tells connections to go away and takes no new ones", async () => {
    const { server, finish, untilStarted } = await serveGated(harness);
    const connection = harness.connection(server);
    const call = connection.request(unaryPath);
    call.stream.end(framed(Buffer.from("in flight")));
    await untilStarted(1);

    let isDrained = false;
    const drained = server.drain(longGraceMs).then(() => {
      isDrained = true;
    });
    await eventually(() => connection.goaways.length > 0);
    expect(new Set(connection.goaways)).toEqual(new Set([0]));
    await expect(harness.client(server).ask(unaryPath, empty)).rejects.toMatchObject({
      code: Status.UNAVAILABLE,
    });
    expect(isDrained).toBe(false);

    finish.open();
    expect(await call.body).toEqual(framed(Buffer.from("in flight")));
    expect(call.headers).toMatchObject({ "grpc-status": "0" });
    await drained;
    await connection.closed;
  });

  test("a drain does not wait for idle connections", async () => {
    const server = await harness.serve({ unary: (request) => request });
    await harness.client(server).ask(unaryPath, empty);
    const silent = connect({ host: "127.0.0.1", port: server.port ?? 0 });
    silent.resume();
    await new Promise((resolve) => silent.once("connect", resolve));
    // A call on another connection, made after it, shows that the silent one has been accepted.
    await harness.client(server).ask(unaryPath, empty);
    await server.drain(longGraceMs);
    silent.destroy();
  });

  test("a drain ends open streams with UNAVAILABLE, after what they wrote", async () => {
    let ended = 0;
    const server = await harness.serve({
      stream: (call) => {
        call.write(Buffer.of(1));
        return {
          onEnd: () => {
            ended += 1;
          },
        };
      },
    });
    const streams = [1, 2, 3].map(() => harness.client(server).stream(streamPath).read());
    await eventually(() => streams.every(({ messages }) => messages.length === 1));
    await server.drain(longGraceMs);
    for (const stream of streams) {
      expect(await stream.status).toMatchObject({ code: Status.UNAVAILABLE });
      expect(stream.messages).toEqual([Buffer.of(1)]);
    }
    expect(ended).toBe(3);
    expect(harness.errors).toEqual([]);
  });
}

function bounds(harness: Harness): void {
  test("a drain is over at its bound, whatever has not finished", async () => {
    const { server, finish, untilStarted } = await serveGated(harness);
    const asked = harness.client(server).ask(unaryPath, empty);
    const failed = expect(asked).rejects.toMatchObject({ code: Status.UNAVAILABLE });
    await untilStarted(1);
    await server.drain(50);
    await failed;
    finish.open();
    expect(harness.errors).toEqual([]);
  });

  test("closing ends everything at once, and may follow a drain", async () => {
    const { server, untilStarted } = await serveGated(harness);
    const failed = expect(harness.client(server).ask(unaryPath, empty)).rejects.toMatchObject({
      code: Status.UNAVAILABLE,
    });
    await untilStarted(1);
    const drained = server.drain(longGraceMs);
    await server.close();
    await drained;
    await failed;
    await server.close();
  });
}

function ages(harness: Harness): void {
  test("an old connection is told to go away, and its calls may finish", async () => {
    const { server, finish, untilStarted } = await serveGated(harness, {
      connectionAgeMaxMs: 100,
      connectionAgeGraceMs: longGraceMs,
    });
    const connection = harness.connection(server);
    const call = connection.request(unaryPath);
    call.stream.end(framed(Buffer.of(1)));
    await untilStarted(1);
    await eventually(() => connection.goaways.length > 0);
    expect(new Set(connection.goaways)).toEqual(new Set([0]));
    finish.open();
    expect(await call.body).toEqual(framed(Buffer.of(1)));
    await connection.closed;
  });

  test("a connection lives until its age is reached", async () => {
    const server = await harness.serve({ connectionAgeMaxMs: 300, unary: (request) => request });
    const startMs = performance.now();
    const connection = harness.connection(server);
    await connection.closed;
    // The jitter is a tenth.
    expect(performance.now() - startMs).toBeGreaterThan(265);
  });

  test("calls of an old connection are cut when the grace is over", async () => {
    const { server, untilStarted } = await serveGated(harness, {
      connectionAgeMaxMs: 50,
      connectionAgeGraceMs: 50,
    });
    const connection = harness.connection(server);
    const call = connection.request(unaryPath);
    call.stream.end(framed(Buffer.of(1)));
    await untilStarted(1);
    await connection.closed;
    expect(call.headers).not.toHaveProperty("grpc-status");
  });

  test("an age beyond what a timer can count means never", async () => {
    const server = await harness.serve({
      connectionAgeMaxMs: 2 ** 40,
      unary: (request) => request,
    });
    const connection = harness.connection(server);
    const call = connection.request(unaryPath);
    call.stream.end(framed(Buffer.of(1)));
    await call.body;
    expect(call.headers).toMatchObject({ "grpc-status": "0" });
    expect(connection.goaways).toEqual([]);
  });
}

function strangers(harness: Harness): void {
  test.each([
    ["HTTP/1.1", "GET / HTTP/1.1\r\nhost: x\r\n\r\n"],
    ["noise", "\u0000\u0001\u0002 noise\r\n\r\n".repeat(10)],
    ["a preface with a broken frame", `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${"\u00ff".repeat(9)}`],
  ])("a peer that speaks %s is cut off, and others are served", async (_what, text) => {
    const server = await harness.serve({ unary: (request) => request });
    const stranger = connect({ host: "127.0.0.1", port: server.port ?? 0 });
    const closed = new Promise((resolve) => stranger.once("close", resolve));
    stranger.on("error", () => {});
    stranger.resume();
    stranger.write(text, "latin1");
    await closed;
    expect(await harness.client(server).ask(unaryPath, Buffer.of(1))).toEqual(Buffer.of(1));
    expect(harness.errors).toEqual([]);
  });
}
