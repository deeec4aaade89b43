import { Summary } from "prom-client";
import { Exposition, type MetricType, renderLabels } from "../exposition.ts";
import { HotHistogram } from "../histogram.ts";
import type { ObserverOptions } from "./mapping.ts";

type Labels = Readonly<Record<string, string>>;

/** One series of a mapped metric. */
export interface MappedSeries {
  /** When it last changed. */
  touchedMs: number;
  readonly ttlMs: number | undefined;
  /** It was forgotten, and whoever has it looks for another. */
  isGone: boolean;
  add(value: number): void;
  set(value: number): void;
  observe(value: number): void;
  /** Writes its samples into the family that was begun. */
  write(into: Exposition): Promise<void>;
}

/** A metric and its series, which may have different labels. */
export class MappedFamily {
  readonly name: string;
  readonly type: MetricType;
  readonly #help: string;
  readonly #series = new Map<string, MappedSeries>();

  constructor(name: string, type: MetricType, help: string) {
    this.name = name;
    this.type = type;
    this.#help = help;
  }

  /** The one with these labels, made when there is none. `observer` has its meaning the first time only. */
  series(labels: Labels, ttlMs: number | undefined, observer: ObserverOptions): MappedSeries {
    const rendered = renderLabels(labels);
    let series = this.#series.get(rendered);
    if (series === undefined) {
      series = { touchedMs: 0, ttlMs, isGone: false, ...this.#valueOf(labels, observer) };
      this.#series.set(rendered, series);
    }
    return series;
  }

  /** Forgets what has not changed for too long. */
  forget(nowMs: number): void {
    for (const [labels, series] of this.#series) {
      if (series.ttlMs === undefined || nowMs - series.touchedMs <= series.ttlMs) continue;
      series.isGone = true;
      this.#series.delete(labels);
    }
  }

  /** Its text; empty when it has no series. */
  async text(): Promise<string> {
    if (this.#series.size === 0) return "";
    const exposition = new Exposition().family(this.name, this.type, this.#help);
    for (const series of this.#series.values()) await series.write(exposition);
    return exposition.toString();
  }

  #valueOf(labels: Labels, observer: ObserverOptions): Value {
    if (this.type === "histogram") return histogram(labels, observer);
    return this.type === "summary" ? summary(labels, observer) : number(labels);
  }
}

type Value = Pick<MappedSeries, "add" | "set" | "observe" | "write">;

function number(labels: Labels): Value {
  const rendered = renderLabels(labels);
  let value = 0;
  return {
    add(more) {
      value += more;
    },
    set(now) {
      value = now;
    },
    observe: nothing,
    async write(into) {
      into.sample(value, rendered);
    },
  };
}

function histogram(labels: Labels, observer: ObserverOptions): Value {
  const bounds = observer.type === "histogram" ? observer.buckets : [];
  const values = new HotHistogram(bounds, labels);
  return {
    add: nothing,
    set: nothing,
    observe: (value) => values.observe(value),
    async write(into) {
      values.write(into);
    },
  };
}

function summary(labels: Labels, observer: ObserverOptions): Value {
  const options = observer.type === "summary" ? observer : undefined;
  const values = new Summary({
    name: "summary",
    help: "summary",
    registers: [],
    percentiles: [...(options?.quantiles ?? [])],
    ...(options && { maxAgeSeconds: options.maxAgeSeconds, ageBuckets: options.ageBuckets }),
  });
  return {
    add: nothing,
    set: nothing,
    observe: (value) => values.observe(value),
    async write(into) {
      for (const sample of (await values.get()).values) {
        const { metricName, labels: own, value } = sample as SummarySample;
        const quantile = "quantile" in own ? { quantile: `${own["quantile"]}` } : {};
        const suffix = metricName?.slice("summary".length) ?? "";
        into.sample(value, renderLabels({ ...labels, ...quantile }), suffix);
      }
    },
  };
}

/** What prom-client gives out; its types leave out the name. */
interface SummarySample {
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

function nothing(): void {}
