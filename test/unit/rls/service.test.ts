import { describe, expect, test } from "@jest/globals";
import type { DescriptorStatus } from "../../../src/decision/check.ts";
import { StoreError } from "../../../src/errors.ts";
import type { Descriptor, RateLimitRequest } from "../../../src/limits/descriptor.ts";
import { descriptorOf } from "../../support/decisions.ts";
import { rulesOf, scriptedService } from "../../support/scripted-service.ts";

const rules = `
domain: domain
descriptors:
  - { key: key, value: value, rate_limit: { unit: second, requests_per_unit: 10 } }
  - key: key2
    value: value2
    descriptors:
      - { key: subkey2, value: subvalue2, rate_limit: { unit: minute, requests_per_unit: 10 } }
  - { key: key4, value: value4, rate_limit: { unit: hour, requests_per_unit: 15 } }
  - { key: free, rate_limit: { unlimited: true } }
`;

const ask = (
  descriptors: readonly Descriptor[],
  hitsAddend = 1,
  domain = "domain",
): RateLimitRequest => ({
  domain,
  descriptors,
  hitsAddend,
});

const brief = (statuses: readonly DescriptorStatus[]) =>
  statuses.map(({ code, remaining, limit }) =>
    limit === undefined ? code : `${code} ${remaining}`,
  );

