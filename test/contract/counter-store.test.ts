import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { CounterStore } from "../../src/counters/store.ts";
import { isDenied } from "../../src/decision/admission.ts";
import { CounterModel } from "../support/counter-model.ts";
import { eventually } from "../support/eventually.ts";
import { admission, increment } from "../support/increments.ts";
import { memcacheKind, memoryKind, ownKeys, redisKind, type StoreKind } from "../support/stores.ts";

const kinds: readonly StoreKind[] = [
  memoryKind,
  redisKind("single"),
  redisKind("sentinel"),
  redisKind("cluster"),
  memcacheKind(1),
  memcacheKind(2),
];

describe.each(kinds)("a counter store: $name", ({ openTwo }) => {
  let store: CounterStore;
  let other: CounterStore;
  let key: (name: string) => string;

  beforeAll(async () => {
    [store, other] = await openTwo();
  });

  afterAll(async () => {
    await Promise.all([store.close(), other.close()]);
  });

  beforeEach(() => {
    key = ownKeys();
  });

  const add = async (name: string, hits: number): Promise<number> => {
    const totals = await store.incrementAll([increment({ key: key(name), hits })]);
    expect(totals).toHaveLength(1);
    return totals[0] as number;
  };

  describe("totals", () => {
    test("are those after the increment", async () => {
      expect(await add("a", 1)).toBe(1);
      expect(await add("a", 4)).toBe(5);
      expect(await add("b", 2)).toBe(2);
    });

    test("stand in the order of the increments, wherever their counters live", async () => {
      const names = Array.from({ length: 300 }, (_, i) => `k${i}`);
      const increments = names.map((name, i) => increment({ key: key(name), hits: i + 1 }));
      expect(await store.incrementAll(increments)).toEqual(names.map((_, i) => i + 1));
      expect(await store.incrementAll(increments.toReversed())).toEqual(
        names.map((_, i) => 2 * (i + 1)).toReversed(),
      );
    });

    test("of equal keys in one batch follow one another", async () => {
      const increments = [3, 1, 0, 2].map((hits) => increment({ key: key("a"), hits }));
      const between = increment({ key: key("b"), hits: 7 });
      expect(await store.incrementAll([...increments, between, ...increments])).toEqual([
        3, 4, 4, 6, 7, 9, 10, 10, 12,
      ]);
    });

    test("of equal keys follow one another when hits are given back in between", async () => {
      const increments = [5, -3, 0, 4, -10, 2].map((hits) => increment({ key: key("a"), hits }));
      expect(await store.incrementAll(increments)).toEqual([5, 2, 2, 6, 0, 2]);
    });

    test("are seen by other instances", async () => {
      await add("a", 3);
      expect(await other.incrementAll([increment({ key: key("a"), hits: 2 })])).toEqual([5]);
    });

    test("are exact far beyond 32 bits", async () => {
      expect(await add("a", 2 ** 52)).toBe(2 ** 52);
      expect(await add("a", 1)).toBe(2 ** 52 + 1);
      expect(await add("a", -3)).toBe(2 ** 52 - 2);
    });

    test("stop at the greatest exact number", async () => {
      const hits = Number.MAX_SAFE_INTEGER;
      for (let i = 0; i < 3; i++) expect(await add("a", hits)).toBe(hits);
      const increments = Array.from({ length: 1100 }, () => increment({ key: key("b"), hits }));
      expect(new Set(await store.incrementAll(increments))).toEqual(new Set([hits]));
    });

    test("are those of a plain model, whatever increments come together", async () => {
      const hits = fc.integer({ min: -4, max: 6 });
      const batch = fc.array(fc.tuple(fc.constantFrom("a", "b", "c"), hits), { maxLength: 12 });
      await fc.assert(
        fc.asyncProperty(fc.array(batch, { maxLength: 6 }), async (batches) => {
          const fresh = ownKeys();
          const model = new CounterModel();
          const calls = batches.map((each) =>
            each.map(([name, n]) => increment({ key: fresh(name), hits: n })),
          );
          // All calls are made in the same turn: together they are one batch, and still each has its own totals.
          const totals = await Promise.all(calls.map((each) => store.incrementAll(each)));
          expect(totals).toEqual(calls.map((each) => each.map((one) => model.increment(one, 0))));
        }),
        { numRuns: 60 },
      );
    });

    test("of no increments are none", async () => {
      expect(await store.incrementAll([])).toEqual([]);
    });
  });

  describe("under concurrency", () => {
    test("every hit has its own place, without a gap, over 50 callers and two instances", async () => {
      const totals: number[] = [];
      const caller = async (_: unknown, i: number) => {
        const instance = i % 2 === 0 ? store : other;
        for (let n = 0; n < 40; n++) {
          const [total] = await instance.incrementAll([increment({ key: key("hot") })]);
          totals.push(total as number);
        }
      };
      await Promise.all(Array.from({ length: 50 }, caller));
      expect(totals.toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: 2000 }, (_, i) => i + 1),
      );
    });

    test("hits of several share the totals among them without overlap", async () => {
      const sizes = Array.from({ length: 100 }, (_, i) => 1 + (i % 7));
      const intervals = await Promise.all(
        sizes.map(async (hits, i) => {
          const instance = i % 2 === 0 ? store : other;
          const cold = increment({ key: key(`cold${i}`) });
          const [after = 0] = await instance.incrementAll([
            increment({ key: key("hot"), hits }),
            cold,
          ]);
          return { before: after - hits, after };
        }),
      );
      intervals.sort((a, b) => a.before - b.before);
      let end = 0;
      for (const { before, after } of intervals) {
        expect(before).toBe(end);
        end = after;
      }
      expect(end).toBe(sizes.reduce((sum, hits) => sum + hits, 0));
    });
  });

  describe("looking (0 hits)", () => {
    test("tells the count and leaves it", async () => {
      await add("a", 2);
      expect(await add("a", 0)).toBe(2);
      expect(await add("a", 1)).toBe(3);
    });
  });

  describe("giving back (negative hits)", () => {
    test("lowers the count", async () => {
      await add("a", 5);
      expect(await add("a", -2)).toBe(3);
      expect(await add("a", 1)).toBe(4);
    });

    test("never goes below 0", async () => {
      await add("a", 2);
      expect(await add("a", -10)).toBe(0);
      expect(await add("a", 1)).toBe(1);
    });
  });

  describe("admitting", () => {
    const counts = async (...names: string[]) =>
      store.incrementAll(names.map((name) => increment({ key: key(name), hits: 0 })));

    test("adds what fits, and answers the totals", async () => {
      const admissions = [admission({ key: key("a"), hits: 4 }), admission({ key: key("b") })];
      expect(await store.admitAll(admissions)).toEqual([4, 1]);
      expect(await store.admitAll(admissions)).toEqual([8, 2]);
      expect(await counts("a", "b")).toEqual([8, 2]);
    });

    test("adds nothing of a request that one counter denies, and answers what would have been", async () => {
      await add("a", 10);
      await add("b", 3);
      const admissions = ["a", "b", "new"].map((name) => admission({ key: key(name), hits: 2 }));
      expect(await store.admitAll(admissions)).toEqual([12, 5, 2]);
      expect(await other.admitAll(admissions.toReversed())).toEqual([2, 5, 12]);
      expect(await counts("a", "b", "new")).toEqual([10, 3, 0]);
    });

    test("leaves a counter as it is that would exceed its limit without denying", async () => {
      await add("shadow", 9);
      const admissions = [
        admission({ key: key("shadow"), hits: 2, denies: "never" }),
        admission({ key: key("a"), hits: 2 }),
      ];
      expect(await store.admitAll(admissions)).toEqual([11, 2]);
      expect(await counts("shadow", "a")).toEqual([9, 2]);
    });

    test("denies for counters that deny together only when all of them do", async () => {
      await add("q1", 10);
      const quotas = ["q1", "q2"].map((name) => admission({ key: key(name), denies: "together" }));
      const admissions = [...quotas, admission({ key: key("a") })];
      expect(await store.admitAll(admissions)).toEqual([11, 1, 1]);
      expect(await counts("q1", "q2", "a")).toEqual([10, 1, 1]);
      await add("q2", 9);
      expect(await store.admitAll(admissions)).toEqual([11, 11, 2]);
      expect(await counts("q1", "q2", "a")).toEqual([10, 10, 1]);
    });

    test("has equal keys follow one another", async () => {
      const admissions = [6, 3, 2].map((hits) =>
        admission({ key: key("a"), hits, denies: "never" }),
      );
      expect(await store.admitAll(admissions)).toEqual([6, 9, 11]);
      expect(await counts("a")).toEqual([9]);
    });

    test("lets a look deny, and a look that does not adds nothing", async () => {
      await add("a", 11);
      const look = admission({ key: key("a"), hits: 0 });
      expect(await store.admitAll([look, admission({ key: key("b") })])).toEqual([11, 1]);
      expect(await counts("b")).toEqual([0]);
      expect(await store.admitAll([{ ...look, limit: 11 }])).toEqual([11]);
      expect(await store.admitAll([admission({ key: key("none"), hits: 0 })])).toEqual([0]);
    });

    test("gives hits back whatever becomes of the request, and never below 0", async () => {
      await add("a", 10);
      await add("b", 5);
      const admissions = [
        admission({ key: key("a") }),
        admission({ key: key("b"), hits: -2, denies: "never" }),
        admission({ key: key("none"), hits: -2, denies: "never" }),
      ];
      expect(await store.admitAll(admissions)).toEqual([11, 3, 0]);
      expect(await store.admitAll(admissions.slice(1, 2))).toEqual([1]);
      expect(await store.admitAll(admissions.slice(1, 2))).toEqual([0]);
      expect(await counts("a", "b", "none")).toEqual([10, 0, 0]);
    });

    test("has all counters under a limit of 0 denied, and makes none", async () => {
      expect(await store.admitAll([admission({ key: key("a"), limit: 0 })])).toEqual([1]);
      expect(await counts("a")).toEqual([0]);
    });

    test("takes limits up to the greatest uint32", async () => {
      const limit = 4_294_967_295;
      expect(await store.admitAll([admission({ key: key("a"), hits: limit, limit })])).toEqual([
        limit,
      ]);
      expect(await store.admitAll([admission({ key: key("a"), limit })])).toEqual([limit + 1]);
      expect(await counts("a")).toEqual([limit]);
    });

    test("of nothing is nothing", async () => {
      expect(await store.admitAll([])).toEqual([]);
    });

    test("gives a counter the lifetime that its first increment says", async () => {
      const admissions = [
        admission({ key: key("a"), hits: 11, ttlSeconds: 3600, denies: "never" }),
        admission({ key: key("a"), ttlSeconds: 1 }),
        admission({ key: key("a"), ttlSeconds: 3600 }),
      ];
      expect(await store.admitAll(admissions)).toEqual([11, 1, 2]);
      await eventually(async () => (await counts("a"))[0] === 0);
    });

    const request = fc.array(
      fc.record({
        name: fc.constantFrom("a", "b", "c"),
        hits: fc.integer({ min: -4, max: 6 }),
        limit: fc.integer({ min: 0, max: 12 }),
        denies: fc.constantFrom("alone", "together", "never"),
      }),
      { maxLength: 5 },
    );

    /** Hits given back come first: within one request, no store promises an order between what is taken and what is given back. */
    const admissionsOf = (each: readonly { name: string; hits: number }[], own: typeof key) =>
      each
        .toSorted((a, b) => Math.sign(a.hits) - Math.sign(b.hits))
        .map(({ name, ...change }) => admission({ key: own(name), ...change }));

    test("does what a plain model does, one request after another", async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(request, { maxLength: 6 }), async (requests) => {
          const fresh = ownKeys();
          const model = new CounterModel();
          for (const each of requests) {
            const admissions = admissionsOf(each, fresh);
            expect(await store.admitAll(admissions)).toEqual(model.admit(admissions, 0));
          }
        }),
        { numRuns: 60 },
      );
    });

    test("admits exactly as much as the limits leave room for, over 40 callers and two instances", async () => {
      // Each request needs a place in `all`, which has 300, and every third one in a narrow counter of 20 as well.
      const admitted = { all: 0, narrow: 0 };
      const caller = async (_: unknown, i: number) => {
        const instance = i % 2 === 0 ? store : other;
        for (let n = 0; n < 25; n++) {
          const isNarrow = (i + n) % 3 === 0;
          const admissions = [
            admission({ key: key("all"), limit: 300 }),
            ...(isNarrow ? [admission({ key: key("narrow"), limit: 20 })] : []),
          ];
          const totals = await instance.admitAll(admissions);
          if (isDenied(admissions, totals)) continue;
          admitted.all += 1;
          admitted.narrow += isNarrow ? 1 : 0;
        }
      };
      await Promise.all(Array.from({ length: 40 }, caller));
      expect(admitted).toEqual({ all: 300, narrow: 20 });
      expect(await counts("all", "narrow")).toEqual([300, 20]);
    });
  });

  describe("lifetime", () => {
    const second = { ttlSeconds: 1 };
    const hour = { ttlSeconds: 3600 };

    /** The increments that each counter gets, one after another. They all run at once, so that their ends are waited for together. */
    const histories = {
      created: [{ ...second }, { ...hour }, { ...hour, hits: 5 }],
      createdInOneBatch: [{ ...second }, { ...hour }],
      lookedAtBefore: [{ ...hour, hits: 0 }, { ...second }],
      givenBackBefore: [{ ...hour, hits: -1 }, { ...second }],
      givenBackLater: [
        { ...second, hits: 9 },
        { ...hour, hits: -3 },
      ],
      longer: [{ ...hour }, { ...second }],
    };
    const names = Object.keys(histories);
    const startedMs = new Map<string, number>();
    const endedMs = new Map<string, number>();
    const lifetimeKey = ownKeys();
    let lastTotals: readonly number[] = [];

    beforeAll(async () => {
      for (const [name, changes] of Object.entries(histories)) {
        const increments = changes.map((change) =>
          increment({ key: lifetimeKey(name), ...change }),
        );
        startedMs.set(name, Date.now());
        if (name === "createdInOneBatch") await store.incrementAll(increments);
        else for (const each of increments) await store.incrementAll([each]);
      }
      const looks = names.map((name) => increment({ key: lifetimeKey(name), hits: 0 }));
      await eventually(async () => {
        lastTotals = await store.incrementAll(looks);
        const ended = names.filter((name, i) => lastTotals[i] === 0 && !endedMs.has(name));
        for (const name of ended) endedMs.set(name, Date.now());
        return endedMs.size === names.length - 1;
      });
    });

    const endsAfterASecond = (name: keyof typeof histories) => {
      const livedMs = Number(endedMs.get(name)) - Number(startedMs.get(name));
      expect(livedMs).toBeGreaterThanOrEqual(990);
    };

    test("is what the creating increment said, whatever later ones say", () => {
      endsAfterASecond("created");
      expect(lastTotals.at(-1)).toBe(2);
    });

    test("is said by the first of equal keys in one batch", () => {
      endsAfterASecond("createdInOneBatch");
    });

    test("does not begin with a look, which creates nothing", () => {
      endsAfterASecond("lookedAtBefore");
    });

    test("does not begin with hits given back, which create nothing", () => {
      endsAfterASecond("givenBackBefore");
    });

    test("is not changed by hits given back", () => {
      endsAfterASecond("givenBackLater");
    });

    test("over, the count begins anew", async () => {
      const [name] = names as [string];
      expect(await store.incrementAll([increment({ key: lifetimeKey(name) })])).toEqual([1]);
    });
  });

  describe("keys", () => {
    test("are told apart whatever they consist of", async () => {
      const names = [
        "",
        " ",
        "a b",
        "a\r\nb",
        "\0",
        "ä",
        "a\u0308",
        "日本",
        "😀",
        "{a}b",
        "{a}c",
        "%",
        "*",
      ];
      const increments = names.map((name, i) => increment({ key: key(name), hits: i + 1 }));
      await store.incrementAll(increments);
      const looks = names.map((name) => increment({ key: key(name), hits: 0 }));
      expect(await other.incrementAll(looks)).toEqual(names.map((_, i) => i + 1));
    });

    test("are told apart by bytes that are not UTF-8", async () => {
      const names = ["\udc80", "\udc81", "\udcff\udcfe", "\ufffd", "a\udce4"];
      const increments = names.map((name, i) => increment({ key: key(name), hits: i + 1 }));
      await store.incrementAll(increments);
      const looks = names.map((name) => increment({ key: key(name), hits: 0 }));
      expect(await other.incrementAll(looks)).toEqual(names.map((_, i) => i + 1));
    });

    test("may be long", async () => {
      const long = "x".repeat(20_000);
      await add(`${long}1`, 1);
      await add(`${long}2`, 2);
      expect(await add(`${long}1`, 0)).toBe(1);
    });
  });

  describe("closing", () => {
    test("is idempotent, and refuses increments from then on", async () => {
      const [closing, second] = await openTwo();
      await closing.incrementAll([increment({ key: key("a") })]);
      await Promise.all([closing.close(), closing.close(), second.close()]);
      await closing.close();
      await expect(closing.incrementAll([increment({ key: key("a") })])).rejects.toMatchObject({
        name: "VelocityGateError",
        code: "STORE_UNAVAILABLE",
        reason: "unavailable",
      });
    });
  });
});
