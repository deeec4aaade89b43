import { expect, test } from "@jest/globals";
import { Repeats } from "../../../src/observe/repeats.ts";

function settable() {
  let nowMs = 0;
  return { repeats: new Repeats(() => nowMs), at: (ms: number) => (nowMs = ms) };
}

test("a condition is told at once, then once per period with the number kept back", () => {
  const { repeats, at } = settable();
  expect(repeats.oncePer("redis", 1000)).toBe(0);
  expect(repeats.oncePer("redis", 1000)).toBeUndefined();
  at(999);
  expect(repeats.oncePer("redis", 1000)).toBeUndefined();
  at(1000);
  expect(repeats.oncePer("redis", 1000)).toBe(2);
  expect(repeats.oncePer("redis", 1000)).toBeUndefined();
});

test("once it is over it is told at once again", () => {
  const { repeats } = settable();
  repeats.oncePer("redis", 1000);
  repeats.oncePer("redis", 1000);
  expect(repeats.over("redis")).toBe(1);
  expect(repeats.over("redis")).toBe(0);
  expect(repeats.oncePer("redis", 1000)).toBe(0);
});

test("conditions do not silence one another", () => {
  const { repeats } = settable();
  expect(repeats.oncePer("a", 1000)).toBe(0);
  expect(repeats.oncePer("b", 1000)).toBe(0);
});

test("what is kept is bounded: past 1,000 conditions all may speak again", () => {
  const { repeats } = settable();
  for (let i = 0; i < 1000; i++) repeats.oncePer(`key ${i}`, 1000);
  expect(repeats.oncePer("key 0", 1000)).toBeUndefined();
  repeats.oncePer("one more", 1000);
  expect(repeats.oncePer("key 0", 1000)).toBe(0);
});
