import { describe, expect, test } from "@jest/globals";
import type {
  DirectHandler,
  Methods,
  StreamHandler,
  UnaryHandler,
} from "../../../src/grpc/engine.ts";
import { mergeMethods, serviceNames } from "../../../src/grpc/methods.ts";

const unary: UnaryHandler = (bytes) => bytes;
const stream: StreamHandler = () => ({});
const direct: DirectHandler = (_bytes, _start, _end, call) => call.fail(new Error("not called"));

interface Paths {
  readonly unary?: readonly string[];
  readonly stream?: readonly string[];
  readonly direct?: readonly string[];
  readonly excess?: readonly string[];
}

function methods(paths: Paths): Methods {
  return {
    unary: new Map(paths.unary?.map((path) => [path, unary])),
    stream: new Map(paths.stream?.map((path) => [path, stream])),
    direct: new Map(paths.direct?.map((path) => [path, direct])),
    excess: new Map(paths.excess?.map((path) => [path, direct])),
  };
}

describe("mergeMethods", () => {
  test("keeps every method of every part", () => {
    const merged = mergeMethods(
      methods({ unary: ["/a.A/X"], stream: ["/a.A/Y"], direct: ["/a.A/X"], excess: ["/a.A/X"] }),
      { unary: new Map([["/b.B/X", unary]]), stream: new Map() },
    );
    expect(merged).toEqual(
      methods({
        unary: ["/a.A/X", "/b.B/X"],
        stream: ["/a.A/Y"],
        direct: ["/a.A/X"],
        excess: ["/a.A/X"],
      }),
    );
  });

  test.each([
    ["unary", methods({ unary: ["/a.A/X"] })],
    ["stream", methods({ stream: ["/a.A/X"] })],
    ["direct", methods({ direct: ["/a.A/X"] })],
  ])("refuses a path that another part has, %s", (_kind, part) => {
    expect(() => mergeMethods(methods({ unary: ["/a.A/X"] }), part)).toThrow("same method");
  });
});

test("serviceNames names each service once", () => {
  const served = methods({
    unary: ["/a.b.C/X", "/a.b.C/Y"],
    stream: ["/a.b.C/Z", "/d.E/X"],
    direct: ["/f.G/X"],
  });
  expect(serviceNames(served)).toEqual(["a.b.C", "d.E", "f.G"]);
});
