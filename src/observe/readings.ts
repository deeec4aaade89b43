import { Counter, Gauge, type Registry } from "prom-client";

/** A number that lives elsewhere and is read when it is asked for. */
export interface Reading {
  readonly name: string;
  readonly help: string;
  /** The reference's internal name, for the statistics page; `undefined`: it has none. */
  readonly statsName?: string | undefined;
  /** `undefined`: there is nothing to tell at present. */
  readonly read: () => number | undefined;
}

/** What becomes of the number over time. */
export type ReadingKind = "counter" | "gauge";

export interface KindReading extends Reading {
  readonly kind: ReadingKind;
}

export function registerGauge(registry: Registry, { name, help, read }: Reading): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      const value = read();
      if (value === undefined) this.remove();
      else this.set(value);
    },
  });
}

export function registerCounter(registry: Registry, { name, help, read }: Reading): void {
  new Counter({
    name,
    help,
    registers: [registry],
    collect() {
      this.reset();
      this.inc(read() ?? 0);
    },
  });
}

/** Numbers that differ in their labels. */
export interface SeriesReading {
  readonly name: string;
  readonly help: string;
  readonly kind: ReadingKind;
  readonly labels: readonly string[];
  readonly read: () => Iterable<readonly [labels: Readonly<Record<string, string>>, value: number]>;
}

export function registerSeries(
  registry: Registry,
  { kind, name, help, labels, read }: SeriesReading,
): void {
  const options = { name, help, labelNames: [...labels], registers: [registry] };
  if (kind === "gauge") {
    new Gauge({
      ...options,
      collect() {
        this.reset();
        for (const [labels, value] of read()) this.set(labels, value);
      },
    });
  } else {
    new Counter({
      ...options,
      collect() {
        this.reset();
        for (const [labels, value] of read()) this.inc(labels, value);
      },
    });
  }
}

/** Counts that differ in one label. */
export interface LabelledReading {
  readonly name: string;
  readonly help: string;
  readonly label: string;
  readonly read: () => Iterable<readonly [labelValue: string, count: number]>;
}

export function registerLabelledCounter(
  registry: Registry,
  { name, help, label, read }: LabelledReading,
): void {
  new Counter({
    name,
    help,
    labelNames: [label],
    registers: [registry],
    collect() {
      this.reset();
      for (const [value, count] of read()) this.inc({ [label]: value }, count);
    },
  });
}
