import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { boolean, warned } from "../../../src/settings/setting.ts";
import { knownToCode } from "../../support/compatibility/known.ts";
import { problemsOf, sections } from "../../support/compatibility/problems.ts";
import { rowsOf } from "../../support/compatibility/rows.ts";

const document = readFileSync(join(import.meta.dirname, "../../../docs/compatibility.md"), "utf8");

test("docs/compatibility.md tells of everything that the code has, and names tests that exist", () => {
  expect(problemsOf(rowsOf(document), knownToCode())).toEqual([]);
});

test("what the code has is found", () => {
  const { named } = knownToCode();
  const found = (section: string) => [...(named[section] ?? [])];
  expect(found("A")).toContain("`share_threshold`");
  expect(found("C")).toContain("`RateLimitDescriptor.hits_addend` = 3");
  expect(found("C")).toContain("`Health.Watch`");
  expect(found("C")).toContain("OVER_LIMIT 2");
  expect(found("D")).toContain("`/rlconfig`");
  expect(found("E")).toContain("`REDIS_URL`");
  expect(found("F")).toContain("ratelimit_service_config_load_error");
  expect(found("H")).toContain("`velocitygate explain`");
  expect(found("H")).toContain("`ratelimit_client`");
  expect(found("H")).toContain("`-grpc-server-ca-file`");
  expect(found("H")).toContain("`-config_dir`");
});

describe("a document is refused", () => {
  const none = { settings: {}, named: {} };
  const here = "unit/documents/compatibility › a document is refused › %s";
  const head = "| What | envoyproxy/ratelimit | VelocityGate | Test |\n|---|---|---|---|\n";
  /** One row in each section, and in E those that are given. */
  const withRows = (...rows: readonly string[]) =>
    sections
      .map((section) => {
        const inside = section === "E" ? rows : [`| a | b | same | ${here} |`];
        return `## ${section}. Title\n\n${head}${inside.join("\n")}\n`;
      })
      .join("\n");

  const settings = {
    ON: boolean(true, "Works."),
    LATER: boolean(false, "Does not.", warned("is not there")),
  };

  test("not when it is right", () => {
    const rows = [
      `| \`ON\` | \`true\`: a \\| b | same | ${here} |`,
      `| \`LATER\` | \`false\` | not: nobody could say what it would be good for | ${here}<br>${here} |`,
    ];
    expect(problemsOf(rowsOf(withRows(...rows)), { settings, named: { E: ["`ON`"] } })).toEqual([]);
  });

  test.each([
    ["for an empty cell", `| a |  | same | ${here} |`, "the cell «envoyproxy/ratelimit» is empty"],
    ["for want of a test", "| a | b | same |  |", "the cell «Test» is empty"],
    ["for a cell too few", "| a | b | same |", "a row has 4 cells, not 3"],
    [
      "for another verdict",
      `| a | b | alike | ${here} |`,
      "«alike» is none of: same, better: how, not: why",
    ],
    [
      "for better without how",
      `| a | b | better | ${here} |`,
      "«better» is none of: same, better: how, not: why",
    ],
    ["for not without why", `| a | b | not: no | ${here} |`, "«not» says too little: no"],
    [
      "for not yet",
      `| a | b | not: it has not been built yet | ${here} |`,
      "what is not there yet is no reason: it has not been built yet",
    ],
    [
      "for a file that is none",
      "| a | b | same | unit/none › a |",
      "there is no test file unit/none",
    ],
    [
      "for a file without a test",
      "| a | b | same | unit/documents/compatibility |",
      "no test of unit/documents/compatibility is named",
    ],
    [
      "for a test that is none",
      "| a | b | same | unit/documents/compatibility › for an empty cell |",
      "unit/documents/compatibility has no test «for an empty cell»",
    ],
    [
      "for a test elsewhere",
      "| a | b | same | unit/documents/compatibility › elsewhere › %s |",
      "unit/documents/compatibility has no test «elsewhere › %s»",
    ],
    [
      "for another default",
      `| \`ON\` | \`false\` | same | ${here} |`,
      "the default of `ON` is `true` here, not `false`",
    ],
    [
      "for a setting that does not work",
      `| \`LATER\` | \`false\` | same | ${here} |`,
      "LATER does not work",
    ],
    [
      "for one that does",
      `| \`ON\` | \`true\` | not: it is not there at all | ${here} |`,
      "ON works",
    ],
    [
      "for one that is none",
      `| \`OFF\` | \`true\` | same | ${here} |`,
      "`OFF` is no setting, and not said to be none",
    ],
  ])("%s", (_why, row, problem) => {
    const [first = "", ...others] = problemsOf(rowsOf(withRows(row)), { ...none, settings });
    expect([first.replace(/^line [0-9]+: /, ""), others]).toEqual([problem, []]);
  });

  test("for a row that is missing, or is there twice, and for a section without any", () => {
    const rows = rowsOf(withRows(`| a | b | same | ${here} |`, `| a | b | same | ${here} |`));
    const problems = problemsOf(
      rows.filter(({ section }) => section !== "M"),
      { ...none, named: { F: ["metric"] } },
    );
    expect(problems).toEqual([
      "section M has no table",
      expect.stringMatching(/^line [0-9]+: a has a row already$/),
      "section F has no row for metric",
    ]);
  });
});
