/** One row of `docs/compatibility.md`. */
export interface Row {
  /** The letter of its section. */
  readonly section: string;
  /** Its line in the document, from 1. */
  readonly line: number;
  readonly what: string;
  readonly reference: string;
  /** `undefined`: none of the three. */
  readonly verdict: "same" | "better" | "not" | undefined;
  /** What is better, or why not; empty for `same`. */
  readonly reason: string;
  readonly tests: readonly TestName[];
  /** As they stand there, for what all rows have in common. */
  readonly cells: readonly string[];
}

/** A test as a row names it: `unit/limits/match › depth`. */
export interface TestName {
  /** Below `test/`, without `.test.ts` or `.ts`. */
  readonly file: string;
  /** Of a test, or of the `describe` that holds tests, from the outside in; may leave out outer ones. */
  readonly titles: readonly string[];
}

/** What the cells of a table hold, in their order. */
export const columns = ["What", "envoyproxy/ratelimit", "VelocityGate", "Test"] as const;

const heading = /^## ([A-Z])\. /;
const verdict = /^(?:(same)|(better|not): (.+))$/s;

/** Every row of every table that stands in a section with a letter. */
export function rowsOf(document: string): readonly Row[] {
  const rows: Row[] = [];
  let section: string | undefined;
  for (const [at, line] of document.split("\n").entries()) {
    if (line.startsWith("## ")) section = heading.exec(line)?.[1];
    if (section === undefined || !line.startsWith("|")) continue;
    const cells = cellsOf(line);
    if (cells.every((cell) => /^-+$/.test(cell)) || isHead(cells)) continue;
    rows.push(rowOf(section, at + 1, cells));
  }
  return rows;
}

function isHead(cells: readonly string[]): boolean {
  return cells.length === columns.length && cells.every((cell, at) => cell === columns[at]);
}

function rowOf(section: string, line: number, cells: readonly string[]): Row {
  const [what = "", reference = "", ours = "", tests = ""] = cells;
  const found = verdict.exec(ours);
  return {
    section,
    line,
    what,
    reference,
    verdict: (found?.[1] ?? found?.[2]) as Row["verdict"],
    reason: found?.[3] ?? "",
    tests: tests === "" ? [] : tests.split("<br>").map(testName),
    cells,
  };
}

/** A `|` within a cell is written `\|`. */
function cellsOf(line: string): readonly string[] {
  return line
    .replace(/^\|\s?/, "")
    .replace(/\s?\|\s*$/, "")
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll("\\|", "|"));
}

function testName(text: string): TestName {
  const [file = "", ...titles] = text.split(" › ").map((part) => part.trim());
  return { file, titles };
}
