import { expect, test } from "@jest/globals";
import { Health } from "../../src/health.ts";

test("the service is healthy while every part holds", () => {
  const health = new Health(["rules", "store"]);
  expect([health.isServing, health.failing]).toEqual([false, ["rules", "store"]]);
  health.set("rules", true);
  expect([health.isServing, health.failing]).toEqual([false, ["store"]]);
  health.set("store", true);
  expect([health.isServing, health.failing]).toEqual([true, []]);
  health.set("draining", false);
  expect([health.isServing, health.failing]).toEqual([false, ["draining"]]);
});

test("every change of a part is told, and nothing else, until one listens no more", () => {
  const health = new Health(["rules", "store"]);
  const told: (readonly string[])[] = [];
  const stop = health.onChange((isServing) => told.push([`${isServing}`, ...health.failing]));
  for (const holds of [true, true, false, true]) health.set("store", holds);
  health.set("rules", true);
  stop();
  health.set("rules", false);
  expect(told).toEqual([
    ["false", "rules"],
    ["false", "rules", "store"],
    ["false", "rules"],
    ["true"],
  ]);
});
