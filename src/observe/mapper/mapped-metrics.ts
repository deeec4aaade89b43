import { setImmediate } from "node:timers/promises";
import { wayOf } from "../add-up.ts";
import { escapeMetricName, labelValueMax, type MetricType } from "../exposition.ts";
import { type ExtraTags, extraLabels, statTags, tagSuffix } from "../extra-tags.ts";
import { type Counted, serviceFigures } from "../figures.ts";
import { Growth } from "../growth.ts";
import type { Log } from "../log.ts";
import { MappedFamily, type MappedSeries } from "./mapped-family.ts";
import { Mapper } from "./mapper.ts";
import type { MapperFile, Mapping, MetricKind } from "./mapping.ts";

export interface MappedOptions {
  readonly file: MapperFile;
  readonly extraTags: ExtraTags;
  readonly log: Log;
  /** Of several workers' figures, those that all count alike are left to the primary. */
  readonly isWorker: boolean;
  /** Milliseconds that only go forward. */
  readonly nowMs: () => number;
}

/** How long names are looked up at a time before other work may come in between. */
const sliceMs = 2;

/** How many names are remembered with their series; past that, all are looked up anew. */
const rememberedMax = 200_000;

/** Begins of names that are the program's own. */
const ownNames = /^(?:velocitygate|process|nodejs)_/;

const defaultHelp = "Mapped by the mapper file from the reference's internal names.";

/** Where a metric's values go. */
interface Target {
  readonly series: MappedSeries;
  readonly scale: number;
}

/**
 * What is counted under the reference's internal names, as a user's mapper file shows it to Prometheus. As in the reference a series
 * is there once something was counted for it.
 */
export class MappedMetrics {
  readonly #options: MappedOptions;
  readonly #mapper: Mapper;
  readonly #suffix: string;
  readonly #extraLabels: Readonly<Record<string, string>>;
  readonly #growth = new Growth();
  readonly #families = new Map<string, MappedFamily>();
  readonly #targets = new Map<string, Target | "dropped">();
  #updating: Promise<void> | undefined;
  #isWarned: boolean = false;

  constructor(options: MappedOptions) {
    this.#options = options;
    this.#mapper = new Mapper(options.file);
    this.#suffix = tagSuffix(statTags(options.extraTags));
    this.#extraLabels = extraLabels(options.extraTags);
  }

  /** Whether some series are forgotten with time, and `update` has to be called from time to time. */
  get forgets(): boolean {
    const { mappings, unmapped } = this.#options.file;
    return [...mappings, unmapped].some(({ ttlMs }) => ttlMs !== undefined);
  }

  /** A call ended. */
  observeCall(method: string, seconds: number): void {
    const name = `ratelimit_server.${method}.response_time`;
    const target = this.#targetOf(name, "observer");
    target?.series.observe(seconds * 1000 * target.scale);
  }

  /** Takes over what was counted since the last time. Whoever asks while it is at work waits for the same. */
  update(counted: () => Counted): Promise<void> {
    this.#updating ??= this.#update(counted()).finally(() => {
      this.#updating = undefined;
    });
    return this.#updating;
  }

  /** Every metric, one after the other. */
  async *texts(): AsyncIterable<string> {
    for (const family of this.#families.values()) yield await family.text();
  }

  async #update(counted: Counted): Promise<void> {
    const isOurs = (name: string) => !this.#options.isWorker || wayOf(name) === "sum";
    for (const { name, value } of this.#growth.ofService(counted)) {
      if (isOurs(name)) this.#add(name, value);
    }
    for (const { name, kind, value } of serviceFigures(counted)) {
      const target = kind === "gauge" && isOurs(name) ? this.#targetOf(name, kind) : undefined;
      target?.series.set(value * target.scale);
    }
    let startedMs = performance.now();
    for (const row of counted.limits) {
      for (const { name, value } of this.#growth.ofLimit(row)) this.#add(name, value);
      if (performance.now() - startedMs < sliceMs) continue;
      await setImmediate();
      startedMs = performance.now();
    }
    const nowMs = this.#options.nowMs();
    for (const family of this.#families.values()) family.forget(nowMs);
  }

  #add(name: string, value: number): void {
    const target = this.#targetOf(name, "counter");
    // A counter does not fall.
    if (target !== undefined && target.scale >= 0) target.series.add(value * target.scale);
  }

  /** Where the value of a metric that changes now goes to; `undefined`: nowhere. */
  #targetOf(name: string, kind: MetricKind): Target | undefined {
    const key = `${kind} ${name}`;
    let target = this.#targets.get(key);
    if (target === undefined || (target !== "dropped" && target.series.isGone)) {
      target = this.#find(name, kind) ?? "dropped";
      if (this.#targets.size >= rememberedMax) this.#targets.clear();
      this.#targets.set(key, target);
    }
    if (target === "dropped") return undefined;
    target.series.touchedMs = this.#options.nowMs();
    return target;
  }

  /** The series of a name: with the extra tags in it, as the reference has it, or else without, and they are labels in any case. */
  #find(name: string, kind: MetricKind): Target | undefined {
    const found =
      this.#mapper.find(name + this.#suffix, kind) ??
      (this.#suffix === "" ? undefined : this.#mapper.find(name, kind));
    const { unmapped } = this.#options.file;
    if (found === undefined) return this.#series(prometheusName(name), {}, kind, unmapped);
    const { mapping, labels } = found;
    if (mapping.isDropped || found.name === "") return undefined;
    return this.#series(prometheusName(found.name), labels, kind, mapping);
  }

  #series(
    name: string,
    labels: Readonly<Record<string, string>>,
    kind: MetricKind,
    { observer, ttlMs, scale, help }: Pick<Mapping, "observer" | "ttlMs" | "scale" | "help">,
  ): Target | undefined {
    const type = kind === "observer" ? observer.type : kind;
    const family = this.#families.get(name) ?? new MappedFamily(name, type, help ?? defaultHelp);
    if (family.type !== type || this.#isTaken(name, type)) {
      this.#warn();
      return undefined;
    }
    this.#families.set(name, family);
    const all = sorted({ ...this.#extraLabels, ...labels });
    return { series: family.series(all, ttlMs, observer), scale };
  }

  /** Whether samples of that name are another metric's. */
  #isTaken(name: string, type: MetricType): boolean {
    if (ownNames.test(name)) return true;
    const parts = ["_bucket", "_sum", "_count"];
    const isObserver = (other: string) =>
      ["histogram", "summary"].includes(this.#families.get(other)?.type ?? "");
    if (parts.some((part) => name.endsWith(part) && isObserver(name.slice(0, -part.length))))
      return true;
    const isOne = type === "histogram" || type === "summary";
    return isOne && parts.some((part) => this.#families.has(name + part));
  }

  #warn(): void {
    if (this.#isWarned) return;
    this.#isWarned = true;
    this.#options.log.warn(
      "the mapper file gives one name to metrics of different types, or one of this program's own: the later ones are left out",
    );
  }
}

/** Entries may name the same labels in another order. */
function sorted(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A name that Prometheus takes: `_` for what no name has, and before a digit at its beginning; cut to what scrapers take. */
function prometheusName(name: string): string {
  return escapeMetricName(name)
    .replace(/^(?=[0-9])/, "_")
    .slice(0, labelValueMax);
}
