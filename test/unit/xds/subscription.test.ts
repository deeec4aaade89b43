import { describe, expect, test } from "@jest/globals";
import { compileConfigs } from "../../../src/xds/compile-configs.ts";
import { type Outcome, Subscription } from "../../../src/xds/subscription.ts";
import { configUrl, oneLimit, resource, rule, update } from "../../support/xds/updates.ts";

const node = { id: "some-node", metadata: { zone: "a" } };

function subscribe() {
  let compilations = 0;
  const subscription = new Subscription({
    node,
    compile: (resources) => {
      compilations += 1;
      return compileConfigs(resources, { mergeDomains: false });
    },
  });
  return {
    subscription,
    get compilations() {
      return compilations;
    },
  };
}

const good = oneLimit("d", "k", 1);
const better = oneLimit("d", "k", 2);
const bad = { ...good, name: "bad", descriptors: [rule("")] };

function accepted(outcome: Outcome) {
  if (outcome.kind !== "accepted") throw new Error(`it was ${outcome.kind}`);
  return outcome;
}

function refused(outcome: Outcome) {
  if (outcome.kind !== "refused") throw new Error(`it was ${outcome.kind}`);
  return outcome;
}

describe("a stream", () => {
  test("begins with a request for all rules, without a version and a nonce", () => {
    const { subscription } = subscribe();
    expect(subscription.begin()).toEqual({
      versionInfo: "",
      node,
      resourceNames: [],
      typeUrl: configUrl,
      responseNonce: "",
      errorDetail: undefined,
    });
    expect(subscription.current).toBeUndefined();
  });

  test("that comes after another one asks without them, too, and the rules stay", () => {
    const { subscription } = subscribe();
    subscription.begin();
    const { rules } = accepted(subscription.receive(update("7", "n7", [good])));
    expect(subscription.begin()).toMatchObject({ versionInfo: "", responseNonce: "" });
    expect(subscription.current).toBe(rules);
  });

  test("refuses with the version that it accepted itself, not with one of an earlier stream", () => {
    const { subscription } = subscribe();
    subscription.begin();
    subscription.receive(update("7", "n7", [good]));
    subscription.begin();
    const first = refused(subscription.receive(update("1", "a1", [bad])));
    expect(first.reply).toMatchObject({ versionInfo: "", responseNonce: "a1" });
    subscription.receive(update("2", "a2", [better]));
    const second = refused(subscription.receive(update("3", "a3", [bad])));
    expect(second.reply).toMatchObject({ versionInfo: "2", responseNonce: "a3" });
  });
});

