import { type ErrorCode, VelocityGateError } from "../errors.ts";
import { GrpcError, Status } from "../grpc/status.ts";

/**
 * What a call ends with that has no answer. Envoy makes no difference between them: whatever the status, `failure_mode_deny`
 * decides, and by default the request passes unlimited. They are told apart for people and for other callers.
 */
export function grpcStatusOf(code: ErrorCode): Status {
  switch (code) {
    // The same request fails every time. Envoy lets it pass by default: what Envoy itself can send must not end here.
    case "REQUEST_INVALID":
      return Status.INVALID_ARGUMENT;
    // Passes until a first rule set is loaded. With health checking Envoy asks another instance.
    case "RULES_MISSING":
      return Status.FAILED_PRECONDITION;
    // Envoy does not ask again by itself, unless the cluster has a retry policy, and then hits may count twice.
    case "STORE_UNAVAILABLE":
      return Status.UNAVAILABLE;
    // Envoy's own timeout (20 ms unless set) has usually ended the call before.
    case "STORE_TIMEOUT":
      return Status.DEADLINE_EXCEEDED;
    // Not errors of a call: whoever starts or reloads handles them.
    case "SETTINGS_INVALID":
    case "RULES_INVALID":
      return Status.INTERNAL;
  }
}

/** The same for `POST /json`. */
export function httpStatusOf(code: ErrorCode): number {
  switch (code) {
    case "REQUEST_INVALID":
      return 400;
    case "RULES_MISSING":
    case "STORE_UNAVAILABLE":
      return 503;
    case "STORE_TIMEOUT":
      return 504;
    case "SETTINGS_INVALID":
    case "RULES_INVALID":
      return 500;
  }
}

/**
 * The end of a call that is more than the process can carry. Not UNAVAILABLE: by that clients, and Envoys with a retry policy, are told to
 * ask again, of which there are too many already.
 */
export const overloaded: GrpcError = new GrpcError(
  Status.RESOURCE_EXHAUSTED,
  "more calls than can be answered in time",
);

/** What the engine is to be given for an error of a call; one that nobody foresaw stays as it is, and its text unsent. */
export function toGrpcError(error: unknown): unknown {
  return error instanceof VelocityGateError
    ? new GrpcError(grpcStatusOf(error.code), error.message, { cause: error })
    : error;
}
