import { afterAll, afterEach, beforeAll, describe, test } from "@jest/globals";
import type { Call, EngineOptions, GrpcServer, Methods } from "../../../src/grpc/engine.ts";
import { startH2 } from "../../../src/grpc/h2/server.ts";
import { streamPath, unaryPath } from "../../support/h2/frames.ts";
import { RawClient } from "../../support/h2/raw-client.ts";
import { fixedPem, serverTls } from "../../support/tls-material.ts";
import { type Case, titleOf } from "./rfc9113/case.ts";
import { frameDefinitions } from "./rfc9113/frame-definitions.ts";
import { beginnings, framing } from "./rfc9113/framing.ts";
import { hpack } from "./rfc9113/hpack.ts";
import { http } from "./rfc9113/http.ts";
import { streams } from "./rfc9113/streams.ts";

/** Echoes; a request with `x-slow` some turns of the event loop later. */
const methods: Methods = {
  unary: new Map([[unaryPath, (request, call) => (isSlow(call) ? later(request) : request)]]),
  stream: new Map([[streamPath, () => ({})]]),
};

function isSlow(call: Call): boolean {
  return call.header("x-slow") !== undefined;
}

async function later(request: Uint8Array): Promise<Uint8Array> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
  return request;
}

const options: EngineOptions = {
  messageBytesMax: 4 * 2 ** 20,
  connectionAgeMaxMs: 3_600_000,
  connectionAgeGraceMs: 1000,
  concurrentStreamsMax: 100,
  onError: (error) => {
    throw error;
  },
};

describe.each([
  ["in the clear", undefined, undefined],
  ["over TLS", serverTls(), fixedPem("ca.crt")],
])("HTTP/2 %s", (_how, tls, trusted) => {
  let server: GrpcServer | undefined;
  const port = () => server?.port ?? 0;
  const clients: RawClient[] = [];

  beforeAll(async () => {
    server = await startH2(methods, { host: "127.0.0.1", port: 0 }, { ...options, tls });
  });
  afterEach(() => {
    for (const client of clients.splice(0)) client.destroy();
  });
  afterAll(() => server?.close());

  const play = async ({ send, outcome }: Case, opening: Promise<RawClient>) => {
    const client = await opening;
    clients.push(client);
    if (typeof send === "function") await send(client);
    else client.send(...send);
    await outcome(client);
  };

  const greeted = [...framing, ...streams, ...frameDefinitions, ...http, ...hpack];
  test.each(greeted.map((each) => [titleOf(each), each] as const))("%s", async (_title, each) => {
    await play(each, RawClient.greeted(port(), trusted));
  });

  test.each(beginnings.map((each) => [titleOf(each), each] as const))(
    "%s",
    async (_title, each) => {
      await play(each, RawClient.open(port(), trusted));
    },
  );
});
