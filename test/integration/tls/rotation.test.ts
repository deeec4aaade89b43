import { afterEach, describe, expect, jest, test } from "@jest/globals";
import { Closers } from "../../../src/closers.ts";
import type { StartEngine } from "../../../src/grpc/engine.ts";
import { startGrpcJs } from "../../../src/grpc/grpc-js.ts";
import { startH2 } from "../../../src/grpc/h2/server.ts";
import { openTls } from "../../../src/tls/open.ts";
import type { TlsSource } from "../../../src/tls/source.ts";
import { Authority } from "../../support/certificates.ts";
import { unaryPath } from "../../support/h2/frames.ts";
import { keptLog } from "../../support/kept-log.ts";
import { SecretMount } from "../../support/pem-directory.ts";
import { temporaryDirectory } from "../../support/rule-directory.ts";
import { serverTls } from "../../support/tls-material.ts";
import { rotate } from "../../support/tls-rotation.ts";

// A few seconds each; a machine that does much else at the same time takes many times as long.
jest.setTimeout(300_000);

const changes = 100;
const message = Buffer.from("may this pass?");

const closers = new Closers();
afterEach(() => closers.close());

describe.each<[string, StartEngine]>([
  ["h2", startH2],
  ["grpc-js", startGrpcJs],
])("the %s engine", (_name, startEngine) => {
  test("a hundred certificate changes under load: no call fails, and new connections see each", async () => {
    const authority = new Authority();
    const mount = new SecretMount(temporaryDirectory(), {
      ...authority.issue(),
      ca: authority.cert,
    });
    const world = { log: keptLog(), clock: { nowMs: Date.now } };
    const sources = await openTls({ grpc: mount.files }, world, closers, { quietMs: 1 });
    const refusals: unknown[] = [];
    const server = await startEngine(
      { unary: new Map([[unaryPath, (request) => request]]), stream: new Map() },
      { host: "127.0.0.1", port: 0 },
      {
        messageBytesMax: 4 * 2 ** 20,
        connectionAgeMaxMs: 3_600_000,
        connectionAgeGraceMs: 1000,
        concurrentStreamsMax: 100,
        onError: (error) => {
          throw error;
        },
        tls: {
          ...serverTls(),
          source: sources.get("grpc") as TlsSource,
          onRefused: (refusal) => refusals.push(refusal),
        },
      },
    );
    closers.add(() => server.close());
    const { calls, connections, failures } = await rotate({
      port: server.port ?? 0,
      mount,
      authority,
      changes,
      ask: (client) => client.ask(unaryPath, message),
    });
    expect(failures).toEqual([]);
    expect(refusals).toEqual([]);
    expect(sources.get("grpc")?.reloads).toEqual({ loaded: changes, refused: 0 });
    expect(calls).toBeGreaterThan(5 * changes);
    expect(connections).toBeGreaterThan(changes / 10);
  });
});
