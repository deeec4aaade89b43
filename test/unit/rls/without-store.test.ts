import { describe, expect, test } from "@jest/globals";
import type { Decision } from "../../../src/decision/check.ts";
import { StoreError, type StoreFailure } from "../../../src/errors.ts";
import type { Descriptor } from "../../../src/limits/descriptor.ts";
import type { FailurePolicy } from "../../../src/limits/limit.ts";
import { CountingKnownOver, descriptorOf } from "../../support/decisions.ts";
import { scriptedService } from "../../support/scripted-service.ts";

const rule = (key: string, policy: FailurePolicy | undefined, more = "") =>
  `  - { key: ${key}, rate_limit: { unit: minute, requests_per_unit: 10 }${more}${
    policy === undefined ? "" : `, metadata: { velocitygate: { failure_policy: ${policy} } }`
  } }`;

const rules = [
  "domain: domain",
  "descriptors:",
  rule("plain", undefined),
  rule("error", "error"),
  rule("allow", "allow"),
  rule("deny", "deny"),
  rule("local", "local"),
  rule("deny-in-shadow", "deny", ", shadow_mode: true"),
  rule("local-in-shadow", "local", ", shadow_mode: true"),
  rule("deny-quota", "deny", ", quota_mode: true"),
  rule("allow-quota", "allow", ", quota_mode: true"),
  rule("local-quota", "local", ", quota_mode: true"),
  "  - { key: free, rate_limit: { unlimited: true } }",
].join("\n");

type Options = Omit<Parameters<typeof scriptedService>[0], "rules">;

/** A service whose store fails for that reason, whatever it is asked. */
function withoutStore(options: Options = {}, reason: StoreFailure = "unavailable") {
  const service = scriptedService({ rules, ...options });
  const failure = new StoreError(reason, "the store is away");
  const ask = (...descriptors: readonly (Descriptor | string)[]): Promise<Decision> => {
    service.store.answers.push(failure);
    return service.shouldRateLimit({
      domain: "domain",
      hitsAddend: 1,
      descriptors: descriptors.map((each) =>
        typeof each === "string" ? descriptorOf({ [each]: "x" }) : each,
      ),
    });
  };
  const codes = async (...descriptors: readonly (Descriptor | string)[]) => {
    const { overallCode, statuses } = await ask(...descriptors);
    return [overallCode, ...statuses.map(({ code }) => code)];
  };
  return { ...service, failure, ask, codes };
}

describe("a limit that the store cannot be asked about", () => {
  test("fails the call unless somebody says otherwise", async () => {
    const { ask, failure, stats } = withoutStore({}, "refused");
    await expect(ask("plain")).rejects.toBe(failure);
    expect(stats.decidedWithoutStore).toEqual(["refused error"]);
  });

  test.each([
    ["allow", "OK"],
    ["deny", "OVER_LIMIT"],
    ["local", "OK"],
  ] as const)("is answered as the service says: %s", async (failurePolicy, code) => {
    const { ask, stats } = withoutStore({ failurePolicy }, "timeout");
    expect(await ask("plain")).toMatchObject({ overallCode: code, withoutStore: "timeout" });
    expect(stats.decidedWithoutStore).toEqual([`timeout ${failurePolicy}`]);
  });

  test.each([
    ["allow", "OK"],
    ["deny", "OVER_LIMIT"],
    ["local", "OK"],
  ] as const)("is answered as its rule says, whatever the service does: %s", async (key, code) => {
    for (const failurePolicy of ["error", "allow", "deny", "local"] as const) {
      expect(await withoutStore({ failurePolicy }).codes(key)).toEqual([code, code]);
    }
  });

  test("fails the call if its rule says so, whatever the others of the request do", async () => {
    const { ask, failure, stats, memory } = withoutStore({ failurePolicy: "allow" });
    await expect(ask("local", "error", "plain")).rejects.toBe(failure);
    expect(stats.decidedWithoutStore).toEqual(Array(3).fill("unavailable error"));
    expect(memory.size).toBe(0);
  });

  test("is one of several, each of which is answered in its own way", async () => {
    const { codes, stats } = withoutStore();
    expect(await codes("allow", "local")).toEqual(["OK", "OK", "OK"]);
    expect(await codes("allow", "deny", "local")).toEqual(["OVER_LIMIT", "OK", "OVER_LIMIT", "OK"]);
    expect(stats.decidedWithoutStore).toEqual([
      "unavailable allow",
      "unavailable local",
      "unavailable allow",
      "unavailable deny",
      "unavailable local",
    ]);
  });

  test("is OK when hits are given back, which are lost", async () => {
    const back = (key: string) =>
      descriptorOf({ [key]: "x" }, { hitsAddend: 1, isNegativeHits: true });
    const { codes } = withoutStore();
    expect(await codes(back("deny"), back("allow"), back("local"))).toEqual(Array(4).fill("OK"));
  });

  test("is looked at as if it were hit", async () => {
    const look = descriptorOf({ deny: "x" }, { hitsAddend: 0 });
    expect(await withoutStore().codes(look)).toEqual(["OVER_LIMIT", "OVER_LIMIT"]);
  });
});

