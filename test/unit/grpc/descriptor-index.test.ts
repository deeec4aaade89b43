import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "@jest/globals";
import { DescriptorIndex } from "../../../src/grpc/descriptor-index.ts";

/** b.proto imports a.proto, c.proto imports b.proto and extends what a.proto declares. */
const set = create(FileDescriptorSetSchema, {
  file: [
    {
      name: "a.proto",
      package: "a",
      syntax: "proto2",
      messageType: [
        {
          name: "Open",
          extensionRange: [{ start: 100, end: 200 }],
          nestedType: [{ name: "Inner", enumType: [enumOf("Shade")] }],
        },
        { name: "Closed" },
      ],
      enumType: [enumOf("Color")],
    },
    { name: "b.proto", package: "b", dependency: ["a.proto"], syntax: "proto3" },
    {
      name: "c.proto",
      package: "c.d",
      dependency: ["b.proto", "a.proto"],
      syntax: "proto2",
      extension: [extension("first", 101)],
      messageType: [{ name: "Holder", extension: [extension("second", 102)] }],
      service: [
        {
          name: "Caller",
          method: [{ name: "Call", inputType: ".a.Open", outputType: ".a.Closed" }],
        },
      ],
    },
  ],
});
const index = new DescriptorIndex(toBinary(FileDescriptorSetSchema, set));

function enumOf(name: string) {
  return { name, value: [{ name: `${name}_NONE`, number: 0 }] };
}

function extension(name: string, number: number) {
  return { name, number, extendee: ".a.Open", type: Type.STRING, label: Label.OPTIONAL };
}

function names(files: Buffer[] | undefined): string[] | undefined {
  return files?.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes).name);
}

test("a file comes first, then all that it imports, each once", () => {
  expect(names(index.filesByName("a.proto"))).toEqual(["a.proto"]);
  expect(names(index.filesByName("c.proto"))).toEqual(["c.proto", "b.proto", "a.proto"]);
  expect(index.filesByName("d.proto")).toBeUndefined();
  expect(index.filesByName("")).toBeUndefined();
});

test("a file is as it was compiled", () => {
  const [bytes] = index.filesByName("c.proto") ?? [];
  expect(fromBinary(FileDescriptorProtoSchema, bytes ?? Buffer.of())).toEqual(set.file[2]);
});

describe("a symbol leads to the file that declares it", () => {
  test.each([
    ["a message", "a.Open", "a.proto"],
    ["a nested message", "a.Open.Inner", "a.proto"],
    ["an enum", "a.Color", "a.proto"],
    ["a nested enum", "a.Open.Inner.Shade", "a.proto"],
    ["a service", "c.d.Caller", "c.proto"],
    ["a method", "c.d.Caller.Call", "c.proto"],
    ["an extension", "c.d.first", "c.proto"],
    ["a nested extension", "c.d.Holder.second", "c.proto"],
  ])("%s", (_kind, symbol, file) => {
    expect(names(index.filesBySymbol(symbol))?.[0]).toBe(file);
  });

  test.each(["a", "a.Opened", "Open", ".a.Open", "c.d.Caller.Other", "c.d.Caller.", "", "."])(
    "%j is no symbol",
    (symbol) => {
      expect(index.filesBySymbol(symbol)).toBeUndefined();
    },
  );
});

test("an extension leads to the file that declares it", () => {
  expect(names(index.filesByExtension("a.Open", 102))).toEqual(["c.proto", "b.proto", "a.proto"]);
  expect(index.filesByExtension("a.Open", 103)).toBeUndefined();
  expect(index.filesByExtension("a.Closed", 101)).toBeUndefined();
  expect(index.filesByExtension("a.None", 101)).toBeUndefined();
});

test("the extensions of a message are known by number, and none differs from unknown", () => {
  expect(index.extensionNumbers("a.Open")).toEqual([101, 102]);
  expect(index.extensionNumbers("a.Closed")).toEqual([]);
  expect(index.extensionNumbers("a.None")).toBeUndefined();
  expect(index.extensionNumbers("c.d.Caller")).toBeUndefined();
});
