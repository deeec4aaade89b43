import { expect, test } from "@jest/globals";
import type { StreamCall, StreamHandler, StreamListener } from "../../../../src/grpc/engine.ts";
import { GrpcError, Status } from "../../../../src/grpc/status.ts";
import { eventually } from "../../../support/eventually.ts";
import { gate, type Harness, streamPath } from "../harness.ts";

const echo: StreamHandler = (call) => ({
  onMessage: (message) => call.write(message),
  onHalfClose: () => call.end(),
});

export function streamBehaviours(harness: Harness): void {
  messages(harness);
  ends(harness);
  failures(harness);
}

function messages(harness: Harness): void {
  test("messages go both ways in order until both sides are done", async () => {
    const server = await harness.serve({ stream: echo });
    const stream = harness.client(server).stream(streamPath).read();
    const sent = Array.from({ length: 300 }, (_, at) => Buffer.alloc(at, at % 256));
    for (const message of sent) stream.send(message);
    await eventually(() => stream.messages.length === sent.length);
    stream.halfClose();
    expect(await stream.status).toMatchObject({ code: Status.OK });
    expect(stream.messages).toEqual(sent);
  });

  test("a handler may write and end before it returns", async () => {
    let ended = 0;
    const server = await harness.serve({
      stream: (call) => {
        call.write(Buffer.of(1));
        call.end();
        return {
          onEnd: () => {
            ended += 1;
          },
        };
      },
    });
    const stream = harness.client(server).stream(streamPath).read();
    expect(await stream.status).toMatchObject({ code: Status.OK });
    expect(stream.messages).toEqual([Buffer.of(1)]);
    await eventually(() => ended === 1);
  });

  test("a writer that is faster than its reader is told to wait, and loses nothing", async () => {
    const total = 500;
    const message = (at: number) => Buffer.alloc(20_000, at % 256);
    let written = 0;
    const pump = (call: StreamCall) => {
      while (written < total) {
        written += 1;
        if (!call.write(message(written))) return;
      }
      call.end();
    };
    const server = await harness.serve({
      stream: (call) => ({ onMessage: () => pump(call), onDrain: () => pump(call) }),
    });
    const stream = harness.client(server).stream(streamPath).send(Buffer.alloc(0));
    await eventually(() => written > 0);
    const client = harness.client(server);
    // As long as nobody reads, at most the windows and one buffer fill, however long one waits.
    for (let turn = 0; turn < 20; turn += 1)
      await client.ask("/none", Buffer.alloc(0)).catch(() => {});
    expect(written).toBeLessThan(total);
    stream.read();
    expect(await stream.status).toMatchObject({ code: Status.OK });
    expect(stream.messages.map((got) => got[0])).toEqual(
      Array.from({ length: total }, (_, at) => (at + 1) % 256),
    );
  });

  test("a handler knows path, deadline and headers of its call", async () => {
    const server = await harness.serve({
      stream: (call) => {
        call.write(Buffer.from(`${call.path} ${call.deadlineMs} ${call.header("x-tenant")}`));
        call.end();
        return {};
      },
    });
    const stream = harness
      .client(server)
      .stream(streamPath, { headers: { "x-tenant": "blue" } })
      .read();
    await stream.status;
    expect(stream.messages.map(String)).toEqual([`${streamPath} undefined blue`]);
  });
}

/** Tells a listener's events as words. */
function recording(events: string[], call?: (call: StreamCall) => void): StreamHandler {
  return (stream) => {
    call?.(stream);
    return {
      onMessage: (message) => events.push(`message ${message.length}`),
      onHalfClose: () => events.push("half close"),
      onEnd: () => events.push("end"),
    } satisfies StreamListener;
  };
}

/** A lost peer may look, just before, like one that has nothing more to send. */
function withoutHalfClose(events: readonly string[]): readonly string[] {
  return events.filter((event) => event !== "half close");
}

