import { combine, type Way, wayOf } from "./add-up.ts";
import { numberText } from "./exposition.ts";

interface Family {
  /** Its HELP and TYPE lines. */
  head: string;
  type: string;
  readonly way: Way;
  /** By name and labels, as they stand before the value. */
  readonly samples: Map<string, number>;
}

/**
 * The expositions of several processes as one: counters and histograms are added up, and so are gauges, but for those that
 * `add-up.ts` names. Takes what our own processes write, in which every family begins with its HELP line.
 */
export function addExpositions(texts: readonly string[]): string {
  const families = new Map<string, Family>();
  for (const text of texts) add(families, text);
  return [...families.values()].map(toText).join("");
}

/**
 * What has to be kept of a process that has ended: its counters and histograms. Without them a sum would fall, which Prometheus takes
 * for a restart from 0 of the whole.
 */
export function countersOfExposition(text: string): string {
  const families = new Map<string, Family>();
  add(families, text);
  return [...families.values()]
    .filter(({ type, way }) => way === "sum" && type !== "gauge")
    .map(toText)
    .join("");
}

function add(families: Map<string, Family>, text: string): void {
  let family: Family | undefined;
  let isNew = false;
  for (const line of text.split("\n")) {
    if (line.startsWith("# HELP ")) {
      const name = line.slice(7, line.indexOf(" ", 7));
      family = families.get(name);
      isNew = family === undefined;
      family ??= { head: "", type: "", way: wayOf(name), samples: new Map() };
      families.set(name, family);
    }
    if (family === undefined || line === "") continue;
    if (!line.startsWith("#")) addSample(family, line);
    else if (isNew) addHead(family, line);
  }
}

function addHead(family: Family, line: string): void {
  family.head += `${line}\n`;
  if (line.startsWith("# TYPE ")) family.type = line.slice(line.lastIndexOf(" ") + 1);
}

function addSample({ way, samples }: Family, line: string): void {
  // No sample carries a time, so the value is what comes last.
  const at = line.lastIndexOf(" ");
  const series = line.slice(0, at);
  const value = numberOf(line.slice(at + 1));
  const before = samples.get(series);
  samples.set(series, before === undefined ? value : combine(way, before, value));
}

function toText({ head, samples }: Family): string {
  let text = head;
  for (const [series, value] of samples) text += `${series} ${numberText(value)}\n`;
  return text;
}

function numberOf(text: string): number {
  if (text === "+Inf") return Number.POSITIVE_INFINITY;
  return text === "-Inf" ? Number.NEGATIVE_INFINITY : Number(text);
}
