import type { Setting } from "../../src/settings/setting.ts";
import { sections, table } from "../../src/settings/table.ts";

/** The tables of `docs/configuration.md`, as they follow from the settings. */
export function settingsTables(): string {
  const works = ([, setting]: Row) => setting.later === undefined;
  return [
    ...sections.map(({ title, settings }) =>
      [
        `### ${title}`,
        "",
        "| Name | Default | Value | Meaning |",
        "|---|---|---|---|",
        ...Object.entries(settings).filter(works).map(toLine),
      ].join("\n"),
    ),
    [
      "### Settings of the reference that do nothing yet",
      "",
      "| Name | Default | When set to something else | Why |",
      "|---|---|---|---|",
      ...Object.entries(table)
        .filter((row) => !works(row))
        .map(toLaterLine),
    ].join("\n"),
  ].join("\n\n");
}

type Row = readonly [name: string, setting: Setting<unknown>];

/** The whole document, with the text between its marks replaced by the tables. */
export function withTables(document: string): string {
  const begin = document.indexOf(beginMark);
  const end = document.indexOf(endMark);
  if (begin < 0 || end < begin) throw new Error("the document has lost its marks");
  const before = document.slice(0, begin + beginMark.length);
  return `${before}\n\n${settingsTables()}\n\n${document.slice(end)}`;
}

const beginMark = "<!-- Made from src/settings/table.ts: begin. -->";
const endMark = "<!-- Made from src/settings/table.ts: end. -->";

function toLine([name, setting]: Row): string {
  return line(name, setting.default, valuesOf(setting), setting.meaning);
}

function toLaterLine([name, { later, default: usual }]: Row): string {
  return line(name, usual, later?.outcome ?? "", later?.text ?? "");
}

function line(name: string, usual: string, ...cells: readonly string[]): string {
  const written = [`\`${name}\``, usual === "" ? "" : `\`${usual}\``, ...cells];
  return `| ${written.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

function valuesOf({ type, accepted }: Setting<unknown>): string {
  if (type === "boolean") return "boolean";
  return accepted
    .replace(/, such as.*$/, "")
    .replace(/^a duration from/, "duration from")
    .replace(/^a (?:whole )?number from/, "from")
    .replace(/^at most 4096 bytes$/, "text");
}