function ends(harness: Harness): void {
  test("a handler hears the half close after the last message, and the end once", async () => {
    const events: string[] = [];
    const calls: StreamCall[] = [];
    const server = await harness.serve({ stream: recording(events, (call) => calls.push(call)) });
    const stream = harness.client(server).stream(streamPath).read();
    stream.send(Buffer.alloc(3)).send(Buffer.alloc(4)).halfClose();
    await eventually(() => events.length === 3);
    expect(events).toEqual(["message 3", "message 4", "half close"]);
    calls[0]?.end();
    expect(await stream.status).toMatchObject({ code: Status.OK });
    await eventually(() => events.includes("end"));
    calls[0]?.end();
    expect(calls[0]?.write(Buffer.of(1))).toBe(true);
    expect(events.filter((event) => event === "end")).toHaveLength(1);
  });

  test("a handler hears when its peer cancels", async () => {
    const events: string[] = [];
    const calls: StreamCall[] = [];
    const server = await harness.serve({ stream: recording(events, (call) => calls.push(call)) });
    const stream = harness.client(server).stream(streamPath).read().send(Buffer.alloc(1));
    await eventually(() => events.length === 1);
    stream.cancel();
    expect(await stream.status).toMatchObject({ code: Status.CANCELLED });
    await eventually(() => events.includes("end"));
    calls[0]?.write(Buffer.of(1));
    calls[0]?.end(new GrpcError(Status.ABORTED, "too late"));
    expect(withoutHalfClose(events)).toEqual(["message 1", "end"]);
    expect(harness.errors).toEqual([]);
  });

  test("a handler hears when the connection is lost", async () => {
    const events: string[] = [];
    const server = await harness.serve({ stream: recording(events) });
    const connection = harness.connection(server);
    connection.request(streamPath).stream.write(Buffer.of(0, 0, 0, 0, 0));
    await eventually(() => events.includes("message 0"));
    connection.destroy();
    await eventually(() => events.includes("end"));
    expect(withoutHalfClose(events)).toEqual(["message 0", "end"]);
    expect(harness.errors).toEqual([]);
  });
}

function failures(harness: Harness): void {
  test("ending with a GrpcError sends its status after what was written", async () => {
    const server = await harness.serve({
      stream: (call) => {
        call.write(Buffer.of(7));
        call.end(new GrpcError(Status.OUT_OF_RANGE, "zu groß"));
        return {};
      },
    });
    const stream = harness.client(server).stream(streamPath).read();
    expect(await stream.status).toMatchObject({ code: Status.OUT_OF_RANGE, details: "zu groß" });
    expect(stream.messages).toEqual([Buffer.of(7)]);
    expect(harness.errors).toEqual([]);
  });

  const failure = () => {
    throw new Error("secret");
  };
  const places: readonly (readonly [string, StreamHandler])[] = [
    ["the handler", failure],
    ["onMessage", () => ({ onMessage: failure })],
    ["onHalfClose", () => ({ onHalfClose: failure })],
    ["end", (call) => ({ onMessage: () => call.end(new Error("secret")) })],
  ];
  test.each(places)(
    "an error from %s is INTERNAL with no text, and reported",
    async (_, stream) => {
      const server = await harness.serve({ stream });
      const call = harness.client(server).stream(streamPath).read().send(Buffer.of(1)).halfClose();
      expect(await call.status).toMatchObject({ code: Status.INTERNAL, details: "" });
      expect(harness.errors).toEqual([`${streamPath}: Error: secret`]);
    },
  );

  test("an error from onEnd is reported and harms nothing", async () => {
    const started = gate();
    const server = await harness.serve({
      stream: () => ({ onMessage: started.open, onEnd: failure }),
    });
    const stream = harness.client(server).stream(streamPath).read().send(Buffer.of(1));
    await started.opened;
    stream.cancel();
    await eventually(() => harness.errors.length > 0);
    expect(harness.errors).toEqual([`${streamPath}: Error: secret`]);
  });

  test("a message longer than the bound ends the stream with RESOURCE_EXHAUSTED", async () => {
    const server = await harness.serve({ stream: echo, messageBytesMax: 100 });
    const stream = harness.client(server).stream(streamPath).read();
    stream.send(Buffer.alloc(100));
    await eventually(() => stream.messages.length === 1);
    stream.send(Buffer.alloc(101));
    expect(await stream.status).toMatchObject({ code: Status.RESOURCE_EXHAUSTED });
  });
}
