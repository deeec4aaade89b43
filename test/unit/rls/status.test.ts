import { describe, expect, test } from "@jest/globals";
import { type ErrorCode, VelocityGateError } from "../../../src/errors.ts";
import { GrpcError, Status } from "../../../src/grpc/status.ts";
import { grpcStatusOf, httpStatusOf, toGrpcError } from "../../../src/rls/status.ts";

const rows: readonly (readonly [ErrorCode, Status, number])[] = [
  ["REQUEST_INVALID", Status.INVALID_ARGUMENT, 400],
  ["RULES_MISSING", Status.FAILED_PRECONDITION, 503],
  ["STORE_UNAVAILABLE", Status.UNAVAILABLE, 503],
  ["STORE_TIMEOUT", Status.DEADLINE_EXCEEDED, 504],
  ["SETTINGS_INVALID", Status.INTERNAL, 500],
  ["RULES_INVALID", Status.INTERNAL, 500],
];

describe("an error of a call", () => {
  test.each(rows)("%s ends it with gRPC status %d and HTTP status %d", (code, grpc, http) => {
    expect(grpcStatusOf(code)).toBe(grpc);
    expect(httpStatusOf(code)).toBe(http);
  });

  test("tells the caller its message, and keeps its cause", () => {
    const cause = new VelocityGateError("REQUEST_INVALID", "rate limit domain must not be empty");
    const error = toGrpcError(cause);
    expect(error).toBeInstanceOf(GrpcError);
    expect(error).toMatchObject({
      status: Status.INVALID_ARGUMENT,
      message: "rate limit domain must not be empty",
      cause,
    });
  });

  test("that nobody foresaw stays what it is, so that its text is not sent", () => {
    const error = new TypeError("secret");
    expect(toGrpcError(error)).toBe(error);
  });
});
