import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { type Client, credentials, loadPackageDefinition } from "@grpc/grpc-js";
import { loadFileDescriptorSetFromBuffer, loadSync } from "@grpc/proto-loader";
import { afterEach, describe, expect, test } from "@jest/globals";
import type { EngineOptions, GrpcServer, UnaryHandler } from "../../../src/grpc/engine.ts";
import { startGrpcJs } from "../../../src/grpc/grpc-js.ts";
import { healthMethods, watchPath } from "../../../src/grpc/health.ts";
import { mergeMethods } from "../../../src/grpc/methods.ts";
import { reflectionMethods } from "../../../src/grpc/reflection.ts";
import { Status } from "../../../src/grpc/status.ts";
import { Health } from "../../../src/health.ts";
import { eventually } from "../../support/eventually.ts";
import { GrpcClient } from "../../support/grpc-client.ts";

const options: EngineOptions = {
  messageBytesMax: 65_536,
  connectionAgeMaxMs: 3_600_000,
  connectionAgeGraceMs: 1000,
  concurrentStreamsMax: 100,
  onError: () => {},
};
const rateLimitPath = "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit";
const echo: UnaryHandler = (bytes) => bytes;

const closers: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function serve(health: Health): Promise<GrpcServer> {
  const served = mergeMethods(
    { unary: new Map([[rateLimitPath, echo]]), stream: new Map() },
    healthMethods(health),
  );
  const server = await startGrpcJs(
    mergeMethods(served, reflectionMethods(served)),
    { host: "127.0.0.1", port: 0 },
    options,
  );
  closers.push(() => server.close());
  return server;
}

describe("health", () => {
  test("a watch sees the last change before a drain ends it, and the drain does not wait", async () => {
    const health = new Health([]);
    const server = await serve(health);
    const client = new GrpcClient(`127.0.0.1:${server.port}`);
    closers.push(() => client.close());
    const watch = client.stream(watchPath).read().send(Buffer.alloc(0)).halfClose();
    await eventually(() => watch.messages.length === 1);
    health.set("sigterm", false);
    await server.drain(600_000);
    expect(watch.messages).toEqual([Buffer.of(8, 1), Buffer.of(8, 2)]);
    expect(await watch.status).toMatchObject({ code: Status.UNAVAILABLE });
  });
});

interface ReflectionAnswer {
  readonly listServicesResponse?: { readonly service: readonly { readonly name: string }[] };
  readonly fileDescriptorResponse?: { readonly fileDescriptorProto: readonly Buffer[] };
}
interface ReflectionStream {
  write(request: object): void;
  end(): void;
  on(event: "data", listener: (answer: ReflectionAnswer) => void): void;
  on(event: "end", listener: () => void): void;
}
type ReflectionClient = Client & { serverReflectionInfo(): ReflectionStream };

/** A client made from the protos that gRPC's own reflection package ships. */
function reflectionClient(server: GrpcServer, version: "v1" | "v1alpha"): ReflectionClient {
  const entry = fileURLToPath(import.meta.resolve("@grpc/reflection"));
  const folder = join(dirname(entry), "../proto");
  const loaded = loadPackageDefinition(
    loadSync(`grpc/reflection/${version}/reflection.proto`, { includeDirs: [folder] }),
  );
  const { grpc } = loaded as never as {
    grpc: { reflection: Record<string, { ServerReflection: new (...args: unknown[]) => Client }> };
  };
  const Reflection = grpc.reflection[version]?.ServerReflection;
  if (Reflection === undefined) throw new Error(`no reflection ${version}`);
  const client = new Reflection(`127.0.0.1:${server.port}`, credentials.createInsecure());
  closers.push(() => client.close());
  return client as ReflectionClient;
}

function ask(client: ReflectionClient, requests: readonly object[]): Promise<ReflectionAnswer[]> {
  return new Promise((resolve) => {
    const stream = client.serverReflectionInfo();
    const answers: ReflectionAnswer[] = [];
    stream.on("data", (answer) => answers.push(answer));
    stream.on("end", () => resolve(answers));
    for (const request of requests) stream.write(request);
    stream.end();
  });
}

describe.each(["v1", "v1alpha"] as const)("reflection %s", (version) => {
  test("a client that knows nothing can learn a service and how to call it", async () => {
    const server = await serve(new Health([]));
    const client = reflectionClient(server, version);
    const [list, found] = await ask(client, [
      { listServices: "" },
      { fileContainingSymbol: "envoy.service.ratelimit.v3.RateLimitService" },
    ]);
    expect(list?.listServicesResponse?.service.map(({ name }) => name)).toContain(
      "envoy.service.ratelimit.v3.RateLimitService",
    );

    // A descriptor set lists what a file imports before the file.
    const files = [...(found?.fileDescriptorResponse?.fileDescriptorProto ?? [])].reverse();
    const set = create(FileDescriptorSetSchema, {
      file: files.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes)),
    });
    const learned = loadPackageDefinition(
      loadFileDescriptorSetFromBuffer(Buffer.from(toBinary(FileDescriptorSetSchema, set))),
    );
    expect(learned).toHaveProperty("envoy.service.ratelimit.v3.RateLimitService.service", {
      ShouldRateLimit: expect.objectContaining({ path: rateLimitPath, requestStream: false }),
    });
  });
});
