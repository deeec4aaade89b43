/**
 * Server reflection (grpc/doc/server-reflection.md): lets grpcurl and its like call this server without its protos. Both versions
 * have the same messages, so one handler serves them.
 */
import { descriptors } from "../gen/descriptors.ts";
import {
  ServerReflectionRequest,
  ServerReflectionResponse,
} from "../gen/grpc/reflection/v1/reflection.ts";
import { DescriptorIndex } from "./descriptor-index.ts";
import type { Methods, StreamHandler } from "./engine.ts";
import { serviceNames } from "./methods.ts";
import { GrpcError, Status } from "./status.ts";

export const reflectionPaths = [
  "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
  "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
] as const;

/** Answers that may wait for a peer that does not read them. A request of ten bytes is answered with ten thousand. */
const unreadAnswersMax = 16;

/** Reflection over the services of `served` and itself. */
export function reflectionMethods(served: Methods): Methods {
  let index: DescriptorIndex | undefined;
  const handler: StreamHandler = (call) => {
    index ??= new DescriptorIndex(Buffer.from(descriptors, "base64"));
    const answer = reflect(index, services);
    let unread = 0;
    return {
      onMessage: (bytes) => {
        if (unread >= unreadAnswersMax) throw tooManyUnread();
        const canWrite = call.write(ServerReflectionResponse.encode(answer(bytes)).finish());
        unread = canWrite ? 0 : unread + 1;
      },
      onDrain: () => {
        unread = 0;
      },
      onHalfClose: () => call.end(),
    };
  };
  const methods = {
    unary: new Map(),
    stream: new Map<string, StreamHandler>(reflectionPaths.map((path) => [path, handler])),
  };
  const services = [...serviceNames(served), ...serviceNames(methods)];
  return methods;
}

type Answer = Omit<ServerReflectionResponse, "validHost" | "originalRequest">;

function reflect(index: DescriptorIndex, services: readonly string[]) {
  return (bytes: Uint8Array): ServerReflectionResponse => {
    const request = decode(bytes);
    return { validHost: request.host, originalRequest: request, ...look(request, index, services) };
  };
}

function look(
  request: ServerReflectionRequest,
  index: DescriptorIndex,
  services: readonly string[],
): Answer {
  if (request.listServices !== undefined) {
    return { listServicesResponse: { service: services.map((name) => ({ name })) } };
  }
  if (request.fileByFilename !== undefined) {
    return files(index.filesByName(request.fileByFilename), "file");
  }
  if (request.fileContainingSymbol !== undefined) {
    return files(index.filesBySymbol(request.fileContainingSymbol), "symbol");
  }
  if (request.fileContainingExtension !== undefined) {
    const { containingType, extensionNumber } = request.fileContainingExtension;
    return files(index.filesByExtension(containingType, extensionNumber), "extension");
  }
  if (request.allExtensionNumbersOfType !== undefined) {
    const baseTypeName = request.allExtensionNumbersOfType;
    const extensionNumber = index.extensionNumbers(baseTypeName);
    if (extensionNumber === undefined) return notFound("message type");
    return { allExtensionNumbersResponse: { baseTypeName, extensionNumber } };
  }
  return failed(Status.INVALID_ARGUMENT, "the request asks for nothing");
}

function files(fileDescriptorProto: Buffer[] | undefined, what: string): Answer {
  if (fileDescriptorProto === undefined) return notFound(what);
  return { fileDescriptorResponse: { fileDescriptorProto } };
}

function notFound(what: string): Answer {
  return failed(Status.NOT_FOUND, `no such ${what} is known here`);
}

function failed(errorCode: Status, errorMessage: string): Answer {
  return { errorResponse: { errorCode, errorMessage } };
}

function decode(bytes: Uint8Array): ServerReflectionRequest {
  try {
    return ServerReflectionRequest.decode(bytes);
  } catch (error) {
    throw malformed(error);
  }
}

function malformed(cause: unknown): GrpcError {
  return new GrpcError(Status.INVALID_ARGUMENT, "malformed ServerReflectionRequest", { cause });
}

function tooManyUnread(): GrpcError {
  return new GrpcError(Status.RESOURCE_EXHAUSTED, "read the answers before asking for more");
}
