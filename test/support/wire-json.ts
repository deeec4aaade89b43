import {
  createFileRegistry,
  fromBinary,
  fromJsonString,
  type JsonValue,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { descriptors } from "../../src/gen/descriptors.ts";

/** Protobuf's JSON by an implementation that is not ours, from the descriptors of our proto files. */
const registry = createFileRegistry(
  fromBinary(FileDescriptorSetSchema, Buffer.from(descriptors, "base64")),
);

function schemaOf(name: "RateLimitRequest" | "RateLimitResponse") {
  const schema = registry.getMessage(`envoy.service.ratelimit.v3.${name}`);
  if (schema === undefined) throw new Error(`${name} is not among the descriptors`);
  return schema;
}

export function responseJson(bytes: Uint8Array): JsonValue {
  const schema = schemaOf("RateLimitResponse");
  return toJson(schema, fromBinary(schema, bytes), { registry });
}

export function requestJson(bytes: Uint8Array, useProtoFieldName: boolean): JsonValue {
  const schema = schemaOf("RateLimitRequest");
  return toJson(schema, fromBinary(schema, bytes), { registry, useProtoFieldName });
}

/** @throws Error when the text is not the JSON of a request. */
export function requestBytes(text: string): Uint8Array {
  const schema = schemaOf("RateLimitRequest");
  return toBinary(schema, fromJsonString(schema, text, { registry }));
}
