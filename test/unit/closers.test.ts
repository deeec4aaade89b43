import { expect, test } from "@jest/globals";
import { Closers } from "../../src/closers.ts";

test("what was opened is closed in the reverse order, once", async () => {
  const closed: string[] = [];
  const closers = new Closers();
  closers.add(() => closed.push("first"));
  closers.add(async () => void closed.push("second"));
  await closers.close();
  await closers.close();
  expect(closed).toEqual(["second", "first"]);
});

test("a failure keeps nothing else open, and is told", async () => {
  const closed: string[] = [];
  const failure = new Error("no");
  const closers = new Closers();
  closers.add(() => closed.push("first"));
  closers.add(() => {
    throw failure;
  });
  await expect(closers.close()).rejects.toBe(failure);
  expect(closed).toEqual(["first"]);
});

test("of several failures all are told", async () => {
  const closers = new Closers();
  closers.add(() => Promise.reject(new Error("the store")));
  closers.add(() => Promise.reject("the port"));
  await expect(closers.close()).rejects.toThrow("the port; the store");
});
