import { describe, expect, test } from "@jest/globals";
import { LimitTable, type RegisteredLimit } from "../../../src/observe/limit-table.ts";
import { sanitizeDots } from "../../../src/observe/stats-name.ts";

function tableOf(limitsMax: number) {
  let overflows = 0;
  const table = new LimitTable(limitsMax, () => {
    overflows += 1;
  });
  const names = () => [...table.rows()].map(({ name }) => [name.domain, ...name.levels].join("."));
  return { table, names, overflows: () => overflows };
}

const limit = (statsKey: string): RegisteredLimit => ({ statsKey, domain: "d" });

test("the counts of a limit are one object, whoever asks", () => {
  const { table } = tableOf(10);
  table.stats("d.a").totalHits += 3;
  table.stats("d.a").totalHits += 2;
  expect(table.stats("d.a").totalHits).toBe(5);
  expect(table.stats("d.b").totalHits).toBe(0);
});

describe("limits on demand", () => {
  test("are bounded: past half of the room they share one row, and that is told once", () => {
    const { table, names, overflows } = tableOf(4);
    for (let i = 0; i < 100; i++) table.stats(`d.key_${i}`).totalHits += 1;
    expect(names()).toEqual(["d.key_0", "d.key_1", "__overflow__.__overflow__"]);
    expect(table.stats("d.key_77")).toBe(table.stats("d.key_78"));
    expect(table.stats("d.key_77").totalHits).toBe(98);
    expect(table.stats("d.key_0").totalHits).toBe(1);
    expect(overflows()).toBe(1);
  });

  test("take no room from registered ones", () => {
    const { table, names } = tableOf(4);
    for (let i = 0; i < 100; i++) table.stats(`d.key_${i}`);
    table.register([limit("d.a"), limit("d.b")]);
    expect(names()).toContain("d.a");
    expect(names()).toContain("d.b");
  });
});

test("dots within a level are kept, or not: never those of the domain", () => {
  const shown = (sanitizeLevel?: (level: string) => string) => {
    const table = new LimitTable(10, () => undefined, sanitizeLevel);
    table.register([{ statsKey: "a.b.x.y.z", domain: "a.b", levels: ["x.y", "z"] }]);
    table.stats("a.b.host_w.x.user_1.5", "a.b", [
      { key: "host", value: "w.x" },
      { key: "user", value: "1.5" },
    ]);
    return [...table.rows()].map(({ labels }) => labels);
  };
  expect(shown()).toEqual([
    '{domain="a.b",key1="x.y",key2="z"}',
    '{domain="a.b",key1="host_w.x",key2="user_1.5"}',
  ]);
  expect(shown(sanitizeDots)).toEqual([
    '{domain="a.b",key1="x_y",key2="z"}',
    '{domain="a.b",key1="host_w_x",key2="user_1_5"}',
  ]);
});

describe("registered limits", () => {
  test("are there before their first hit", () => {
    const { table, names } = tableOf(10);
    table.register([{ statsKey: "d.x.y.z", domain: "d", levels: ["x.y", "z"] }]);
    expect(names()).toEqual(["d.x.y.z"]);
    expect([...table.rows()][0]?.name).toEqual({ domain: "d", levels: ["x.y", "z"] });
    expect([...table.rows()][0]?.stats.totalHits).toBe(0);
  });

  test("keep their counts over a reload", () => {
    const { table } = tableOf(10);
    table.register([limit("d.a")]);
    table.stats("d.a").totalHits = 7;
    table.register([limit("d.b"), limit("d.a")]);
    expect(table.stats("d.a").totalHits).toBe(7);
  });

  test("that are gone from the rules stay as long as there is room", () => {
    const { table, names } = tableOf(4);
    table.register([limit("d.a")]);
    table.register([limit("d.b")]);
    expect(names()).toEqual(["d.a", "d.b"]);
    table.register([limit("d.c")]);
    expect(names()).toEqual(["d.c"]);
  });

  test("beyond half of the room are counted once they are hit", () => {
    const { table, names, overflows } = tableOf(4);
    table.register(["d.a", "d.b", "d.c", "d.d"].map(limit));
    expect(names()).toEqual(["d.a", "d.b"]);
    table.stats("d.c").totalHits += 1;
    expect(names()).toEqual(["d.a", "d.b", "d.c"]);
    expect(overflows()).toBe(0);
  });

  test("that were hit before they were registered keep their counts, and change sides", () => {
    const { table, names } = tableOf(4);
    table.stats("d.a").totalHits = 1;
    table.stats("d.b").totalHits = 1;
    table.register([limit("d.a")]);
    table.stats("d.c");
    expect(names()).toEqual(["d.a", "d.b", "d.c"]);
    expect(table.stats("d.a").totalHits).toBe(1);
  });

  test("named twice are one", () => {
    const { table, names } = tableOf(4);
    table.register([limit("d.a"), limit("d.a"), limit("d.b")]);
    expect(names()).toEqual(["d.a", "d.b"]);
  });

  test("never exceed half of the room over many reloads", () => {
    const { table, names } = tableOf(10);
    for (let i = 0; i < 50; i++) {
      table.register([limit(`d.a${i}`), limit(`d.b${i}`), limit("d.kept")]);
      expect(names()).toEqual(expect.arrayContaining([`d.a${i}`, `d.b${i}`, "d.kept"]));
      expect(names().length).toBeLessThanOrEqual(5);
    }
  });
});
