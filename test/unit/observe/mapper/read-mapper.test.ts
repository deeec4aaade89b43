import { describe, expect, test } from "@jest/globals";
import type { MapperFile, Mapping } from "../../../../src/observe/mapper/mapping.ts";
import { readMapperFile } from "../../../../src/observe/mapper/read-mapper.ts";

function fileOf(text: string): MapperFile {
  const read = readMapperFile(text);
  if ("file" in read) return read.file;
  throw new Error(read.problems.map((problem) => problem.text).join("\n"));
}

/** Mistakes, as `line:column text`. */
function problemsOf(text: string): readonly string[] {
  const read = readMapperFile(text);
  if ("file" in read) throw new Error("this file was accepted");
  return read.problems.map(({ place, text: what }) => `${place.line}:${place.column} ${what}`);
}

/** The only entry of a file that holds it and these defaults. */
function mappingOf(entry: string, defaults = "{}"): Mapping | undefined {
  return fileOf(`defaults: ${defaults}\nmappings:\n  - { match: a, name: n, ${entry} }\n`)
    .mappings[0];
}

describe("a mapper file", () => {
  test("without a word maps nothing, and shows times as summaries", () => {
    const nothing: MapperFile = {
      mappings: [],
      unmapped: {
        help: undefined,
        scale: 1,
        ttlMs: undefined,
        observer: {
          type: "summary",
          quantiles: [0.5, 0.9, 0.99],
          maxAgeSeconds: 600,
          ageBuckets: 5,
        },
      },
      globDisableOrdering: false,
    };
    for (const text of ["", "# nothing", "{}", "mappings:", "defaults: ~"]) {
      expect(fileOf(text)).toEqual(nothing);
    }
  });

  test("has all that one of statsd_exporter has", () => {
    const file = fileOf(`
defaults:
  match_type: regex
  glob_disable_ordering: yes
  ttl: 1h
  observer_type: histogram
  histogram_options: { buckets: [1, 2.5, 1e3], native_histogram_bucket_factor: 1.1 }
  summary_options: { max_age: 5m }
mappings:
  - match: "a.*"
    match_type: glob
    match_metric_type: timer
    name: "n_$1"
    labels: { one: "$1", number: 1 }
    honor_labels: true
    help: What it is.
    action: map
    ttl: 90s
    scale: 0.001
    observer_type: summary
    summary_options:
      quantiles: [{ quantile: 0.5, error: 0.05 }, { quantile: 1, error: 0 }]
      age_buckets: 3
      buf_cap: 100
  - { match: b, name: m, action: drop }
`);
    expect(file.globDisableOrdering).toBe(true);
    expect(file.unmapped).toMatchObject({
      ttlMs: 3_600_000,
      observer: { type: "histogram", buckets: [1, 2.5, 1000] },
    });
    expect(file.mappings).toEqual([
      {
        matchType: "glob",
        match: "a.*",
        kind: "observer",
        name: "n_$1",
        labels: new Map([
          ["one", "$1"],
          ["number", "1"],
        ]),
        isDropped: false,
        help: "What it is.",
        scale: 0.001,
        ttlMs: 90_000,
        observer: { type: "summary", quantiles: [0.5, 1], maxAgeSeconds: 300, ageBuckets: 3 },
      },
      {
        matchType: "regex",
        match: "b",
        kind: undefined,
        name: "m",
        labels: new Map(),
        isDropped: true,
        help: undefined,
        scale: 1,
        ttlMs: 3_600_000,
        observer: { type: "histogram", buckets: [1, 2.5, 1000] },
      },
    ]);
  });

  test.each<[string, string, string, Mapping["observer"]]>([
    [
      "an entry's buckets before those of the defaults",
      "timer_type: histogram, histogram_options: { buckets: [1] }",
      "{ buckets: [2] }",
      { type: "histogram", buckets: [1] },
    ],
    [
      "those of the defaults before Prometheus' own",
      "observer_type: histogram",
      "{ buckets: [2] }",
      { type: "histogram", buckets: [2] },
    ],
    [
      "Prometheus' own for an empty list",
      "buckets: []",
      "{ timer_type: histogram }",
      { type: "histogram", buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] },
    ],
    [
      "quantiles of an entry at its top",
      "quantiles: [{ quantile: 0.25, error: 0.1 }]",
      "{}",
      { type: "summary", quantiles: [0.25], maxAgeSeconds: 600, ageBuckets: 5 },
    ],
    [
      "an empty type as the summary",
      "observer_type: ''",
      "{ observer_type: histogram }",
      { type: "summary", quantiles: [0.5, 0.9, 0.99], maxAgeSeconds: 600, ageBuckets: 5 },
    ],
  ])("takes %s", (_, entry, defaults, observer) => {
    expect(mappingOf(entry, defaults)?.observer).toEqual(observer);
  });

  test("may use anchors and merges", () => {
    const file = fileOf(`
mappings:
  - &base { match: a, name: n, labels: &labels { x: "1" } }
  - { <<: *base, match: b, labels: { <<: *labels, y: "2" } }
`);
    expect(file.mappings[1]).toMatchObject({ match: "b", name: "n" });
    expect([...(file.mappings[1]?.labels ?? [])]).toEqual([
      ["x", "1"],
      ["y", "2"],
    ]);
  });
});

