import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type {
  EngineOptions,
  GrpcServer,
  Methods,
  StreamCall,
  UnaryHandler,
} from "../../../src/grpc/engine.ts";
import { startGrpcJs } from "../../../src/grpc/grpc-js.ts";
import { Flag, FrameType } from "../../../src/grpc/h2/frames.ts";
import { Setting } from "../../../src/grpc/h2/settings.ts";
import { GrpcError, Status } from "../../../src/grpc/status.ts";
import { eventually } from "../../support/eventually.ts";
import type { Answers } from "../../support/h2/answers.ts";
import {
  block,
  continuation,
  data,
  frame,
  headers,
  lastData,
  lastHeaders,
  message,
  preface,
  requestFields,
  rstStream,
  settings,
  settingsAck,
  windowUpdate,
} from "../../support/h2/frames.ts";
import { RawClient } from "../../support/h2/raw-client.ts";
import { Wire } from "../../support/h2/wire.ts";

const texts = ["no", "grün 100 %", "", "a\nb", "🚦"];

/** The same handlers for both engines; none of them depends on time. */
const methods: Methods = {
  unary: new Map<string, UnaryHandler>([
    ["/t.T/Echo", (request) => request],
    ["/t.T/Later", async (request) => Buffer.concat([request, request])],
    ["/t.T/Long", (request) => Buffer.alloc(request.length * 500, "x")],
    [
      "/t.T/Fails",
      (request) => {
        throw new GrpcError(Status.NOT_FOUND, texts[request.length % texts.length] ?? "");
      },
    ],
    ["/t.T/Breaks", () => Promise.reject(new Error("secret"))],
    ["/t.T/Header", (_request, call) => Buffer.from(`${call.path} ${call.header("x-name")}`)],
  ]),
  stream: new Map([
    ["/t.T/EchoAll", echoAll],
    [
      "/t.T/Count",
      (call) => {
        let count = 0;
        return {
          onMessage: () => {
            count += 1;
          },
          onHalfClose: () => {
            call.write(Buffer.of(count));
            call.end(new GrpcError(Status.DATA_LOSS, `${count} messages`));
          },
        };
      },
    ],
  ]),
};
const paths = [...methods.unary.keys(), ...methods.stream.keys(), "/t.T/Unknown"];

function echoAll(call: StreamCall) {
  return {
    onMessage: (each: Uint8Array) => {
      call.write(Buffer.from(each));
    },
    onHalfClose: () => call.end(),
  };
}

const options: EngineOptions = {
  messageBytesMax: 2000,
  connectionAgeMaxMs: 3_600_000,
  connectionAgeGraceMs: 1000,
  concurrentStreamsMax: 100,
  onError: () => {},
};

/** One call: what it sends, in which pieces. */
const call = fc.record({
  path: fc.constantFrom(...paths),
  name: fc.constantFrom(undefined, "ann", "", "with, comma"),
  contents: fc.array(fc.nat({ max: 30 }), { maxLength: 3 }),
  long: fc.constantFrom(0, 0, 0, 1999, 2000, 2001),
  isGzip: fc.boolean(),
  cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 3 }),
  padding: fc.constantFrom(-1, -1, 0, 7),
  end: fc.constantFrom("data", "empty data", "trailers", "reset"),
  headersIn: fc.constantFrom("one frame", "two frames"),
});
type CallPlan = typeof call extends fc.Arbitrary<infer Plan> ? Plan : never;

const plans = fc.record({
  calls: fc.array(call, { minLength: 1, maxLength: 6 }),
  /** Whose turn it is, for as long as anybody has frames. */
  turns: fc.infiniteStream(fc.nat({ max: 5 })),
  /** Where the bytes are cut into chunks. */
  chunks: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 }),
});

function framesOf(plan: CallPlan, id: number): Buffer[] {
  const fields = requestFields(
    plan.path,
    ...(plan.name === undefined ? [] : [["x-name", plan.name] as const]),
    ...(plan.isGzip ? [["grpc-encoding", "gzip"] as const] : []),
  );
  // A request has one fault at most: which of two is told is not a matter of the protocol.
  const short = plan.long > options.messageBytesMax ? [] : plan.contents;
  const contents = [...short, ...(plan.long === 0 ? [] : [plan.long])];
  const body = Buffer.concat(
    contents.map((length) => {
      const content = Buffer.alloc(length, "c");
      return plan.isGzip ? message(gzipSync(content), 1) : message(content);
    }),
  );
  const pieces = cutAt(body, plan.cuts).map((piece) =>
    plan.padding < 0 ? data(id, piece) : padded(id, piece, plan.padding),
  );
  return [...headersOf(plan, id, fields), ...ended(pieces, plan, id)];
}

