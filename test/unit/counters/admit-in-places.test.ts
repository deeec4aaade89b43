import { expect, test } from "@jest/globals";
import { systemClock } from "../../../src/clock.ts";
import { admitInPlaces } from "../../../src/counters/admit-in-places.ts";
import { createMemoryStore } from "../../../src/counters/memory.ts";
import type { CounterStore } from "../../../src/counters/store.ts";
import type { Admission, Increment } from "../../../src/decision/increment.ts";
import { admission, increment } from "../../support/increments.ts";

/** Two places, one of which others may get at between the look and the addition. */
function twoPlaces(meanwhile: (store: CounterStore) => Promise<unknown> = async () => undefined) {
  const store = createMemoryStore({ clock: systemClock, keysMax: 100 });
  const asked: string[] = [];
  const brief = (increments: readonly Increment[]) =>
    increments.map(({ key, hits }) => `${key}${hits < 0 ? "" : "+"}${hits}`).join(" ");
  const places = {
    placeOf: ({ key }: Admission) => key[0],
    async admitAt(_: unknown, admissions: readonly Admission[]) {
      asked.push(`admit ${brief(admissions)}`);
      return store.admitAll(admissions);
    },
    async incrementAll(increments: readonly Increment[]) {
      asked.push(`add ${brief(increments)}`);
      const totals = await store.incrementAll(increments);
      if (increments.every(({ hits }) => hits === 0)) await meanwhile(store);
      return totals;
    },
  };
  const countOf = async (key: string) =>
    (await store.incrementAll([increment({ key, hits: 0 })]))[0];
  return {
    store,
    asked,
    countOf,
    admitAll: (all: readonly Admission[]) => admitInPlaces(all, Number.POSITIVE_INFINITY, places),
  };
}

const both = [admission({ key: "a", hits: 2 }), admission({ key: "b", hits: 3 })];

test("a request of one place goes there at once", async () => {
  const { admitAll, asked } = twoPlaces();
  expect(await admitAll([admission({ key: "a" }), admission({ key: "a2" })])).toEqual([1, 1]);
  expect(asked).toEqual(["admit a+1 a2+1"]);
});

test("a request of several is looked at first, and then added in each", async () => {
  const { admitAll, asked, countOf } = twoPlaces();
  expect(await admitAll(both)).toEqual([2, 3]);
  expect(asked).toEqual(["add a+0 b+0", "admit a+2", "admit b+3"]);
  expect([await countOf("a"), await countOf("b")]).toEqual([2, 3]);
});

test("a denial that the look finds adds nothing anywhere, and gives back what is to be given back", async () => {
  const { admitAll, asked, store } = twoPlaces();
  await store.incrementAll([increment({ key: "a", hits: 9 }), increment({ key: "c", hits: 4 })]);
  const back = admission({ key: "c", hits: -1, denies: "never" });
  expect(await admitAll([...both, back])).toEqual([11, 3, 3]);
  expect(asked).toEqual(["add a+0 b+0 c-1"]);
});

test("a denial that comes in between takes back what other places have added", async () => {
  const { admitAll, asked, countOf } = twoPlaces((store) =>
    store.incrementAll([increment({ key: "a", hits: 10 })]),
  );
  expect(await admitAll(both)).toEqual([12, 3]);
  expect(asked).toEqual(["add a+0 b+0", "admit a+2", "admit b+3", "add b-3"]);
  expect([await countOf("a"), await countOf("b")]).toEqual([10, 0]);
});

test("what a place did not add is not taken back from it", async () => {
  const { admitAll, asked, countOf } = twoPlaces((store) =>
    store.incrementAll([increment({ key: "a", hits: 10 }), increment({ key: "b", hits: 10 })]),
  );
  const beside = admission({ key: "b2", hits: 1 });
  expect(await admitAll([...both, beside])).toEqual([12, 13, 1]);
  expect(asked).toHaveLength(3);
  expect([await countOf("a"), await countOf("b"), await countOf("b2")]).toEqual([10, 10, 0]);
});

test("quotas are judged over all places: one that is exhausted denies in no place of its own", async () => {
  const { admitAll, countOf } = twoPlaces((store) =>
    store.incrementAll([increment({ key: "a", hits: 10 })]),
  );
  const quotas = both.map((each) => ({ ...each, denies: "together" as const }));
  const beside = admission({ key: "a2", hits: 1 });
  expect(await admitAll([...quotas, beside])).toEqual([12, 3, 1]);
  expect([await countOf("a"), await countOf("b"), await countOf("a2")]).toEqual([10, 3, 1]);
});

test("quotas that are all exhausted in between take back the rest of the request", async () => {
  const { admitAll, countOf } = twoPlaces((store) =>
    store.incrementAll([increment({ key: "a", hits: 10 }), increment({ key: "b", hits: 10 })]),
  );
  const quotas = both.map((each) => ({ ...each, denies: "together" as const }));
  expect(await admitAll([...quotas, admission({ key: "c" })])).toEqual([12, 13, 1]);
  expect(await countOf("c")).toBe(0);
});
