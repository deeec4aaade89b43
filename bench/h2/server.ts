/** A gRPC server of one method with a fixed answer, on the engine that its argument names; says its port when it listens. */

import { createServer } from "node:http2";
import type { DirectHandler, Encode, EngineOptions, Methods } from "../../src/grpc/engine.ts";
import { startGrpcJs } from "../../src/grpc/grpc-js.ts";
import { startH2 } from "../../src/grpc/h2/server.ts";

const path = "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit";
/** An OK for one descriptor, of 23 bytes. */
const answer = Buffer.from("08011210080112050a0108e8071001189f8d062202083c", "hex");

const copy: Encode<Buffer> = (value, into, at) => {
  into.set(value, at);
  return at + value.length;
};
const direct: DirectHandler = (_bytes, _start, _end, call) =>
  call.reply(answer, answer.length, copy);

const methods: Readonly<Record<string, Methods>> = {
  "h2-direct": { unary: new Map(), stream: new Map(), direct: new Map([[path, direct]]) },
  "h2-unary": { unary: new Map([[path, () => answer]]), stream: new Map() },
  "h2-promise": { unary: new Map([[path, () => Promise.resolve(answer)]]), stream: new Map() },
};

const options: EngineOptions = {
  messageBytesMax: 4 * 2 ** 20,
  connectionAgeMaxMs: 86_400_000,
  connectionAgeGraceMs: 3_600_000,
  concurrentStreamsMax: 1000,
  onError: (error) => process.stderr.write(`${String(error)}\n`),
};

async function start(engine: string): Promise<number | undefined> {
  const address = { host: "127.0.0.1", port: 0 };
  if (engine === "node-http2") return startNodeHttp2();
  const served = methods[engine] ?? methods["h2-unary"];
  if (served === undefined) throw new Error(`no methods for ${engine}`);
  const startEngine = engine === "grpc-js" ? startGrpcJs : startH2;
  return (await startEngine(served, address, options)).port;
}

/** The same answer on Node's own HTTP/2, without any of gRPC's work. */
async function startNodeHttp2(): Promise<number | undefined> {
  const framed = Buffer.concat([Buffer.of(0, 0, 0, 0, answer.length), answer]);
  const server = createServer({ settings: { maxConcurrentStreams: 1000 } });
  server.on("stream", (stream) => {
    stream.on("error", () => {});
    stream.resume();
    stream.once("end", () => {
      const head = { ":status": 200, "content-type": "application/grpc" };
      stream.respond(head, { waitForTrailers: true });
      stream.once("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.end(framed);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return typeof address === "object" ? address?.port : undefined;
}

// The bench of idle connections has garbage collected before it looks at the memory.
process.on("SIGUSR2", () => globalThis.gc?.());
process.stdout.write(`${await start(process.argv[2] ?? "")}\n`);
