import { describe, expect, test } from "@jest/globals";
import { Mapper } from "../../../../src/observe/mapper/mapper.ts";
import type { MapperFile, MetricKind } from "../../../../src/observe/mapper/mapping.ts";
import { readMapperFile } from "../../../../src/observe/mapper/read-mapper.ts";
import { cpuMsOf } from "../../../support/cpu-time.ts";

function fileOf(text: string): MapperFile {
  const read = readMapperFile(text);
  if ("file" in read) return read.file;
  throw new Error(read.problems.map((problem) => problem.text).join("\n"));
}

/** The name that a metric gets; `undefined` when no entry matches. */
function nameOf(text: string, metric: string, kind: MetricKind = "counter"): string | undefined {
  return new Mapper(fileOf(text)).find(metric, kind)?.name;
}

describe("a glob", () => {
  const text = `
mappings:
  - { match: "a.*.c", name: star }
  - { match: a.b.c, name: never }
  - { match: a.b, name: two }
  - { match: "*.*", name: "\${2}_of_\${1}", labels: { first: "$1", both: "$1/$2" } }
`;

  test("matches as many fields as it has, each * any one of them, an empty one too", () => {
    expect(nameOf(text, "a.b.c")).toBe("star");
    expect(nameOf(text, "a..c")).toBe("star");
    expect(nameOf(text, "a.b")).toBe("two");
    expect(nameOf(text, "a.b.c.d")).toBeUndefined();
    expect(nameOf(text, "a")).toBeUndefined();
  });

  test("has its stars in the name and in labels", () => {
    expect(new Mapper(fileOf(text)).find("x y.z*", "gauge")).toMatchObject({
      name: "z*_of_x y",
      labels: { first: "x y", both: "x y/z*" },
    });
  });

  test("the first that matches counts, whether or not a later one is nearer", () => {
    expect(nameOf(text, "a.b.c")).toBe("star");
  });

  test("without ordering the most literal one counts, from the first field on", () => {
    const unordered = `
defaults: { glob_disable_ordering: true }
mappings:
  - { match: "*.*.c", name: last }
  - { match: "*.b.*", name: middle }
  - { match: "a.*.*", name: first }
  - { match: "a.*.c", name: both }
`;
    expect(nameOf(unordered, "a.b.c")).toBe("both");
    expect(nameOf(unordered, "a.b.x")).toBe("first");
    expect(nameOf(unordered, "x.b.c")).toBe("middle");
    expect(nameOf(unordered, "x.x.c")).toBe("last");
  });

  test("a shorter one behind a longer one of the same beginning matches too", () => {
    const text = `
mappings:
  - { match: "a.*.b", name: long }
  - { match: "a.*", name: short }
`;
    expect(nameOf(text, "a.x")).toBe("short");
  });
});

describe("a regular expression", () => {
  const text = `
mappings:
  - { match: 'total_(hits|misses)$', match_type: regex, name: "total_$1" }
  - { match: '^(?P<domain>[^.]+)\\.', match_type: regex, name: domain, labels: { domain: "$domain" } }
  - { match: "d.total_hits", name: glob }
`;

  test("matches anywhere unless it says otherwise, and comes after all globs", () => {
    expect(nameOf(text, "d.k.total_hits")).toBe("total_hits");
    expect(nameOf(text, "d.total_hits")).toBe("glob");
    expect(nameOf(text, "total_hits_of")).toBeUndefined();
    expect(new Mapper(fileOf(text)).find("x.y", "counter")).toMatchObject({
      name: "domain",
      labels: { domain: "x" },
    });
  });

  test("takes a moment, whatever a caller has put into the name", () => {
    const evil = `
mappings:
  - { match: '^(.*)\\.(.*)\\.(.*)\\.(.*)\\.(.*)!$', match_type: regex, name: x }
`;
    const spent = cpuMsOf(() => {
      expect(nameOf(evil, `${".a".repeat(4_000)}?`)).toBeUndefined();
    });
    expect(spent).toBeLessThan(1_000);
  });
});

test("an entry may be for one kind of metrics; those of another look further", () => {
  const text = `
mappings:
  - { match: "a.b", match_metric_type: gauge, name: of_gauges }
  - { match: "a.b", match_metric_type: timer, name: of_timers }
  - { match: "a.*", match_type: regex, match_metric_type: counter, name: of_counters }
`;
  expect(nameOf(text, "a.b", "gauge")).toBe("of_gauges");
  expect(nameOf(text, "a.b", "observer")).toBe("of_timers");
  expect(nameOf(text, "a.b", "counter")).toBe("of_counters");
  expect(nameOf(text, "a.c", "gauge")).toBeUndefined();
});
