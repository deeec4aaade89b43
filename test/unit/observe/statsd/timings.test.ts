import { expect, test } from "@jest/globals";
import { Timings } from "../../../../src/observe/statsd/timings.ts";

test("calls that took as long as each other are told together, the shortest first, and once", () => {
  const timings = new Timings();
  for (const milliseconds of [0.012, 3, 3, 0.012, 0, 3]) {
    timings.observe("ShouldRateLimit", milliseconds / 1000);
  }
  timings.observe("Check", 0.000_001);
  expect([...timings.take()]).toEqual([
    { method: "ShouldRateLimit", milliseconds: 0, count: 1 },
    { method: "ShouldRateLimit", milliseconds: 0.012, count: 2 },
    { method: "ShouldRateLimit", milliseconds: expect.closeTo(3, 1), count: 3 },
    { method: "Check", milliseconds: 0.001, count: 1 },
  ]);
  expect([...timings.take()]).toEqual([]);
});

test("no time is told with an error of more than a hundredth, up to half an hour", () => {
  for (let seconds = 0.000_05; seconds < 2_000; seconds *= 1.037) {
    const timings = new Timings();
    timings.observe("m", seconds);
    const [told] = [...timings.take()];
    expect(Math.abs((told?.milliseconds ?? 0) / (seconds * 1000) - 1)).toBeLessThan(0.01);
  }
});

test.each([
  [-1, 0],
  [1e9, 2_147_483],
])("%d seconds, which no call takes, are told as the nearest that one can", (seconds, told) => {
  const timings = new Timings();
  timings.observe("m", seconds);
  const [{ milliseconds, count } = { milliseconds: Number.NaN, count: 0 }] = [...timings.take()];
  expect(count).toBe(1);
  expect(Math.abs(milliseconds - told)).toBeLessThanOrEqual(told / 100);
});

test("only so many methods are told apart", () => {
  const timings = new Timings();
  for (let i = 0; i < 100; i++) timings.observe(`method ${i}`, 0.001);
  expect([...timings.take()]).toHaveLength(20);
});
