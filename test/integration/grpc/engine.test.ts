import { afterEach, describe, jest } from "@jest/globals";
import type { StartEngine } from "../../../src/grpc/engine.ts";
import { startGrpcJs } from "../../../src/grpc/grpc-js.ts";
import { startH2 } from "../../../src/grpc/h2/server.ts";
import { acceptedBehaviours } from "./behaviours/accepted.ts";
import { clientCertificateBehaviours } from "./behaviours/client-certificates.ts";
import { connectionBehaviours } from "./behaviours/connection.ts";
import { directBehaviours } from "./behaviours/direct.ts";
import { listenBehaviours } from "./behaviours/listen.ts";
import { streamBehaviours } from "./behaviours/stream.ts";
import { tlsBehaviours } from "./behaviours/tls.ts";
import { unaryBehaviours } from "./behaviours/unary.ts";
import { Harness } from "./harness.ts";

// Each test waits for conditions, not for time: on a busy machine they may take longer to come about.
jest.setTimeout(20_000);

/** Every engine behind `engine.ts` behaves the same; a new one is a row here. */
const engines: readonly (readonly [name: string, start: StartEngine])[] = [
  ["h2", startH2],
  ["grpc-js", startGrpcJs],
];

describe.each(engines)("the %s engine", (_name, start) => {
  const harness = new Harness(start);
  afterEach(() => harness.cleanUp());

  describe("unary calls", () => unaryBehaviours(harness));
  describe("direct calls", () => directBehaviours(harness));
  describe("streams", () => streamBehaviours(harness));
  describe("connections", () => connectionBehaviours(harness));
  describe("connections of another process", () => acceptedBehaviours(harness));
  describe("TLS", () => tlsBehaviours(harness));
  describe("client certificates", () => clientCertificateBehaviours(harness));
  describe("listening", () => listenBehaviours(harness));
});