describe("what is said without the store", () => {
  test("by allow and deny is the code alone: nobody counted", async () => {
    const { ask, stats } = withoutStore();
    const { statuses } = await ask("allow", "deny");
    const nothing = { limit: undefined, remaining: 0, resetSeconds: 0 };
    expect(statuses).toMatchObject([nothing, nothing]);
    // Total, over, near and within.
    expect(stats.counts("domain.allow")).toEqual([1, 0, 0, 0]);
    expect(stats.counts("domain.deny")).toEqual([1, 0, 0, 0]);
  });

  test("by local is the limit itself, and what is left of the share", async () => {
    const { ask, stats } = withoutStore({ instances: 3 });
    const { statuses, checks } = await ask("local");
    // Of 10 by 3 instances it is 4.
    expect(statuses).toMatchObject([{ code: "OK", remaining: 3, resetSeconds: 26 }]);
    expect(statuses[0]?.limit).toBe(checks[0]?.match?.limit);
    expect(statuses[0]?.limit?.requestsPerUnit).toBe(10);
    expect(stats.counts("domain.local")).toEqual([1, 0, 0, 1]);
  });

  test("of limits that need no store is what it always is", async () => {
    const { ask, stats } = withoutStore();
    const { overallCode, statuses } = await ask("free", "unknown", "allow");
    expect(overallCode).toBe("OK");
    expect(statuses.map(({ remaining }) => remaining)).toEqual([4_294_967_295, 0, 0]);
    expect(stats.decidedWithoutStore).toEqual(["unavailable allow"]);
    expect(stats.counts("domain.free")).toEqual([1, 0, 0, 1]);
  });
});

describe("local", () => {
  const over = async (ask: (key: string) => Promise<Decision>, times: number) => {
    let denied = 0;
    for (let i = 0; i < times; i++) denied += (await ask("local")).overallCode === "OK" ? 0 : 1;
    return denied;
  };

  test("admits the share of this instance, and counts what is beyond it as over the limit", async () => {
    const { ask, stats } = withoutStore({ instances: 3 });
    expect(await over(ask, 6)).toBe(2);
    expect(stats.counts("domain.local")).toEqual([6, 2, 1, 4]);
  });

  test("counts what is admitted only, where the operator wants that", async () => {
    const { ask, store } = withoutStore({ options: { countsOnlyAdmitted: true } });
    const hits = (hitsAddend: number) => descriptorOf({ local: "x" }, { hitsAddend });
    expect((await ask(hits(8))).overallCode).toBe("OK");
    expect((await ask(hits(3))).overallCode).toBe("OVER_LIMIT");
    expect((await ask(hits(2))).overallCode).toBe("OK");
    // Another limit denies: nothing is added.
    expect((await ask(hits(0), "deny")).overallCode).toBe("OVER_LIMIT");
    expect(store.answers).toEqual([]);
  });

  test("adds nothing for a request that another policy denies, where only admitted hits count", async () => {
    const { ask } = withoutStore({ options: { countsOnlyAdmitted: true } });
    for (let i = 0; i < 20; i++)
      expect((await ask("deny", "local")).overallCode).toBe("OVER_LIMIT");
    expect((await ask("local")).statuses).toMatchObject([{ code: "OK", remaining: 9 }]);
  });

  test("adds for a request that passes because another quota is allowed, where only admitted hits count", async () => {
    const { ask } = withoutStore({ options: { countsOnlyAdmitted: true } });
    const many = descriptorOf({ "local-quota": "x" }, { hitsAddend: 11 });
    expect(await ask(many, "allow-quota", "local")).toMatchObject({ overallCode: "OK" });
    expect((await ask("local")).statuses).toMatchObject([{ remaining: 8 }]);
  });

  test("forgets nothing of what it has counted when the store answers in between", async () => {
    const { ask, store, shouldRateLimit, memory } = withoutStore({ instances: 10 });
    expect((await ask("local")).overallCode).toBe("OK");
    store.answers.push([7]);
    const answered = await shouldRateLimit({
      domain: "domain",
      hitsAddend: 1,
      descriptors: [descriptorOf({ local: "x" })],
    });
    expect(answered).toMatchObject({ overallCode: "OK", withoutStore: undefined });
    expect((await ask("local")).overallCode).toBe("OVER_LIMIT");
    expect(memory.size).toBe(1);
  });

  test("lets no instance have less than one of a limit that is not 0", async () => {
    const { codes } = withoutStore({ instances: 1000 });
    expect(await codes("local")).toEqual(["OK", "OK"]);
    expect(await codes("local")).toEqual(["OVER_LIMIT", "OVER_LIMIT"]);
    const override = { requestsPerUnit: 0, unit: "DAY" } as const;
    const closed = withoutStore({ instances: 1000, failurePolicy: "local" });
    expect(await closed.codes(descriptorOf({ any: "x" }, { override }))).toEqual([
      "OVER_LIMIT",
      "OVER_LIMIT",
    ]);
  });
});

