import { describe, expect, test } from "@jest/globals";
import { Field } from "../../../src/grpc/h2/fields.ts";
import { methodTable } from "../../../src/grpc/h2/methods.ts";
import { RequestHead } from "../../../src/grpc/h2/request-head.ts";
import { Status } from "../../../src/grpc/status.ts";
import { type Fields, requestFields, unaryPath } from "../../support/h2/frames.ts";

const methods = methodTable({ unary: new Map([[unaryPath, (bytes) => bytes]]), stream: new Map() });

function read(fields: Fields, areAll = true): RequestHead {
  return new RequestHead(
    fields.map(([name, value]) => new Field(name, value)),
    areAll,
    methods,
  );
}

const without = (name: string) => requestFields().filter(([each]) => each !== name);
const having = (name: string, value: string): Fields => [...without(name), [name, value]];
const withPseudo = (name: string, value: string): Fields => [[name, value], ...without(name)];

describe("a gRPC request", () => {
  test("names its method, and shows its caller's own fields", () => {
    const head = read(requestFields(unaryPath, ["x-id", "1"], ["x-id", "2"]));
    expect(head.malformed).toBeUndefined();
    expect(head.httpStatus).toBe(0);
    expect(head.failure).toBeUndefined();
    expect(head.method?.path).toBe(unaryPath);
    expect(head.path).toBe(unaryPath);
    expect(head.header("x-id")).toBe("1");
  });

  test.each([
    ":path",
    "te",
    "content-type",
    "grpc-timeout",
    "grpc-encoding",
    "grpc-accept-encoding",
  ])("%s is the transport's, and not shown", (name) => {
    const more: Fields = [
      ["grpc-timeout", "1S"],
      ["grpc-encoding", "gzip"],
      ["grpc-accept-encoding", "gzip"],
    ];
    expect(read(requestFields(unaryPath, ...more)).header(name)).toBeUndefined();
  });

  test("has the encoding and the timeout that it says", () => {
    const head = read(requestFields(unaryPath, ["grpc-timeout", "20m"], ["grpc-encoding", "gzip"]));
    expect(head.timeoutMs).toBe(20);
    expect(head.encoding).toBe("gzip");
    expect(read(requestFields()).timeoutMs).toBeUndefined();
    expect(read(requestFields()).encoding).toBe("identity");
  });

  test.each([
    "application/grpc",
    "application/grpc+proto",
    "application/grpc;x=y",
    "Application/GRPC",
  ])("the content type may be %s", (type) => {
    expect(read(having("content-type", type)).httpStatus).toBe(0);
  });

  test.each(["1", "m", "", "123456789m", "-1m", "1.5S", "1 m", "1x"])(
    "a timeout of «%s» ends it with INTERNAL",
    (value) => {
      const head = read(requestFields(unaryPath, ["grpc-timeout", value]));
      expect(head.failure?.status).toBe(Status.INTERNAL);
      expect(head.method).toBeUndefined();
    },
  );

  test("of a method that is not served ends with UNIMPLEMENTED and names it", () => {
    const head = read(requestFields("/a.B/C"));
    expect(head.failure?.status).toBe(Status.UNIMPLEMENTED);
    expect(head.failure?.message).toBe("unknown method /a.B/C");
  });
});

describe("a request that is not gRPC", () => {
  test.each([
    ["GET", 405, withPseudo(":method", "GET")],
    ["HEAD", 405, withPseudo(":method", "HEAD")],
    [
      "CONNECT",
      405,
      [
        [":method", "CONNECT"],
        [":authority", "x:1"],
      ] as Fields,
    ],
    ["of another content type", 415, having("content-type", "application/json")],
    ["of grpc-web", 415, having("content-type", "application/grpc-web")],
    ["of no content type", 415, without("content-type")],
  ])("%s is answered %i", (_what, status, fields) => {
    expect(read(fields).httpStatus).toBe(status);
    expect(read(fields).malformed).toBeUndefined();
    expect(read(fields).method).toBeUndefined();
  });

  test("with more fields than we take is answered 431", () => {
    expect(read(requestFields(), false).httpStatus).toBe(431);
  });
});

describe("a malformed request", () => {
  test.each<[string, Fields]>([
    ["without a method", without(":method")],
    ["without a scheme", without(":scheme")],
    ["without a path", without(":path")],
    ["with an empty path", withPseudo(":path", "")],
    ["with two methods", [[":method", "POST"], ...requestFields()]],
    ["with two paths", [[":path", "/x"], ...requestFields()]],
    ["with two authorities", [[":authority", "x"], ...requestFields()]],
    ["with a pseudo-header field behind others", having(":path", "/x")],
    ["with a pseudo-header field that is not known", withPseudo(":test", "x")],
    ["with a response's pseudo-header field", withPseudo(":status", "200")],
    ["with upper case in a name", having("X-Id", "1")],
    ["with a space in a name", having("x id", "1")],
    ["with a control character in a name", having("x\u0001", "1")],
    ["with a byte beyond ASCII in a name", having("x\u00e9", "1")],
    ["with a colon in a name", having("x:y", "1")],
    ["with an empty name", having("", "1")],
    ["with NUL in a value", having("x", "a\0b")],
    ["with a line feed in a value", having("x", "a\nb")],
    ["with a carriage return in a value", having("x", "a\rb")],
    ["with a space before a value", having("x", " a")],
    ["with a tab behind a value", having("x", "a\t")],
    ["with connection", having("connection", "close")],
    ["with keep-alive", having("keep-alive", "x")],
    ["with proxy-connection", having("proxy-connection", "x")],
    ["with transfer-encoding", having("transfer-encoding", "chunked")],
    ["with upgrade", having("upgrade", "h2c")],
    ["with te other than trailers", having("te", "trailers, deflate")],
    ["with a content length that is no number", having("content-length", "1x")],
    ["with two content lengths", [...having("content-length", "1"), ["content-length", "2"]]],
  ])("%s is told from others", (_what, fields) => {
    expect(read(fields).malformed).toBeDefined();
  });

  test.each<[string, Fields]>([
    ["an empty value", having("x", "")],
    ["a tab or a space inside a value", having("x", "a b\tc")],
    ["a byte beyond ASCII in a value", having("x", "\u00e9")],
    ["the same content length twice", [...having("content-length", "1"), ["content-length", "1"]]],
  ])("is not one with %s", (_what, fields) => {
    expect(read(fields).malformed).toBeUndefined();
  });
});
