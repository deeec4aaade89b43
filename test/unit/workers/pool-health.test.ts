import { expect, test } from "@jest/globals";
import { failingOfPool } from "../../../src/workers/pool-health.ts";

const all = () => true;
const butTheStore = (part: string) => part !== "store";

test.each([
  [[[]], []],
  [[["store"]], ["store"]],
  [[[], ["store"]], []],
  [
    [["rules"], ["store", "rules"]],
    ["rules", "store"],
  ],
  [[[], ["workers"], ["workers"]], ["workers"]],
  [[[], [], ["workers"]], []],
  [[[], [], ["workers"], ["rules"]], []],
])("of workers that fail by %j, the pool fails by %j", (workers, expected) => {
  expect(failingOfPool(workers, all)).toEqual(expected);
});

test("a worker is well when all holds that is asked for", () => {
  expect(failingOfPool([["store"], ["store", "rules"]], butTheStore)).toEqual([]);
  expect(failingOfPool([["store"], ["store"]], all)).toEqual(["store"]);
});