function headersOf(plan: CallPlan, id: number, fields: ReturnType<typeof requestFields>): Buffer[] {
  if (plan.headersIn === "one frame") return [headers(id, fields)];
  const bytes = block(fields);
  // They belong together: no frame of another stream may come between them.
  return [
    Buffer.concat([
      frame(FrameType.HEADERS, 0, id, bytes.subarray(0, 30)),
      continuation(id, bytes.subarray(30), true),
    ]),
  ];
}

function ended(pieces: Buffer[], plan: CallPlan, id: number): Buffer[] {
  switch (plan.end) {
    case "reset":
      return [...pieces, rstStream(id)];
    case "trailers":
      return [...pieces, lastHeaders(id, [["x-trailer", "1"]])];
    case "data": {
      const last = pieces.at(-1);
      if (last === undefined) return [lastData(id)];
      last.writeUInt8(last.readUInt8(4) | Flag.END_STREAM, 4);
      return pieces;
    }
    default:
      return [...pieces, lastData(id)];
  }
}

function padded(id: number, piece: Buffer, padding: number): Buffer {
  return frame(
    FrameType.DATA,
    Flag.PADDED,
    id,
    Buffer.concat([Buffer.of(padding), piece, Buffer.alloc(padding)]),
  );
}

function cutAt(bytes: Buffer, places: readonly number[]): Buffer[] {
  const cuts = [
    0,
    ...places.map((place) => Math.floor(place * bytes.length)).sort((a, b) => a - b),
    bytes.length,
  ];
  return cuts.slice(1).flatMap((cut, index) => {
    const piece = bytes.subarray(cuts[index] ?? 0, cut);
    return piece.length === 0 ? [] : [piece];
  });
}

/** The frames of all calls, mixed; streams begin in the order of their identifiers. */
function mix(calls: readonly Buffer[][], turns: Iterator<number>): Buffer {
  const begun: Buffer[][] = [];
  const waiting = [...calls];
  const mixed: Buffer[] = [];
  while (waiting.length > 0 || begun.some((frames) => frames.length > 0)) {
    const turn: number = turns.next().value;
    const going = begun.filter((frames) => frames.length > 0);
    const next = turn < going.length ? going[turn] : waiting.shift();
    if (next === undefined) continue;
    if (!begun.includes(next)) begun.push(next);
    const first = next.shift();
    if (first !== undefined) mixed.push(first);
  }
  return Buffer.concat(mixed);
}

/** How a call ended, so far as both engines must agree. */
function outcome(answers: Answers, id: number) {
  const {
    ":status": http,
    "grpc-status": status,
    "grpc-message": text = "",
  } = answers.on(id).fields;
  // What an engine itself has to say is in its own words.
  const isHandlers = status === String(Status.NOT_FOUND);
  const body = answers.body(id).toString("hex");
  return { http, status, body, message: isHandlers ? decodeURIComponent(text) : "" };
}

describe("the two engines", () => {
  let server: GrpcServer | undefined;
  beforeAll(async () => {
    server = await startGrpcJs(methods, { host: "127.0.0.1", port: 0 }, options);
  });
  afterAll(() => server?.close());

  const greeting = Buffer.concat([
    preface,
    settings([Setting.INITIAL_WINDOW_SIZE, 2 ** 20]),
    settingsAck(),
    windowUpdate(0, 2 ** 24),
  ]);

  test("answer every valid sequence of frames alike, however it is cut", async () => {
    await fc.assert(
      fc.asyncProperty(plans, async ({ calls, turns, chunks }) => {
        const ids = calls.map((_, index) => 2 * index + 1);
        const bytes = mix(
          calls.map((plan, index) => framesOf(plan, ids[index] ?? 0)),
          turns,
        );
        const isExpected = (id: number) => calls[(id - 1) / 2]?.end !== "reset";
        const expected = ids.filter(isExpected);

        const wire = new Wire({ methods, ...options }).send(greeting);
        for (const chunk of cutAt(bytes, chunks)) wire.send(chunk);
        const client = await RawClient.open(server?.port ?? 0);
        client.send(greeting);
        for (const chunk of cutAt(bytes, chunks)) client.send(chunk);
        try {
          await eventually(() => expected.every((id) => wire.endTick().answers.on(id).isComplete), {
            intervalMs: 1,
          });
          await eventually(() => expected.every((id) => client.answers.on(id).isComplete), {
            intervalMs: 1,
          });
          for (const id of expected) {
            expect({ id, ...outcome(wire.answers, id) }).toEqual({
              id,
              ...outcome(client.answers, id),
            });
          }
          expect(wire.answers.goAways).toEqual([]);
        } finally {
          client.destroy();
        }
      }),
      { numRuns: 150 },
    );
  }, 60_000);
});
