import { type StatTag, tagSuffix } from "../extra-tags.ts";
import { createMogrify, type Mogrifier } from "./mogrifiers.ts";

export type LineType = "c" | "g" | "ms";

/** One metric as a line of the protocol, without its end. `name` is an internal one, without the extra tags. */
export interface LineWriter {
  write(name: string, type: LineType, value: number): string;
  /** So many observations of one value, in milliseconds. */
  writeTimings(name: string, milliseconds: number, count: number): Iterable<string>;
}

/** As the reference writes to statsd: the tags are part of the name. */
export function statsdLines(tags: readonly StatTag[]): LineWriter {
  const suffix = tagSuffix(tags);
  return {
    write: (name, type, value) => `${onOneLine(name)}${suffix}:${value}|${type}`,
    *writeTimings(name, milliseconds, count) {
      const head = `${onOneLine(name)}${suffix}:${milliseconds}|ms`;
      for (const rate of rates(count)) yield head + rate;
    },
  };
}

export interface DogStatsdOptions {
  /** Of every metric, `key:value`, before all others. */
  readonly globalTags: readonly string[];
  readonly mogrifiers: readonly Mogrifier[];
}

/** As the reference writes to DogStatsD: tags stand apart, and names may be rewritten. */
export function dogStatsdLines(
  extraTags: readonly StatTag[],
  { globalTags, mogrifiers }: DogStatsdOptions,
): LineWriter {
  const mogrify = createMogrify(mogrifiers);
  const common = [...globalTags, ...extraTags.map(({ key, value }) => `${key}:${value}`)].map(
    onOneLine,
  );
  const parts = (internalName: string) => {
    const { name, tags } = mogrify(onOneLine(internalName));
    const all = [...common, ...tags].join(",");
    return { name, tail: all === "" ? "" : `|#${all}` };
  };
  return {
    write(internalName, type, value) {
      const { name, tail } = parts(internalName);
      return `${name}:${value}|${type}${tail}`;
    },
    *writeTimings(internalName, milliseconds, count) {
      const { name, tail } = parts(internalName);
      const head = `${name}:${milliseconds.toFixed(6)}|ms`;
      for (const rate of rates(count)) yield head + rate + tail;
    },
  };
}

/** A line break, which a caller can put into a value, would begin a metric of the caller's. */
function onOneLine(text: string): string {
  return text.replace(/[\r\n]/g, "_");
}

/** What one line stands for at most; a smaller rate would be written with an exponent, which not every receiver reads. */
const countOfLineMax = 100_000;

/** Sampling rates of which `count` observations are made up: a line with the rate 1/n stands for n of them. */
function* rates(count: number): Iterable<string> {
  for (let left = count; left > 0; left -= countOfLineMax) {
    const observations = Math.min(left, countOfLineMax);
    yield observations === 1 ? "" : `|@${rateOf(observations)}`;
  }
}

/** Receivers count `1 / rate`, some with its fraction cut off: that must not be one less. */
function rateOf(observations: number): number {
  const rate = 1 / observations;
  return Math.trunc(1 / rate) === observations ? rate : rate * (1 - Number.EPSILON);
}