describe("a mistake is told with its place", () => {
  const one = (entry: string) => `mappings:\n  - { match: a, name: n, ${entry} }\n`;

  test.each([
    ["a: [", "2:1 yaml: line 1: did not find expected node content"],
    ["[]", "1:1 a map was expected"],
    ["maping: []", "1:9 unknown key 'maping'; accepted: defaults, mappings"],
    ["mappings: {}", "1:11 a list was expected"],
    ["mappings: [x]", "1:12 a map was expected"],
    [
      "mappings:\n  - { name: n }",
      "2:5 invalid match: ; accepted: names with dots between them, or * for any one, or match_type: regex",
    ],
    [
      "mappings:\n  - { match: a.b*, name: n }",
      "2:14 invalid match: a.b*; accepted: names with dots between them, or * for any one, or match_type: regex",
    ],
    [
      "mappings:\n  - { match: 1a, name: n }",
      "2:14 invalid match: 1a; accepted: names with dots between them, or * for any one, or match_type: regex",
    ],
    [
      "mappings:\n  - { match: 'a(', match_type: regex, name: n }",
      "2:14 invalid regex a( in mapping: error parsing regexp: missing closing ): `a(`",
    ],
    [
      "mappings:\n  - { match: 'a(?=b)', match_type: regex, name: n }",
      "2:14 invalid regex a(?=b) in mapping: error parsing regexp: invalid or unsupported Perl syntax: `(?=`",
    ],
    ["mappings:\n  - { match: a }", "2:5 metric mapping didn't set a metric name"],
    [
      "mappings:\n  - { match: a, name: a-b }",
      `2:23 metric name 'a-b' has other characters than letters, digits, _ and $1 or \${1} for what was matched`,
    ],
    [one("match_type: globe"), "2:38 invalid match type 'globe'; accepted: glob, regex"],
    [
      one("match_metric_type: ''"),
      "2:45 invalid metric type ''; accepted: counter, gauge, observer, timer",
    ],
    [one("action: keep"), "2:34 invalid action type 'keep'; accepted: map, drop"],
    [one("observer_type: bar"), "2:41 invalid observer type 'bar'; accepted: histogram, summary"],
    [one("labels: [a]"), "2:34 a map was expected"],
    [one("labels: { a-b: x }"), "2:41 invalid label key: a-b"],
    [one("labels: { __a: x }"), "2:41 invalid label key: __a"],
    [one("labels: { a: [x] }"), "2:39 a text was expected"],
    [one("labels: { quantile: x }"), "2:46 label quantile is one of every summary"],
    [one("observer_type: histogram, labels: { le: x }"), "2:66 label le is one of every histogram"],
    [one("ttl: 60"), '2:31 "60" is no duration; accepted: such as 30s or 1h30m'],
    [one("ttl: -1s"), '2:31 "-1s" is no duration; accepted: such as 30s or 1h30m'],
    [one("scale: much"), "2:33 a number was expected"],
    [one("scale: .inf"), "2:33 a number was expected"],
    [one("honor_labels: maybe"), "2:40 true or false was expected"],
    [one("buckets: [2, 1]"), "2:35 buckets have to ascend"],
    [one("buckets: [a]"), "2:36 a number was expected"],
    [one("quantiles: [{ quantile: 2 }]"), "2:38 a quantile is a number from 0 to 1"],
    [
      one("quantiles: [{ quantile: 0.5, eror: 1 }]"),
      "2:61 unknown key 'eror'; accepted: quantile, error",
    ],
    [
      one("buckets: [1], histogram_options: { buckets: [1] }, observer_type: histogram"),
      "2:35 cannot use buckets in both the top level and histogram options at the same time",
    ],
    [
      one("quantiles: [], summary_options: { quantiles: [] }"),
      "2:37 cannot use quantiles in both the top level and summary options at the same time",
    ],
    [
      one("observer_type: histogram, summary_options: {}"),
      "2:69 cannot use histogram observer and summary options at the same time",
    ],
    [
      one("histogram_options: {}"),
      "2:45 cannot use summary observer and histogram options at the same time",
    ],
    [one("summary_options: { age_buckets: -1 }"), "2:58 a number of at least 0 was expected"],
    ["defaults: { glob_disable_ordering: x }", "1:36 true or false was expected"],
  ])("%j", (text, problem) => {
    expect(problemsOf(text)).toEqual([problem]);
  });

  test("and all of them at once, in their order", () => {
    expect(problemsOf("mappings:\n  - { match: a }\n  - { name: n, match: b, x: 1 }\n")).toEqual([
      "2:5 metric mapping didn't set a metric name",
      expect.stringMatching(/^3:\d+ unknown key 'x'/),
    ]);
  });
});
