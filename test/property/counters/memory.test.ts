import { test } from "@jest/globals";
import fc from "fast-check";
import { createMemoryStore } from "../../../src/counters/memory.ts";
import { CounterModel } from "../../support/counter-model.ts";

const increment = fc.record({
  key: fc.constantFrom("a", "b", "c", "d", "e", "f", "g", "h", "\udc80", ""),
  hits: fc.oneof(
    fc.integer({ min: -5, max: 5 }),
    fc.maxSafeInteger().map((hits) => Math.max(hits, -Number.MAX_SAFE_INTEGER)),
  ),
  ttlSeconds: fc.integer({ min: 1, max: 100 }),
  perSecond: fc.boolean(),
});

const step = fc.record({
  afterSeconds: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 60 })),
  increments: fc.array(increment, { maxLength: 8 }),
});

test("the memory store answers what the model answers, whatever comes and however time passes", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const clock = { seconds: 1_700_000_000, nowMs: () => clock.seconds * 1000 };
      const store = createMemoryStore({ clock, keysMax: 1_000 });
      const model = new CounterModel();
      for (const { afterSeconds, increments } of steps) {
        clock.seconds += afterSeconds;
        const expected = increments.map((each) => model.increment(each, clock.seconds, 1));
        const totals = await store.incrementAll(increments);
        if (JSON.stringify(totals) !== JSON.stringify(expected)) {
          throw new Error(`answered ${totals} instead of ${expected}`);
        }
      }
    }),
    { numRuns: 300 },
  );
});

test("a full memory store never holds more than it may, and its counts are never too high", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 6 }),
      fc.array(step, { maxLength: 40 }),
      async (keysMax, steps) => {
        const clock = { seconds: 1_700_000_000, nowMs: () => clock.seconds * 1000 };
        const store = createMemoryStore({ clock, keysMax });
        const model = new CounterModel();
        for (const { afterSeconds, increments } of steps) {
          clock.seconds += afterSeconds;
          const taken = increments.filter(({ hits }) => hits >= 0);
          // A counter that made room begins anew, perhaps with a longer life: it is held to one that lives for ever.
          const most = taken.map((each) =>
            model.increment({ ...each, ttlSeconds: 1e9 }, clock.seconds),
          );
          const totals = await store.incrementAll(taken);
          if (store.size > keysMax) throw new Error(`holds ${store.size} of ${keysMax}`);
          totals.forEach((total, i) => {
            if (total > (most[i] as number))
              throw new Error(`answered ${total} instead of at most ${most[i]}`);
            if (total < (taken[i]?.hits ?? 0))
              throw new Error(`${total} lacks the hits just added`);
          });
        }
      },
    ),
    { numRuns: 300 },
  );
});
