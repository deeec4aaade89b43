import { describe, expect, test } from "@jest/globals";
import {
  createOverLimitCache,
  type OverLimitCacheStats,
} from "../../../src/counters/over-limit-cache.ts";
import type { DescriptorStatus } from "../../../src/decision/check.ts";
import type { Descriptor, RateLimitRequest } from "../../../src/limits/descriptor.ts";
import { descriptorOf } from "../../support/decisions.ts";
import { scriptedService } from "../../support/scripted-service.ts";

const rules = `
domain: domain
descriptors:
  - { key: key, value: value, rate_limit: { unit: second, requests_per_unit: 10 } }
  - key: key2
    value: value2
    descriptors:
      - { key: subkey2, value: subvalue2, rate_limit: { unit: minute, requests_per_unit: 10 } }
  - key: key3
    value: value3
    rate_limit: { unit: hour, requests_per_unit: 10 }
    descriptors:
      - { key: subkey3, value: subvalue3, rate_limit: { unit: day, requests_per_unit: 10 } }
  - { key: key4, value: value4, rate_limit: { unit: hour, requests_per_unit: 15 } }
  - { key: key4_shadow, value: value4, shadow_mode: true, rate_limit: { unit: hour, requests_per_unit: 15 } }
  - { key: key5, value: value5, rate_limit: { unit: second, requests_per_unit: 20 } }
  - { key: key6, value: value6, rate_limit: { unit: second, requests_per_unit: 8 } }
  - { key: key7, value: value7, rate_limit: { unit: second, requests_per_unit: 20 } }
  - { key: key8, value: value8, rate_limit: { unit: second, requests_per_unit: 20 } }
  - { key: key9, value: value9, rate_limit: { unit: second, requests_per_unit: 20 } }
  - { key: key10, value: value10, rate_limit: { unit: second, requests_per_unit: 10 } }
  - { key: free, rate_limit: { unlimited: true } }
  - { key: files, value: files/*, share_threshold: true, rate_limit: { unit: second, requests_per_unit: 10 } }
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

/** In the order of the reference's tests. */
const gauges = (stats: OverLimitCacheStats) => [
  stats.hitCount,
  stats.missCount,
  stats.lookupCount,
  stats.expiredCount,
  stats.entryCount,
];

/** The cases of the reference's own Redis tests, from the request to what is asked and counted. */
describe("the reference's cases:", () => {
  test("a limit of a second", async () => {
    const { shouldRateLimit, store, stats } = scriptedService({ rules });
    store.answers.push([5]);
    const { statuses } = await shouldRateLimit(ask([descriptorOf({ key: "value" })]));
    expect(brief(statuses)).toEqual(["OK 5"]);
    expect(store.asked).toEqual([
      [{ key: "domain_key_value_1234", hits: 1, ttlSeconds: 1, perSecond: true }],
    ]);
    expect(stats.counts("domain.key_value")).toEqual([1, 0, 0, 1]);
  });

  test("a limit beside a descriptor that none applies to, with addends of their own", async () => {
    const { shouldRateLimit, store, stats } = scriptedService({ rules });
    store.answers.push([11]);
    const { statuses, overallCode } = await shouldRateLimit(
      ask([
        descriptorOf({ unknown: "value" }, { hitsAddend: 0 }),
        descriptorOf({ key2: "value2", subkey2: "subvalue2" }, { hitsAddend: 1 }),
      ]),
    );
    expect(overallCode).toBe("OVER_LIMIT");
    expect(brief(statuses)).toEqual(["OK", "OVER_LIMIT 0"]);
    expect(store.asked).toEqual([
      [
        {
          key: "domain_key2_value2_subkey2_subvalue2_1200",
          hits: 1,
          ttlSeconds: 60,
          perSecond: false,
        },
      ],
    ]);
    expect(stats.counts("domain.key2_value2.subkey2_subvalue2")).toEqual([1, 1, 0, 0]);
    expect(stats.limits.size).toBe(1);
  });

  test("two limits, of which one is looked at only", async () => {
    const { shouldRateLimit, store, stats } = scriptedService({ rules, nowSeconds: 1_000_000 });
    store.answers.push([11, 13]);
    const { statuses } = await shouldRateLimit(
      ask([
        descriptorOf({ key3: "value3" }, { hitsAddend: 0 }),
        descriptorOf({ key3: "value3", subkey3: "subvalue3" }, { hitsAddend: 1 }),
      ]),
    );
    expect(brief(statuses)).toEqual(["OVER_LIMIT 0", "OVER_LIMIT 0"]);
    expect(store.asked).toEqual([
      [
        { key: "domain_key3_value3_997200", hits: 0, ttlSeconds: 3_600, perSecond: false },
        {
          key: "domain_key3_value3_subkey3_subvalue3_950400",
          hits: 1,
          ttlSeconds: 86_400,
          perSecond: false,
        },
      ],
    ]);
    expect(stats.counts("domain.key3_value3")).toEqual([0, 0, 0, 0]);
    expect(stats.counts("domain.key3_value3.subkey3_subvalue3")).toEqual([1, 1, 0, 0]);
  });

  test("near the limit, over it, and then from memory without the store", async () => {
    const knownOver = createOverLimitCache(1_000_000);
    const { shouldRateLimit, store, stats } = scriptedService({
      rules,
      nowSeconds: 1_000_000,
      knownOver,
    });
    store.answers.push([11], [13], [16]);
    const seen: unknown[] = [];
    for (let i = 0; i < 4; i++) {
      const { statuses } = await shouldRateLimit(ask([descriptorOf({ key4: "value4" })]));
      seen.push([
        ...brief(statuses),
        ...stats.counts("domain.key4_value4"),
        gauges(knownOver.stats),
      ]);
    }
    expect(seen).toEqual([
      ["OK 4", 1, 0, 0, 1, [0, 1, 1, 0, 0]],
      ["OK 2", 2, 0, 1, 2, [0, 2, 2, 0, 0]],
      ["OVER_LIMIT 0", 3, 1, 1, 2, [0, 3, 3, 0, 1]],
      ["OVER_LIMIT 0", 4, 2, 1, 2, [1, 3, 4, 0, 1]],
    ]);
    expect(store.asked.flat().map(({ key, ttlSeconds }) => [key, ttlSeconds])).toEqual(
      Array(3).fill(["domain_key4_value4_997200", 3_600]),
    );
    expect(stats.limitStats("domain.key4_value4").overLimitWithLocalCache).toBe(1);
    expect(knownOver.has("domain_key4_value4_997200", 1_000_799)).toBe(true);
    expect(knownOver.has("domain_key4_value4_997200", 1_000_800)).toBe(false);
  });

  test("the same in shadow mode", async () => {
    const knownOver = createOverLimitCache(1_000_000);
    const { shouldRateLimit, store, stats } = scriptedService({
      rules,
      nowSeconds: 1_000_000,
      knownOver,
    });
    store.answers.push([11], [13], [16]);
    const seen: unknown[] = [];
    for (let i = 0; i < 4; i++) {
      const { statuses } = await shouldRateLimit(ask([descriptorOf({ key4_shadow: "value4" })]));
      const { shadowMode, overLimit } = stats.limitStats("domain.key4_shadow_value4");
      seen.push([...brief(statuses), shadowMode, overLimit]);
    }
    expect(seen).toEqual([
      ["OK 4", 0, 0],
      ["OK 2", 0, 0],
      ["OK 0", 1, 1],
      ["OK 0", 2, 2],
    ]);
  });

  test.each([
    ["5", 3, 5, "OK 15", [3, 0, 0, 3]],
    ["6", 2, 7, "OK 1", [2, 0, 1, 2]],
    ["7", 3, 19, "OK 1", [3, 0, 3, 3]],
    ["8", 3, 22, "OVER_LIMIT 0", [3, 2, 1, 0]],
    ["9", 7, 22, "OVER_LIMIT 0", [7, 2, 4, 0]],
    ["10", 3, 30, "OVER_LIMIT 0", [3, 3, 0, 0]],
  ])(
    "key%s with an addend of %d that brings it to %d: %s",
    async (n, hits, after, status, counts) => {
      const { shouldRateLimit, store, stats } = scriptedService({ rules });
      store.answers.push([after]);
      const { statuses } = await shouldRateLimit(
        ask([descriptorOf({ [`key${n}`]: `value${n}` })], hits),
      );
      expect(brief(statuses)).toEqual([status]);
      expect(store.asked).toEqual([
        [{ key: `domain_key${n}_value${n}_1234`, hits, ttlSeconds: 1, perSecond: true }],
      ]);
      expect(stats.counts(`domain.key${n}_value${n}`)).toEqual(counts);
    },
  );

  test("a lifetime with jitter", async () => {
    const options = {
      expirationJitterMaxSeconds: 3_600,
      boundJitterOfShortWindows: false,
      random: () => 100 / 3_600,
    };
    const { shouldRateLimit, store } = scriptedService({ rules, options });
    store.answers.push([5]);
    await shouldRateLimit(ask([descriptorOf({ key: "value" })]));
    expect(store.asked).toMatchObject([[{ ttlSeconds: 101 }]]);
  });

  test("a prefix, a shared threshold, and which counters are per second", async () => {
    const { shouldRateLimit, store } = scriptedService({
      rules,
      options: { keyPrefix: "prefix:" },
    });
    store.answers.push([1, 1, 1]);
    await shouldRateLimit(
      ask([
        descriptorOf({ files: "files/a.pdf" }),
        descriptorOf({ key2: "value2", subkey2: "subvalue2" }),
        descriptorOf({ key4: "value4" }),
      ]),
    );
    expect(store.asked.flat().map(({ key, perSecond }) => [key, perSecond])).toEqual([
      ["prefix:domain_files_files/*_1234", true],
      ["prefix:domain_key2_value2_subkey2_subvalue2_1200", false],
      ["prefix:domain_key4_value4_0", false],
    ]);
  });

  // There the counter that denies goes on growing, and the hits of the other one, which are not added, count as within its limit.
  test("counting only what is admitted, but for what denied hits count as", async () => {
    const { shouldRateLimit, store, stats } = scriptedService({
      rules: `
domain: domain
descriptors:
  - { key: key4, value: value4, rate_limit: { unit: hour, requests_per_unit: 15 } }
  - { key: key5, value: value5, rate_limit: { unit: hour, requests_per_unit: 14 } }
`,
      options: { countsOnlyAdmitted: true },
    });
    // What the counters have with the hits: the last two are not added.
    store.answers.push([11, 11], [13, 13], [15, 15]);
    const both = [descriptorOf({ key4: "value4" }), descriptorOf({ key5: "value5" })];
    const answers: string[][] = [];
    for (const hits of [1, 2, 2]) {
      answers.push(brief((await shouldRateLimit(ask(both, hits))).statuses));
    }
    expect(answers).toEqual([
      ["OK 4", "OK 3"],
      ["OK 2", "OK 1"],
      ["OK 2", "OVER_LIMIT 0"],
    ]);
    expect(stats.counts("domain.key4_value4")).toEqual([5, 0, 1, 3]);
    expect(stats.counts("domain.key5_value5")).toEqual([5, 1, 3, 3]);
    expect(store.asked[2]).toMatchObject([
      { hits: 2, limit: 15, denies: "alone" },
      { hits: 2, limit: 14, denies: "alone" },
    ]);
  });
});
