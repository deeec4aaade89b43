import { setImmediate } from "node:timers/promises";
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

/** After how many lines other work may come in between: about a millisecond's. */
const linesAtATime = 2_000;

/**
 * The expositions of several processes as one: counters and histograms are added up, and so are gauges, but for those that
 * `add-up.ts` names. Of the quantiles of summaries, which cannot be added, the highest is told. Takes what our own processes write, in which every family begins with its HELP line.
 */
export async function addExpositions(texts: readonly string[]): Promise<string> {
  return toText(await familiesOf(texts));
}

/**
 * What has to be kept of a process that has ended: its counters and histograms. Without them a sum would fall, which Prometheus takes
 * for a restart from 0 of the whole.
 */
export async function countersOfExposition(text: string): Promise<string> {
  const families = await familiesOf([text]);
  for (const { samples } of families) {
    for (const series of samples.keys()) if (isQuantile.test(series)) samples.delete(series);
  }
  return toText(families.filter(({ type, way }) => way === "sum" && type !== "gauge"));
}

/** A sample of a summary that tells how long calls take of late; no value of a label can look like it, as its quotes are escaped. */
const isQuantile = /[{,]quantile="/;

async function familiesOf(texts: readonly string[]): Promise<readonly Family[]> {
  const families = new Map<string, Family>();
  for (const text of texts) {
    let family: Family | undefined;
    let isNew = false;
    let lines = 0;
    for (let at = 0, end = 0; at < text.length; at = end + 1) {
      end = text.indexOf("\n", at);
      if (end < 0) end = text.length;
      const line = text.slice(at, end);
      if (line.startsWith("# HELP ")) {
        const name = line.slice(7, line.indexOf(" ", 7));
        family = families.get(name);
        isNew = family === undefined;
        family ??= { head: "", type: "", way: wayOf(name), samples: new Map() };
        families.set(name, family);
      }
      if (family !== undefined && line !== "") addLine(family, line, isNew);
      lines += 1;
      if (lines % linesAtATime === 0) await setImmediate();
    }
  }
  return [...families.values()];
}

function addLine(family: Family, line: string, isNew: boolean): void {
  if (!line.startsWith("#")) addSample(family, line);
  else if (isNew) addHead(family, line);
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
  const how = isQuantile.test(series) ? "max" : way;
  samples.set(series, before === undefined ? value : combine(how, before, value));
}

async function toText(families: readonly Family[]): Promise<string> {
  let text = "";
  let lines = 0;
  for (const { head, samples } of families) {
    text += head;
    for (const [series, value] of samples) {
      text += `${series} ${numberText(value)}\n`;
      lines += 1;
      if (lines % linesAtATime === 0) await setImmediate();
    }
  }
  return text;
}

function numberOf(text: string): number {
  if (text === "+Inf") return Number.POSITIVE_INFINITY;
  return text === "-Inf" ? Number.NEGATIVE_INFINITY : Number(text);
}
