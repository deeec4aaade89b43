import { describe, expect, test } from "@jest/globals";
import { accept, compare } from "../../../bench/check/baseline.ts";
import { median, medians, range } from "../../../bench/figures.ts";
import { LatencyRecord } from "../../../bench/load/latencies.ts";
import { redisPerCall } from "../../../bench/measure/redis-counts.ts";
import { allocations, byOrigin, selfTimes } from "../../../bench/profile/cpu-profile.ts";

describe("latencies", () => {
  test("are told by the value that so many do not exceed", () => {
    const record = new LatencyRecord(990);
    // 1 to 1000, in no order.
    for (let i = 0; i < 1_000; i++) record.add(((i * 617) % 1_000) + 1);
    expect(record.quantiles()).toEqual({ p50: 500, p99: 990, p999: 999 });
    expect(record.lateShare).toBe(0.01);
  });

  test("are kept however many there are", () => {
    const record = new LatencyRecord(0);
    for (let i = 1; i <= 200_000; i++) record.add(i);
    expect(record.quantiles()).toEqual({ p50: 100_000, p99: 198_000, p999: 199_800 });
  });

  test("of no call are 0", () => {
    const record = new LatencyRecord(0);
    expect(record.quantiles()).toEqual({ p50: 0, p99: 0, p999: 0 });
    expect(record.lateShare).toBe(0);
  });
});

describe("rounds", () => {
  const rounds = [{ a: 3 }, { a: 1, b: 9 }, { a: 2 }];

  test("come to their medians, whatever their order", () => {
    expect(medians({ rounds })).toEqual({ a: 2, b: 0 });
    expect(median({ rounds: rounds.slice(1) }, "a")).toBe(1.5);
    expect(range({ rounds }, "a")).toEqual([1, 3]);
  });
});

describe("what Redis did for each call", () => {
  test("is what was added between two readings, the harness's own commands left out", () => {
    const before = { commands: new Map([["incrby", 10]]), bytesIn: 100, bytesOut: 10 };
    const after = {
      commands: new Map([
        ["incrby", 210],
        ["expire", 50],
        ["info", 100],
      ]),
      bytesIn: 1_100,
      bytesOut: 510,
    };
    expect(redisPerCall(before, after, 100)).toEqual({
      commands: { incrby: 2, expire: 0.5 },
      bytesIn: 10,
      bytesOut: 5,
    });
  });
});

describe("a baseline", () => {
  const baseline = accept({ commands: 2, heap_bytes: 1_000 });

  test("holds for what it was made of", () => {
    const { failures, improvements } = compare({ commands: 2, heap_bytes: 1_000 }, baseline);
    expect(failures).toEqual([]);
    expect(improvements).toEqual([]);
  });

  test.each([
    ["a count that rose beyond its tolerance", { commands: 2.2, heap_bytes: 1_100 }, ["commands"]],
    ["a count that is not there any more", { commands: 2 }, ["heap_bytes"]],
    ["a count that it does not have", { commands: 2, heap_bytes: 1_000, more: 1 }, ["more"]],
  ])("fails for %s", (_, counts, failures) => {
    expect(compare(counts as Record<string, number>, baseline).failures).toEqual(failures);
  });

  test("tells what became so much better that it should be lowered", () => {
    expect(compare({ commands: 1, heap_bytes: 900 }, baseline)).toMatchObject({
      failures: [],
      improvements: ["commands"],
    });
  });
});

describe("a profile", () => {
  const frame = (functionName: string, url: string) => ({ functionName, url, lineNumber: 9 });

  test("is told by function and by origin, without the time in which nothing was done", () => {
    const functions = selfTimes({
      nodes: [
        { id: 1, callFrame: frame("(idle)", "") },
        { id: 2, callFrame: frame("decode", "file:///somewhere/dist/rls/decode.js") },
        { id: 3, callFrame: frame("write", "file:///x/node_modules/@a/b/lib/c.js") },
        { id: 4, callFrame: frame("encode", "file:///somewhere/dist/rls/encode.js") },
      ],
      samples: [1, 2, 3, 4, 2],
      timeDeltas: [900, 30, 40, 20, 10],
    });
    expect(functions).toEqual([
      { name: "decode", place: "rls/decode.js:10", share: 0.4 },
      { name: "write", place: "node_modules/@a/b/lib/c.js:10", share: 0.4 },
      { name: "encode", place: "rls/encode.js:10", share: 0.2 },
    ]);
    expect(byOrigin(functions).map(({ name, share }) => [name, Number(share.toFixed(3))])).toEqual([
      ["rls/", 0.6],
      ["@a/b", 0.4],
    ]);
  });

  test("of allocations adds up its tree", () => {
    const leaf = { callFrame: frame("a", "node:net"), selfSize: 30, children: [] };
    const head = {
      callFrame: frame("(root)", ""),
      selfSize: 0,
      children: [{ callFrame: frame("b", "node:fs"), selfSize: 10, children: [leaf] }, leaf],
    };
    const { bytes, shares } = allocations({ head });
    expect(bytes).toBe(70);
    expect(shares[0]).toMatchObject({ name: "a", place: "node:net:10", share: 60 / 70 });
  });
});
