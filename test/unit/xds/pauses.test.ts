import { describe, expect, test } from "@jest/globals";
import { Backoff } from "../../../src/xds/backoff.ts";
import { RefusalPause } from "../../../src/xds/refusal-pause.ts";

describe("the pause before the next attempt", () => {
  const settings = { initialMs: 500, maxMs: 5_000, growth: 2, randomShare: 0 };
  const next = (backoff: Backoff, times: number) =>
    Array.from({ length: times }, () => backoff.next());

  test("doubles up to the longest, and begins anew after a reset", () => {
    const backoff = new Backoff(settings, () => 0.5);
    expect(next(backoff, 6)).toEqual([500, 1000, 2000, 4000, 5000, 5000]);
    backoff.reset();
    expect(next(backoff, 2)).toEqual([500, 1000]);
  });

  test("is random for its share, downwards: never longer than the longest", () => {
    const with_ = (random: number) => new Backoff({ ...settings, randomShare: 0.5 }, () => random);
    expect(next(with_(0), 5)).toEqual([500, 1000, 2000, 4000, 5000]);
    expect(next(with_(0.5), 5)).toEqual([375, 750, 1500, 3000, 3750]);
  });

  test("stays a number, however often and by however much it has grown", () => {
    const backoff = new Backoff({ ...settings, growth: 1_000 }, () => 0);
    expect(next(backoff, 2_000).at(-1)).toBe(5_000);
  });
});

describe("the pause before a refusal is told", () => {
  test("is none the first time, then grows up to five seconds", () => {
    const pause = new RefusalPause();
    expect([0, 1, 2, 3, 4, 5].map((second) => pause.refused(second * 1000))).toEqual([
      0, 1000, 2000, 4000, 5000, 5000,
    ]);
  });

  test("begins anew after a good update, and after half a minute of quiet", () => {
    const pause = new RefusalPause();
    pause.refused(0);
    expect(pause.refused(10)).toBe(1000);
    pause.accepted();
    expect(pause.refused(20)).toBe(0);
    expect(pause.refused(30)).toBe(1000);
    expect(pause.refused(30_031)).toBe(0);
  });
});
