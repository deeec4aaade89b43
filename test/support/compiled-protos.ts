import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import {
  type DescriptorProto,
  type EnumDescriptorProto,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  FieldDescriptorProto_Label as Label,
  type ServiceDescriptorProto,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import { descriptors } from "../../src/gen/descriptors.ts";

/** Our own protos, as `npm run generate` compiled them, imports left out. */
export function ownFiles(): readonly FileDescriptorProto[] {
  const { file } = fromBinary(FileDescriptorSetSchema, Buffer.from(descriptors, "base64"));
  return file.filter(({ name }) => !name.startsWith("google/protobuf/"));
}

/**
 * The file of that name inside an executable that was built with C++ protobuf: such a program carries every proto that it knows, as a
 * serialized `FileDescriptorProto`.
 *
 * @throws Error when none of `names` is there
 */
export function embeddedFile(executable: string, names: readonly string[]): FileDescriptorProto {
  const bytes = readFileSync(executable);
  for (const name of names) {
    // The file's name is its first field and its package the second; its syntax is its last.
    const start = bytes.indexOf(Buffer.concat([textField(1, name), Buffer.of(tag(2))]));
    const syntax = textField(12, "proto3");
    const end = start < 0 ? -1 : bytes.indexOf(syntax, start);
    if (end >= 0) {
      return fromBinary(FileDescriptorProtoSchema, bytes.subarray(start, end + syntax.length));
    }
  }
  throw new Error(
    `${executable} carries no ${names.join(", no ")}. Is it the program itself, not a script that starts it?`,
  );
}

/** A `.proto` file of another package, compiled. */
export function compiledFile(folder: string, name: string): FileDescriptorProto {
  const buf = join(import.meta.dirname, "../../node_modules/.bin/buf");
  const output = "-#format=binpb";
  const bytes = execFileSync(buf, ["build", folder, "--path", join(folder, name), "-o", output]);
  const file = fromBinary(FileDescriptorSetSchema, bytes).file.find((one) => one.name === name);
  if (file === undefined) throw new Error(`${folder} has no ${name}`);
  return file;
}

/** The rules of an xDS server as go-control-plane publishes them; test/support/protos/README.md says how it came here. */
export function publishedRuleConfig(): FileDescriptorProto {
  const base64 = readFileSync(join(import.meta.dirname, "protos/rls_conf.base64"), "utf8");
  return fromBinary(FileDescriptorProtoSchema, Buffer.from(base64, "base64"));
}

/** Fields, enum values or methods by name. */
export type Declaration = Record<string, string | number>;

/** All that a file declares and that reaches the wire, by full name, in words that can be compared and read. */
export function declarations(file: FileDescriptorProto): ReadonlyMap<string, Declaration> {
  const found = new Map<string, Declaration>();
  const addEnum = (scope: string) => (type: EnumDescriptorProto) => {
    found.set(`${scope}.${type.name}`, enumWords(type));
  };
  const addMessage = (scope: string) => (message: DescriptorProto) => {
    const name = `${scope}.${message.name}`;
    found.set(name, messageWords(message));
    message.nestedType.forEach(addMessage(name));
    message.enumType.forEach(addEnum(name));
  };
  file.messageType.forEach(addMessage(file.package));
  file.enumType.forEach(addEnum(file.package));
  for (const service of file.service) {
    found.set(`${file.package}.${service.name}`, serviceWords(service));
  }
  return found;
}

function messageWords({ field, oneofDecl }: DescriptorProto): Declaration {
  const words = field.map((one) => {
    const isInOneof = Object.hasOwn(one, "oneofIndex") && !one.proto3Optional;
    const repeated = one.label === Label.REPEATED ? "repeated " : "";
    const optional = one.proto3Optional ? "optional " : "";
    const type = one.typeName === "" ? Type[one.type] : one.typeName;
    const oneof = isInOneof ? ` in ${oneofDecl[one.oneofIndex]?.name}` : "";
    return [one.name, `${repeated}${optional}${type} = ${one.number}${oneof}`];
  });
  return Object.fromEntries(words);
}

function enumWords({ value }: EnumDescriptorProto): Declaration {
  return Object.fromEntries(value.map(({ name, number }) => [name, number]));
}

function serviceWords({ method }: ServiceDescriptorProto): Declaration {
  const side = (isStream: boolean, type: string) => `${isStream ? "stream " : ""}${type}`;
  const words = method.map((one) => [
    one.name,
    `${side(one.clientStreaming, one.inputType)} -> ${side(one.serverStreaming, one.outputType)}`,
  ]);
  return Object.fromEntries(words);
}

function tag(fieldNumber: number): number {
  return (fieldNumber << 3) | 2;
}

function textField(fieldNumber: number, text: string): Buffer {
  return Buffer.concat([Buffer.of(tag(fieldNumber), text.length), Buffer.from(text)]);
}
