import { describe, expect, test } from "@jest/globals";
import { HealthCheckRequest, HealthCheckResponse } from "../../../src/gen/grpc/health/v1/health.ts";
import type { StreamListener } from "../../../src/grpc/engine.ts";
import { checkPath, healthMethods, watchPath } from "../../../src/grpc/health.ts";
import { Status } from "../../../src/grpc/status.ts";
import { Health } from "../../../src/health.ts";
import { RecordedCall } from "../../support/recorded-call.ts";

const knownNames = ["", "ratelimit", "envoy.service.ratelimit.v3.RateLimitService"];
const states = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"];
const malformed = Buffer.of(10, 200);

function request(service: string): Uint8Array {
  return HealthCheckRequest.encode({ service }).finish();
}

function stateIn(answer: Uint8Array): string | undefined {
  return states[HealthCheckResponse.decode(answer).status];
}

describe("Check", () => {
  const check = (health: Health, bytes: Uint8Array) =>
    healthMethods(health).unary.get(checkPath)?.(bytes, new RecordedCall(checkPath)) as Uint8Array;

  test.each(knownNames)("tells the truth about %j", (name) => {
    const health = new Health(["redis", "rules"]);
    expect(stateIn(check(health, request(name)))).toBe("NOT_SERVING");
    health.set("redis", true);
    expect(stateIn(check(health, request(name)))).toBe("NOT_SERVING");
    health.set("rules", true);
    expect(stateIn(check(health, request(name)))).toBe("SERVING");
    health.set("sigterm", false);
    expect(stateIn(check(health, request(name)))).toBe("NOT_SERVING");
  });

  test("does not know any other name", () => {
    const asked = () => check(new Health([]), request("Ratelimit"));
    expect(asked).toThrow(expect.objectContaining({ status: Status.NOT_FOUND }));
  });

  test("refuses what is no request", () => {
    const asked = () => check(new Health([]), malformed);
    expect(asked).toThrow(expect.objectContaining({ status: Status.INVALID_ARGUMENT }));
  });
});

describe("Watch", () => {
  function watch(health: Health) {
    const call = new RecordedCall(watchPath);
    const listener: StreamListener = healthMethods(health).stream.get(watchPath)?.(call) ?? {};
    return { call, listener, seen: () => call.written.map(stateIn) };
  }

  test.each(knownNames)("sends the state of %j at once, then every change", (name) => {
    const health = new Health(["redis"]);
    const { listener, seen, call } = watch(health);
    listener.onMessage?.(request(name));
    expect(seen()).toEqual(["NOT_SERVING"]);
    health.set("redis", true);
    health.set("redis", true);
    health.set("sigterm", false);
    expect(seen()).toEqual(["NOT_SERVING", "SERVING", "NOT_SERVING"]);
    expect(call.ended).toBeUndefined();
  });

  test("says SERVICE_UNKNOWN once for any other name, and keeps the stream open", () => {
    const health = new Health(["redis"]);
    const { listener, seen, call } = watch(health);
    listener.onMessage?.(request("other"));
    listener.onHalfClose?.();
    health.set("redis", true);
    listener.onDrain?.();
    expect(seen()).toEqual(["SERVICE_UNKNOWN"]);
    expect(call.ended).toBeUndefined();
  });

  test("goes on after the half close and stops with the call", () => {
    const health = new Health([]);
    const { listener, seen } = watch(health);
    listener.onMessage?.(request(""));
    listener.onHalfClose?.();
    health.set("redis", false);
    listener.onEnd?.();
    health.set("redis", true);
    expect(seen()).toEqual(["SERVING", "NOT_SERVING"]);
  });

  test("sends a slow peer the latest state alone, once it can take it", () => {
    const health = new Health([]);
    const { listener, seen, call } = watch(health);
    call.canWrite = false;
    listener.onMessage?.(request(""));
    for (const holds of [false, true, false]) health.set("redis", holds);
    expect(seen()).toEqual(["SERVING"]);
    call.canWrite = true;
    listener.onDrain?.();
    expect(seen()).toEqual(["SERVING", "NOT_SERVING"]);
    health.set("redis", true);
    expect(seen()).toEqual(["SERVING", "NOT_SERVING", "SERVING"]);
  });

  test("sends a slow peer nothing when all is as it was", () => {
    const health = new Health([]);
    const { listener, seen, call } = watch(health);
    call.canWrite = false;
    listener.onMessage?.(request(""));
    for (const holds of [false, true]) health.set("redis", holds);
    listener.onDrain?.();
    expect(seen()).toEqual(["SERVING"]);
  });

  test.each([
    ["no message", (listener: StreamListener) => listener.onHalfClose?.()],
    ["a malformed message", (listener: StreamListener) => listener.onMessage?.(malformed)],
    [
      "a second message",
      (listener: StreamListener) => {
        listener.onMessage?.(request(""));
        listener.onMessage?.(request(""));
      },
    ],
  ])("refuses %s", (_what, act) => {
    const { listener } = watch(new Health([]));
    expect(() => act(listener)).toThrow(
      expect.objectContaining({ status: Status.INVALID_ARGUMENT }),
    );
  });
});
