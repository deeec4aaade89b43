import type { Family } from "./parse-exposition.ts";

/** What a page, or the service itself, says of a metric. */
export interface Described {
  readonly type: string;
  /** In the order of their names; those of buckets and quantiles are left out. `undefined`: no sample was there to tell. */
  readonly labels: readonly string[] | undefined;
}

/** Labels that belong to a type and not to a metric. */
const ofType = new Set(["le", "quantile"]);

/** Every metric of some scrapes, with all labels that it has in any of them. */
export function describedBy(
  scrapes: readonly ReadonlyMap<string, Family>[],
): ReadonlyMap<string, Described> {
  const metrics = new Map<string, Described>();
  for (const scrape of scrapes) {
    for (const [name, { type, samples }] of scrape) {
      const before = metrics.get(name)?.labels;
      const labels = new Set(before);
      for (const sample of samples) {
        for (const label of Object.keys(sample.labels)) if (!ofType.has(label)) labels.add(label);
      }
      const isTold = before !== undefined || samples.length > 0;
      metrics.set(name, { type, labels: isTold ? [...labels].sort(byCodeUnits) : undefined });
    }
  }
  return metrics;
}

/**
 * Every metric of `docs/metrics.md`: of its tables with the columns Metric, Type, Labels and Meaning, in which a row may name several
 * metrics. A name may have `<key>` for any text.
 */
export function documentedMetrics(document: string): ReadonlyMap<string, Described> {
  const metrics = new Map<string, Described>();
  for (const [name, type, labels] of rowsOf(document)) {
    if (metrics.has(name)) throw new Error(`${name} is there twice`);
    metrics.set(name, { type, labels });
  }
  return metrics;
}

function* rowsOf(
  document: string,
): Iterable<readonly [name: string, type: string, labels: readonly string[]]> {
  let isMetrics = false;
  for (const line of document.split("\n")) {
    const cells = line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim());
    if (cells.length !== 4) isMetrics = false;
    else if (cells[0] === "Metric") isMetrics = true;
    else if (isMetrics && !/^-+$/.test(cells[0] ?? "")) {
      const [names = "", type = "", labels = "", meaning = ""] = cells;
      if (meaning === "") throw new Error(`no meaning: ${line}`);
      for (const name of quotedIn(names)) yield [name, type, quotedIn(labels).sort(byCodeUnits)];
    }
  }
}

/** The names of metrics that are written anywhere in the document, in expressions too. */
export function namesIn(document: string): ReadonlySet<string> {
  const names = document.match(
    /\b(?:velocitygate|ratelimit_service|ratelimit_redis|ratelimit_localcache|runtime|certs|nodejs|process)_[A-Za-z0-9_]+\b(?![*<])/g,
  );
  return new Set(names);
}

function quotedIn(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, text = ""]) => text);
}

/** What the page and the service do not have in common, a line each. */
export function differences(
  documented: ReadonlyMap<string, Described>,
  shown: ReadonlyMap<string, Described>,
): readonly string[] {
  const lines: string[] = [];
  const seen = new Set<string>();
  for (const [name, metric] of shown) {
    const row = [...documented.keys()].find((written) => matches(written, name));
    if (row === undefined) {
      lines.push(`${name} is not in docs/metrics.md`);
      continue;
    }
    seen.add(row);
    const told = documented.get(row);
    if (told?.type !== metric.type) lines.push(`${name} is a ${metric.type}, not a ${told?.type}`);
    if (metric.labels !== undefined && told?.labels?.join() !== metric.labels.join()) {
      lines.push(`${name} has the labels ${metric.labels.join()}, not ${told?.labels?.join()}`);
    }
  }
  for (const name of documented.keys()) if (!seen.has(name)) lines.push(`no scrape shows ${name}`);
  return lines;
}

function matches(written: string, name: string): boolean {
  return new RegExp(`^${written.replace(/<[a-z]+>/g, "[A-Za-z0-9_]+")}$`).test(name);
}

function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : 1;
}