describe("an update", () => {
  test("that is good is in force and accepted with its version and nonce", () => {
    const { subscription } = subscribe();
    subscription.begin();
    const { reply, rules, isChanged, version } = accepted(
      subscription.receive(update("1", "n1", [good])),
    );
    expect(subscription.current).toBe(rules);
    expect([...rules.domains.keys()]).toEqual(["d"]);
    expect({ isChanged, version }).toEqual({ isChanged: true, version: "1" });
    expect(reply).toEqual({
      versionInfo: "1",
      node,
      resourceNames: [],
      typeUrl: configUrl,
      responseNonce: "n1",
      errorDetail: undefined,
    });
  });

  test("replaces all rules: a domain that is not in it is gone", () => {
    const { subscription } = subscribe();
    subscription.begin();
    subscription.receive(update("1", "n1", [good, oneLimit("e", "k", 1)]));
    const { rules } = accepted(subscription.receive(update("2", "n2", [oneLimit("e", "k", 1)])));
    expect([...rules.domains.keys()]).toEqual(["e"]);
    expect(accepted(subscription.receive(update("3", "n3", []))).rules.domains.size).toBe(0);
  });

  test("that is bad is refused with the error and the version before, and changes nothing", () => {
    const { subscription } = subscribe();
    subscription.begin();
    const { rules } = accepted(subscription.receive(update("1", "n1", [good])));
    const { reply, refusal } = refused(subscription.receive(update("2", "n2", [bad])));
    expect(subscription.current).toBe(rules);
    expect(refusal.message).toBe("bad: descriptor has empty key");
    expect(reply).toMatchObject({
      versionInfo: "1",
      responseNonce: "n2",
      errorDetail: { code: 3, message: "bad: descriptor has empty key", details: [] },
    });
  });

  test("that mends it is accepted without the error", () => {
    const { subscription } = subscribe();
    subscription.begin();
    subscription.receive(update("1", "n1", [bad]));
    const { reply } = accepted(subscription.receive(update("2", "n2", [good])));
    expect(reply).toMatchObject({ versionInfo: "2", responseNonce: "n2", errorDetail: undefined });
  });

  test("that is sent again is not compiled again, whether it was good or bad", () => {
    const counted = subscribe();
    const { subscription } = counted;
    subscription.begin();
    const first = accepted(subscription.receive(update("1", "n1", [good])));
    const again = accepted(subscription.receive(update("2", "n2", [good])));
    expect(again).toMatchObject({ isChanged: false, reply: { versionInfo: "2" } });
    expect(again.rules).toBe(first.rules);
    const mistake = refused(subscription.receive(update("3", "n3", [bad])));
    const same = refused(subscription.receive(update("3", "n4", [bad])));
    expect(same.refusal).toBe(mistake.refusal);
    expect(same.reply).toMatchObject({ versionInfo: "2", responseNonce: "n4" });
    expect(counted.compilations).toBe(2);
  });

  test("in another order is another update", () => {
    const { subscription } = subscribe();
    subscription.begin();
    const other = oneLimit("e", "k", 1);
    subscription.receive(update("1", "n1", [good, other]));
    const { rules, isChanged } = accepted(subscription.receive(update("2", "n2", [other, good])));
    expect(isChanged).toBe(true);
    expect(rules.fileNames).toEqual(["e", "d"]);
  });

  test("need not name its type, nor with which prefix", () => {
    const { subscription } = subscribe();
    subscription.begin();
    accepted(subscription.receive(update("1", "n1", [good], "")));
    const typeUrl = "example.com/ratelimit.config.ratelimit.v3.RateLimitConfig";
    accepted(subscription.receive(update("2", "n2", [{ ...resource(better), typeUrl }], typeUrl)));
  });

  test("with a resource of another type is refused", () => {
    const { subscription } = subscribe();
    subscription.begin();
    const cluster = {
      typeUrl: "type.googleapis.com/envoy.config.cluster.v3.Cluster",
      value: Buffer.alloc(0),
    };
    const { refusal } = refused(subscription.receive(update("1", "n1", [good, cluster])));
    expect(refusal.message).toBe("resource 2 is a envoy.config.cluster.v3.Cluster");
    expect(refusal.accepted).toBe(configUrl);
  });

  test("with bytes that are no rules is refused", () => {
    const { subscription } = subscribe();
    subscription.begin();
    const broken = { typeUrl: configUrl, value: Buffer.of(0xff, 0xff) };
    const { reply } = refused(subscription.receive(update("1", "n1", [broken])));
    expect(reply.errorDetail?.message).toMatch(/^resource 1 cannot be read: /);
  });

  test("whose refusal would be longer than a screen is refused more briefly", () => {
    const { subscription } = subscribe();
    subscription.begin();
    const key = "🚦".repeat(5_000);
    const long = { ...good, descriptors: [rule(key), rule(key)] };
    const message = refused(subscription.receive(update("1", "n1", [long]))).reply.errorDetail
      ?.message;
    expect(message?.length).toBe(4_096);
    expect(message?.isWellFormed()).toBe(true);
  });
});

describe("a response that nobody asked for", () => {
  test("is passed over, and answered by nothing", () => {
    const { subscription } = subscribe();
    subscription.begin();
    const typeUrl = "type.googleapis.com/envoy.config.listener.v3.Listener";
    expect(subscription.receive(update("1", "n1", [], typeUrl))).toEqual({
      kind: "foreign",
      typeUrl,
    });
    expect(subscription.current).toBeUndefined();
  });
});

test("bytes that are no response end the stream", () => {
  const { subscription } = subscribe();
  subscription.begin();
  expect(subscription.receive(Buffer.of(0xff))).toMatchObject({ kind: "unreadable" });
});

test("a bug met while compiling is a refusal like any other", () => {
  const cause = new TypeError("x is undefined");
  const subscription = new Subscription({
    node,
    compile: () => {
      throw cause;
    },
  });
  subscription.begin();
  const { refusal } = refused(subscription.receive(update("1", "n1", [good])));
  expect(refusal.message).toBe("unexpected: x is undefined");
  expect(refusal.cause).toBe(cause);
});
