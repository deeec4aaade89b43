import { fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "@jest/globals";
import {
  ServerReflectionRequest as Request,
  ServerReflectionResponse as Response,
  type ServerReflectionRequest,
} from "../../../src/gen/grpc/reflection/v1/reflection.ts";
import type { Methods } from "../../../src/grpc/engine.ts";
import { healthMethods } from "../../../src/grpc/health.ts";
import { reflectionMethods, reflectionPaths } from "../../../src/grpc/reflection.ts";
import { Status } from "../../../src/grpc/status.ts";
import { Health } from "../../../src/health.ts";
import { RecordedCall } from "../../support/recorded-call.ts";

const rateLimitPath = "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit";
const served: Methods = {
  unary: new Map([[rateLimitPath, (bytes) => bytes], ...healthMethods(new Health([])).unary]),
  stream: healthMethods(new Health([])).stream,
};

function open(path: string) {
  const call = new RecordedCall(path);
  const listener = reflectionMethods(served).stream.get(path)?.(call) ?? {};
  const ask = (request: Partial<ServerReflectionRequest>) => {
    const bytes = Request.encode({ host: "gate", ...request } as ServerReflectionRequest).finish();
    listener.onMessage?.(bytes);
    return Response.decode(call.written.at(-1) ?? Buffer.of());
  };
  return { call, listener, ask };
}

function fileNames(response: Response): string[] | undefined {
  return response.fileDescriptorResponse?.fileDescriptorProto.map(
    (bytes) => fromBinary(FileDescriptorProtoSchema, bytes).name,
  );
}

const rateLimitFiles = [
  "envoy/service/ratelimit/v3/rls.proto",
  "envoy/config/core/v3/base.proto",
  "envoy/extensions/common/ratelimit/v3/ratelimit.proto",
  "google/protobuf/duration.proto",
  "google/protobuf/struct.proto",
  "google/protobuf/timestamp.proto",
  "envoy/type/v3/ratelimit_unit.proto",
  "google/protobuf/wrappers.proto",
];

describe.each(reflectionPaths)("%s", (path) => {
  test("lists the services that are served, itself among them", () => {
    const { listServicesResponse } = open(path).ask({ listServices: "" });
    expect(listServicesResponse?.service.map(({ name }) => name)).toEqual([
      "envoy.service.ratelimit.v3.RateLimitService",
      "grpc.health.v1.Health",
      "grpc.reflection.v1.ServerReflection",
      "grpc.reflection.v1alpha.ServerReflection",
    ]);
  });

  test("every service that it lists can be looked up", () => {
    const { ask } = open(path);
    const services = ask({ listServices: "" }).listServicesResponse?.service ?? [];
    for (const { name } of services) {
      expect(fileNames(ask({ fileContainingSymbol: name }))).not.toHaveLength(0);
    }
  });

  test.each<[string, Partial<ServerReflectionRequest>]>([
    ["a file", { fileByFilename: "envoy/service/ratelimit/v3/rls.proto" }],
    ["a method", { fileContainingSymbol: rateLimitPath.slice(1).replace("/", ".") }],
    [
      "a nested enum",
      { fileContainingSymbol: "envoy.service.ratelimit.v3.RateLimitResponse.Code" },
    ],
  ])("finds %s with everything that it imports, well-known files included", (_what, request) => {
    expect(fileNames(open(path).ask(request))).toEqual(rateLimitFiles);
  });

  test.each<[string, Partial<ServerReflectionRequest>]>([
    ["file", { fileByFilename: "other.proto" }],
    ["symbol", { fileContainingSymbol: "other.Service" }],
    [
      "extension",
      { fileContainingExtension: { containingType: "google.protobuf.Struct", extensionNumber: 9 } },
    ],
    ["message type", { allExtensionNumbersOfType: "other.Message" }],
  ])("says NOT_FOUND for a %s that it does not know", (what, request) => {
    expect(open(path).ask(request).errorResponse).toEqual({
      errorCode: Status.NOT_FOUND,
      errorMessage: `no such ${what} is known here`,
    });
  });

  test("a message that nothing extends has no extension numbers", () => {
    const baseTypeName = "envoy.service.ratelimit.v3.RateLimitRequest";
    expect(
      open(path).ask({ allExtensionNumbersOfType: baseTypeName }).allExtensionNumbersResponse,
    ).toEqual({ baseTypeName, extensionNumber: [] });
  });

  test("an answer repeats its request and host", () => {
    const answer = open(path).ask({ fileByFilename: "other.proto" });
    expect(answer.validHost).toBe("gate");
    expect(answer.originalRequest).toMatchObject({ host: "gate", fileByFilename: "other.proto" });
  });

  test("a request for nothing is INVALID_ARGUMENT, and the stream goes on", () => {
    const { ask, call } = open(path);
    expect(ask({}).errorResponse?.errorCode).toBe(Status.INVALID_ARGUMENT);
    expect(ask({ listServices: "*" }).listServicesResponse).toBeDefined();
    expect(call.ended).toBeUndefined();
  });

  test("the stream ends when its peer has no more to ask", () => {
    const { call, listener } = open(path);
    listener.onHalfClose?.();
    expect(call.ended).toBe("OK");
  });

  test("a malformed request is refused", () => {
    const { listener } = open(path);
    expect(() => listener.onMessage?.(Buffer.of(26, 200))).toThrow(
      expect.objectContaining({ status: Status.INVALID_ARGUMENT }),
    );
  });

  test("a peer that asks without reading is stopped, one that reads again is not", () => {
    const { call, listener, ask } = open(path);
    const fill = () => {
      call.canWrite = false;
      for (let asked = 0; asked < 16; asked += 1) ask({ listServices: "" });
      call.canWrite = true;
    };
    fill();
    listener.onDrain?.();
    fill();
    expect(call.written).toHaveLength(32);
    expect(() => ask({ listServices: "" })).toThrow(
      expect.objectContaining({ status: Status.RESOURCE_EXHAUSTED }),
    );
  });
});
