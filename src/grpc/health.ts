/** The standard health service (grpc/doc/health-checking.md): what Envoy's and Kubernetes' gRPC probes ask. */
import {
  HealthCheckRequest,
  HealthCheckResponse,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "../gen/grpc/health/v1/health.ts";
import type { Health } from "../health.ts";
import type { Methods, StreamCall, StreamHandler, UnaryHandler } from "./engine.ts";
import { GrpcError, Status } from "./status.ts";

export const checkPath = "/grpc.health.v1.Health/Check";
export const watchPath = "/grpc.health.v1.Health/Watch";

/** Names under which probes ask for this service. "" is the server as a whole, `ratelimit` the reference's name. */
const names: ReadonlySet<string> = new Set([
  "",
  "ratelimit",
  "envoy.service.ratelimit.v3.RateLimitService",
]);

const serving = answer(ServingStatus.SERVING);
const notServing = answer(ServingStatus.NOT_SERVING);
const serviceUnknown = answer(ServingStatus.SERVICE_UNKNOWN);

/**
 * Check and Watch; every known name tells the same truth, that of `health`.
 *
 * @param onCheck told how long each Check took
 */
export function healthMethods(
  health: Health,
  onCheck: (seconds: number) => void = () => undefined,
): Methods {
  const check: UnaryHandler = (bytes) => {
    const startedMs = performance.now();
    try {
      if (!isKnown(bytes)) throw new GrpcError(Status.NOT_FOUND, "unknown service");
      return stateOf(health);
    } finally {
      onCheck((performance.now() - startedMs) / 1000);
    }
  };
  return {
    unary: new Map([[checkPath, check]]),
    stream: new Map([[watchPath, watch(health)]]),
  };
}

/** A slow peer is sent the latest state once it can take it, not each one in between. */
function watch(health: Health): StreamHandler {
  return (call) => {
    const watched = new Watched(health, call);
    return {
      onMessage: (bytes) => watched.start(bytes),
      onHalfClose: () => watched.requireStarted(),
      onDrain: () => watched.resume(),
      onEnd: () => watched.stop(),
    };
  };
}

class Watched {
  readonly #health: Health;
  readonly #call: StreamCall;
  #unsubscribe: (() => void) | undefined;
  #lastSent: Uint8Array | undefined;
  #canWrite: boolean = true;

  constructor(health: Health, call: StreamCall) {
    this.#health = health;
    this.#call = call;
  }

  start(bytes: Uint8Array): void {
    if (this.#lastSent !== undefined) {
      throw new GrpcError(Status.INVALID_ARGUMENT, "a watch takes one request message");
    }
    if (!isKnown(bytes)) {
      // The stream stays open, as the protocol has it: the name might come to be known.
      this.#send(serviceUnknown);
      return;
    }
    this.#unsubscribe = this.#health.onChange(() => this.#send(stateOf(this.#health)));
    this.#send(stateOf(this.#health));
  }

  requireStarted(): void {
    if (this.#lastSent === undefined) {
      throw new GrpcError(Status.INVALID_ARGUMENT, "a watch needs a request message");
    }
  }

  resume(): void {
    this.#canWrite = true;
    if (this.#unsubscribe !== undefined) this.#send(stateOf(this.#health));
  }

  stop(): void {
    this.#unsubscribe?.();
  }

  #send(state: Uint8Array): void {
    if (!this.#canWrite || state === this.#lastSent) return;
    this.#lastSent = state;
    this.#canWrite = this.#call.write(state);
  }
}

function stateOf(health: Health): Uint8Array {
  return health.isServing ? serving : notServing;
}

function isKnown(bytes: Uint8Array): boolean {
  try {
    return names.has(HealthCheckRequest.decode(bytes).service);
  } catch (error) {
    throw malformed(error);
  }
}

function malformed(cause: unknown): GrpcError {
  return new GrpcError(Status.INVALID_ARGUMENT, "malformed HealthCheckRequest", { cause });
}

function answer(status: ServingStatus): Uint8Array {
  return HealthCheckResponse.encode({ status }).finish();
}
