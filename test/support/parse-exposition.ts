export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Family {
  readonly type: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

const nameSyntax = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const sampleSyntax = /^([^{ ]+)(?:\{(.*)\})? (\S+)$/;
const labelSyntax = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y;
const suffixes: Readonly<Record<string, readonly string[]>> = {
  counter: [""],
  gauge: [""],
  histogram: ["_bucket", "_sum", "_count"],
  summary: ["", "_sum", "_count"],
};

/**
 * Parses Prometheus' text format and accepts no slips: each family has one HELP and one TYPE line, then all its samples; names and
 * escapes are valid, no series occurs twice, counters do not fall below 0, and buckets add up.
 *
 * @throws Error that tells the line
 */
export function parseExposition(text: string): ReadonlyMap<string, Family> {
  if (!text.endsWith("\n")) throw new Error("the last line has no end");
  const families = new Map<string, { type: string; help: string; samples: Sample[] }>();
  const seen = new Set<string>();
  let current = "";
  for (const line of text.slice(0, -1).split("\n")) {
    const refuse = (why: string): Error => new Error(`${why}: ${line}`);
    const [, keyword, name = "", rest = ""] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    const family = families.get(current);
    if (line === "") continue;
    if (keyword === "HELP") {
      if (!nameSyntax.test(name) || families.has(name)) throw refuse("bad or repeated family");
      families.set(name, { type: "", help: rest, samples: [] });
      current = name;
    } else if (keyword === "TYPE") {
      if (family === undefined || name !== current || family.type !== "") throw refuse("bad TYPE");
      if (suffixes[rest] === undefined) throw refuse("unknown type");
      family.type = rest;
    } else {
      const sample = parseSample(line);
      const isOwn = suffixes[family?.type ?? ""]?.some((end) => sample.name === current + end);
      if (family === undefined || !isOwn) throw refuse("a sample outside its family");
      const series = `${sample.name}${JSON.stringify(Object.entries(sample.labels).sort())}`;
      if (seen.has(series)) throw refuse("a series twice");
      if (family.type === "counter" && !(sample.value >= 0)) throw refuse("a counter below 0");
      seen.add(series);
      family.samples.push(sample);
    }
  }
  for (const [name, { type, samples }] of families) {
    if (type === "") throw new Error(`no TYPE of ${name}`);
    if (type === "histogram") checkBuckets(name, samples);
  }
  return families;
}

/** The one sample of that name and exactly those labels; `undefined` when there is none. */
export function sampleValue(
  families: ReadonlyMap<string, Family>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const wanted = JSON.stringify(Object.entries(labels).sort());
  const samples = [...families.values()].flatMap((family) => family.samples);
  return samples.find(
    (sample) =>
      sample.name === name && JSON.stringify(Object.entries(sample.labels).sort()) === wanted,
  )?.value;
}

function parseSample(line: string): Sample {
  const [, name = "", labelText, valueText = ""] = sampleSyntax.exec(line) ?? [];
  if (!nameSyntax.test(name)) throw new Error(`not a sample: ${line}`);
  const value =
    valueText === "+Inf" ? Infinity : valueText === "-Inf" ? -Infinity : Number(valueText);
  if (Number.isNaN(value) && valueText !== "NaN") throw new Error(`not a number: ${line}`);
  return { name, labels: labelText === undefined ? {} : parseLabels(labelText, line), value };
}

function parseLabels(text: string, line: string): Readonly<Record<string, string>> {
  const labels: Record<string, string> = {};
  labelSyntax.lastIndex = 0;
  while (labelSyntax.lastIndex < text.length) {
    const [, name, value] = labelSyntax.exec(text) ?? [];
    if (name === undefined || value === undefined) throw new Error(`bad labels: ${line}`);
    if (labels[name] !== undefined) throw new Error(`a label twice: ${line}`);
    labels[name] = value.replace(/\\(.)/g, (_, char: string) => (char === "n" ? "\n" : char));
  }
  return labels;
}

function checkBuckets(name: string, samples: readonly Sample[]): void {
  const groups = new Map<string, Sample[]>();
  for (const sample of samples) {
    const { le: _, ...labels } = sample.labels;
    const key = JSON.stringify(labels);
    groups.set(key, [...(groups.get(key) ?? []), sample]);
  }
  for (const group of groups.values()) {
    const buckets = group.filter((sample) => sample.name === `${name}_bucket`);
    const count = group.find((sample) => sample.name === `${name}_count`)?.value;
    const last = buckets.at(-1);
    const bounds = buckets.map(({ labels: { le } }) => Number(le?.replace("+Inf", "Infinity")));
    const ascends = (numbers: readonly number[]): boolean =>
      numbers.every((number, i) => i === 0 || number >= (numbers[i - 1] as number));
    if (bounds.at(-1) !== Infinity || last?.value !== count || !ascends(bounds)) {
      throw new Error(`bad buckets of ${name}`);
    }
    if (!ascends(buckets.map(({ value }) => value))) throw new Error(`${name} is not cumulative`);
  }
}