describe("a request", () => {
  test.each([
    [
      "without a domain",
      ask([descriptorOf({ key: "value" })], 1, ""),
      "rate limit domain must not be empty",
    ],
    ["without descriptors", ask([]), "rate limit descriptor list must not be empty"],
    ["without either", ask([], 1, ""), "rate limit domain must not be empty"],
  ])("%s is refused before anything is counted", async (_, request, message) => {
    const { shouldRateLimit, stats } = scriptedService({ rules });
    await expect(shouldRateLimit(request)).rejects.toMatchObject({
      code: "REQUEST_INVALID",
      message,
    });
    expect([stats.limits.size, stats.unknownDomains]).toEqual([0, []]);
  });

  test("is refused as such even before rules are loaded, and otherwise for want of them", async () => {
    const { shouldRateLimit } = scriptedService({ rules: undefined });
    await expect(shouldRateLimit(ask([]))).rejects.toMatchObject({ code: "REQUEST_INVALID" });
    await expect(shouldRateLimit(ask([descriptorOf({ key: "value" })]))).rejects.toMatchObject({
      code: "RULES_MISSING",
      message: "no rate limit configuration loaded",
    });
  });

  test("fails when the store does, with its hits counted as asked and as nothing else", async () => {
    const { shouldRateLimit, store, stats } = scriptedService({ rules });
    const failure = new StoreError("timeout", "the store did not answer");
    store.answers.push(failure);
    await expect(shouldRateLimit(ask([descriptorOf({ key: "value" })], 3))).rejects.toBe(failure);
    expect(stats.counts("domain.key_value")).toEqual([3, 0, 0, 0]);
    expect(stats.decidedWithoutStore).toEqual(["timeout error"]);
  });

  test("in an unknown domain passes without the store, and is counted once for each descriptor", async () => {
    const { shouldRateLimit, store, stats } = scriptedService({ rules });
    const override = { requestsPerUnit: 0, unit: "DAY" } as const;
    const { overallCode, statuses } = await shouldRateLimit(
      ask([descriptorOf({ key: "value" }), descriptorOf({}, { override })], 1, "other"),
    );
    expect([overallCode, ...brief(statuses)]).toEqual(["OK", "OK", "OK"]);
    expect(store.asked).toEqual([]);
    expect(stats.unknownDomains).toEqual(["other", "other"]);
  });

  test("without a limit to count does not reach the store; unlimited ones are counted in metrics", async () => {
    const { shouldRateLimit, store, stats } = scriptedService({ rules });
    const { overallCode, statuses } = await shouldRateLimit(
      ask([descriptorOf({ unknown: "x" }), descriptorOf({}), descriptorOf({ free: "x" })], 4),
    );
    expect(overallCode).toBe("OK");
    expect(statuses.map(({ remaining }) => remaining)).toEqual([0, 0, 4_294_967_295]);
    expect(store.asked).toEqual([]);
    expect(stats.counts("domain.free")).toEqual([4, 0, 0, 4]);
  });

  test("that gives hits back asks the store for it, passes, and is counted by itself", async () => {
    const { shouldRateLimit, store, stats } = scriptedService({ rules });
    store.answers.push([12]);
    const descriptor = descriptorOf({ key: "value" }, { hitsAddend: 3, isNegativeHits: true });
    const { overallCode, statuses } = await shouldRateLimit(ask([descriptor]));
    expect([overallCode, ...brief(statuses)]).toEqual(["OK", "OK 0"]);
    expect(store.asked).toMatchObject([[{ key: "domain_key_value_1234", hits: -3 }]]);
    expect(stats.counts("domain.key_value")).toEqual([0, 0, 0, 0]);
    expect(stats.limitStats("domain.key_value").totalNegativeHits).toBe(3);
  });

  test("with a limit of its own is counted in the counter that its entries have anyway", async () => {
    const { shouldRateLimit, store, stats } = scriptedService({ rules });
    store.answers.push([11]);
    const override = { requestsPerUnit: 42, unit: "HOUR" } as const;
    const { statuses } = await shouldRateLimit(ask([descriptorOf({ key: "value" }, { override })]));
    expect(statuses[0]).toMatchObject({
      code: "OK",
      remaining: 31,
      limit: { ...override, name: "" },
    });
    expect(store.asked).toEqual([
      [{ key: "domain_key_value_0", hits: 1, ttlSeconds: 3_600, perSecond: false }],
    ]);
    expect(stats.counts("domain.key_value")).toEqual([1, 0, 0, 1]);
  });

  test("in the global shadow mode passes, and that is counted once", async () => {
    const { shouldRateLimit, store, stats } = scriptedService({
      rules,
      options: { shadowMode: true },
    });
    store.answers.push([11, 16], [1]);
    const { overallCode, statuses } = await shouldRateLimit(
      ask([descriptorOf({ key: "value" }), descriptorOf({ key4: "value4" })]),
    );
    expect([overallCode, ...brief(statuses)]).toEqual(["OK", "OVER_LIMIT 0", "OVER_LIMIT 0"]);
    expect(stats.globallyShadowed).toBe(1);
    await shouldRateLimit(ask([descriptorOf({ key: "value" })]));
    expect(stats.globallyShadowed).toBe(1);
  });

  test("keeps the rules that it began with when others are loaded meanwhile", async () => {
    const { shouldRateLimit, store, rules: holder } = scriptedService({ rules });
    store.answers.push([5], [5]);
    const first = shouldRateLimit(ask([descriptorOf({ key: "value" })]));
    holder.current = rulesOf(
      "domain: domain\ndescriptors: [{ key: key, value: value, rate_limit: { unit: second, requests_per_unit: 4 } }]",
    );
    const second = shouldRateLimit(ask([descriptorOf({ key: "value" })]));
    expect(brief((await first).statuses)).toEqual(["OK 5"]);
    expect(brief((await second).statuses)).toEqual(["OVER_LIMIT 0"]);
  });

  test("sees one instant: the second may change while the store is asked", async () => {
    const { shouldRateLimit, store } = scriptedService({ rules, nowSeconds: 2222.999 });
    store.answers.push([1, 1]);
    const { statuses } = await shouldRateLimit(
      ask([descriptorOf({ key: "value" }), descriptorOf({ key2: "value2", subkey2: "subvalue2" })]),
    );
    expect(store.asked.flat().map(({ key }) => key)).toEqual([
      "domain_key_value_2222",
      "domain_key2_value2_subkey2_subvalue2_2220",
    ]);
    expect(statuses.map(({ resetSeconds }) => resetSeconds)).toEqual([1, 58]);
  });
});
