import type { Setting } from "../../../src/settings/setting.ts";
import { columns, type Row, type TestName } from "./rows.ts";
import { hasTitles, titlePaths } from "./test-titles.ts";

/** What must be told of the code, for the document to be complete. */
export interface Known {
  readonly settings: Readonly<Record<string, Setting<unknown>>>;
  /** By section, what each of them is named by at the beginning of a row: `` `PORT` ``. */
  readonly named: Readonly<Record<string, Iterable<string>>>;
}

/** The sections that the document has, each with a table. */
export const sections = [..."ABCDEFGHIKLM"];

/** A reason says more than that something is missing. */
const reasonCharactersMin = 20;

/** Everything that is wrong with the document's rows, a line each; none: it is whole and true as far as a program can tell. */
export function problemsOf(rows: readonly Row[], known: Known): readonly string[] {
  return [
    ...rows.flatMap((row) => [...ofRow(row)].map((text) => `line ${row.line}: ${text}`)),
    ...missingSections(rows),
    ...repeated(rows),
    ...missing(rows, known.named),
    ...untrueSettings(rows, known.settings),
  ];
}

function* ofRow(row: Row): Iterable<string> {
  if (row.cells.length !== columns.length) {
    yield `a row has ${columns.length} cells, not ${row.cells.length}`;
    return;
  }
  for (const [at, cell] of row.cells.entries()) {
    if (cell === "") yield `the cell «${columns[at]}» is empty`;
  }
  if (row.verdict === undefined) {
    yield `«${row.cells[2]}» is none of: same, better: how, not: why`;
  } else if (row.verdict === "not" && row.reason.length < reasonCharactersMin) {
    yield `«not» says too little: ${row.reason}`;
  } else if (row.verdict === "not" && /\byet\b/.test(row.reason)) {
    yield `what is not there yet is no reason: ${row.reason}`;
  }
  for (const test of row.tests) yield* ofTest(test);
}

function* ofTest({ file, titles }: TestName): Iterable<string> {
  const paths = titlePaths(file);
  if (paths === undefined) yield `there is no test file ${file}`;
  else if (titles.length === 0) yield `no test of ${file} is named`;
  else if (!hasTitles(paths, titles)) yield `${file} has no test «${titles.join(" › ")}»`;
}

function missingSections(rows: readonly Row[]): readonly string[] {
  const found = new Set(rows.map(({ section }) => section));
  return sections
    .filter((section) => !found.has(section))
    .map((section) => `section ${section} has no table`);
}

function repeated(rows: readonly Row[]): readonly string[] {
  const seen = new Set<string>();
  return rows
    .filter(({ section, what }) => {
      const key = `${section} ${what}`;
      const isRepeated = seen.has(key);
      seen.add(key);
      return isRepeated;
    })
    .map(({ line, what }) => `line ${line}: ${what} has a row already`);
}

function missing(rows: readonly Row[], named: Known["named"]): readonly string[] {
  return Object.entries(named).flatMap(([section, names]) => {
    const present = rows.filter((row) => row.section === section).map(({ what }) => what);
    return [...names]
      .filter((name) => !present.some((what) => what.includes(name)))
      .map((name) => `section ${section} has no row for ${name}`);
  });
}

/** A row of E that says «same» has the reference's default in the code too, and nothing that does not work is called the same. */
function untrueSettings(rows: readonly Row[], settings: Known["settings"]): readonly string[] {
  return rows
    .filter(({ section }) => section === "E")
    .flatMap((row) => {
      const name = /^`([A-Z0-9_]+)`$/.exec(row.what)?.[1] ?? "";
      const setting = settings[name];
      if (setting === undefined) {
        return row.verdict === "not" || name === ""
          ? []
          : [`line ${row.line}: ${row.what} is no setting, and not said to be none`];
      }
      const isOff = setting.later !== undefined;
      if (isOff && row.verdict !== "not") return [`line ${row.line}: ${name} does not work`];
      if (!isOff && row.verdict === "not") return [`line ${row.line}: ${name} works`];
      return row.verdict === "same" ? otherDefault(row, setting) : [];
    });
}

function otherDefault(
  { line, what, reference }: Row,
  setting: Setting<unknown>,
): readonly string[] {
  const usual = /^`([^`]*)`/.exec(reference)?.[1] ?? "";
  const [theirs, ours] = [setting.parse(usual), setting.parse(setting.default)];
  return JSON.stringify([theirs]) === JSON.stringify([ours]) && theirs !== undefined
    ? []
    : [`line ${line}: the default of ${what} is \`${setting.default}\` here, not \`${usual}\``];
}
