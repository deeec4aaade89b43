import { describe, expect, test } from "@jest/globals";
import type { Methods, StreamHandler, UnaryHandler } from "../../../src/grpc/engine.ts";
import { mergeMethods, serviceNames } from "../../../src/grpc/methods.ts";

const unary: UnaryHandler = (bytes) => bytes;
const stream: StreamHandler = () => ({});

function methods(unaryPaths: readonly string[], streamPaths: readonly string[]): Methods {
  return {
    unary: new Map(unaryPaths.map((path) => [path, unary])),
    stream: new Map(streamPaths.map((path) => [path, stream])),
  };
}

describe("mergeMethods", () => {
  test("keeps every method of every part", () => {
    const merged = mergeMethods(methods(["/a.A/X"], ["/a.A/Y"]), methods(["/b.B/X"], []));
    expect(merged).toEqual(methods(["/a.A/X", "/b.B/X"], ["/a.A/Y"]));
  });

  test.each([
    ["unary", methods(["/a.A/X"], [])],
    ["stream", methods([], ["/a.A/X"])],
  ])("refuses a path that another part has, %s", (_kind, part) => {
    expect(() => mergeMethods(methods(["/a.A/X"], []), part)).toThrow("same method");
  });
});

test("serviceNames names each service once", () => {
  expect(serviceNames(methods(["/a.b.C/X", "/a.b.C/Y"], ["/a.b.C/Z", "/d.E/X"]))).toEqual([
    "a.b.C",
    "d.E",
  ]);
});