describe("the modes keep their meaning without the store", () => {
  test("a limit in shadow mode is never enforced, and what it would have done is counted where it was counted", async () => {
    const { ask, stats } = withoutStore({ instances: 10 });
    expect(await ask("deny-in-shadow")).toMatchObject({
      overallCode: "OK",
      statuses: [{ code: "OK", isShadowed: true }],
    });
    await ask("local-in-shadow");
    expect(await ask("local-in-shadow")).toMatchObject({ overallCode: "OK" });
    expect(stats.limitStats("domain.deny-in-shadow").shadowMode).toBe(0);
    expect(stats.limitStats("domain.local-in-shadow").shadowMode).toBe(1);
  });

  test("quotas deny together", async () => {
    const { codes } = withoutStore();
    expect(await codes("deny-quota", "allow-quota")).toEqual(["OK", "OVER_LIMIT", "OK"]);
    expect((await codes("deny-quota", "deny-quota"))[0]).toBe("OVER_LIMIT");
  });

  test("the global shadow mode lets everything pass, and counts that", async () => {
    const { codes, stats } = withoutStore({ options: { shadowMode: true } });
    expect(await codes("deny")).toEqual(["OK", "OVER_LIMIT"]);
    expect(stats.globallyShadowed).toBe(1);
  });
});

describe("counters that are known to be over", () => {
  const key = (name: string) => `domain_${name}_x_1200`;

  test("are judged as ever, and are no failure when nothing else was to be asked", async () => {
    const knownOver = new CountingKnownOver();
    knownOver.remember(key("allow"), 1260);
    const { shouldRateLimit, stats } = scriptedService({ rules, knownOver });
    const decision = await shouldRateLimit({
      domain: "domain",
      hitsAddend: 1,
      descriptors: [descriptorOf({ allow: "x" })],
    });
    expect(decision).toMatchObject({ overallCode: "OVER_LIMIT", withoutStore: undefined });
    expect(stats.decidedWithoutStore).toEqual([]);
  });

  test("deny beside what a policy allows", async () => {
    const knownOver = new CountingKnownOver();
    knownOver.remember(key("plain"), 1260);
    const { codes } = withoutStore({ knownOver });
    expect(await codes("plain", "allow")).toEqual(["OVER_LIMIT", "OVER_LIMIT", "OK"]);
  });

  test("are not made by what was decided without the store", async () => {
    const knownOver = new CountingKnownOver();
    const { codes } = withoutStore({ knownOver, instances: 10 });
    await codes("local", "deny");
    expect((await codes("local", "deny")).slice(1)).toEqual(["OVER_LIMIT", "OVER_LIMIT"]);
    expect([...knownOver.untilSeconds]).toEqual([]);
  });
});

test("an error that is not the store's is told, whatever the policy", async () => {
  const { shouldRateLimit, store, stats } = scriptedService({ rules, failurePolicy: "allow" });
  const failure = new Error("a mistake of ours");
  store.answers.push(failure);
  const request = { domain: "domain", hitsAddend: 1, descriptors: [descriptorOf({ plain: "x" })] };
  await expect(shouldRateLimit(request)).rejects.toBe(failure);
  expect(stats.decidedWithoutStore).toEqual([]);
});
