import { collectDefaultMetrics, Registry } from "prom-client";
import type { Code } from "../decision/check.ts";
import type { Entry } from "../limits/descriptor.ts";
import type { LimitStats } from "../limits/limit.ts";
import type { RuleSet } from "../limits/rule-set.ts";
import { CallDurations, StoreHistograms } from "./call-histograms.ts";
import { UnknownDomains } from "./domain-table.ts";
import { EventLoopMonitor } from "./event-loop.ts";
import { expositionType } from "./exposition.ts";
import { type ExtraTags, extraLabels, extraLabelText } from "./extra-tags.ts";
import type { Counted } from "./figures.ts";
import { limitFamilies } from "./limit-families.ts";
import { LimitTable } from "./limit-table.ts";
import type { Log } from "./log.ts";
import type { MappedMetrics } from "./mapper/mapped-metrics.ts";
import {
  type KindReading,
  type Reading,
  type ReadingKind,
  registerCounter,
  registerGauge,
  registerSeries,
  type SeriesReading,
} from "./readings.ts";
import { limitsOf } from "./registered-limits.ts";
import type { ServiceCounts } from "./service-counts.ts";
import { registerReferenceMetrics, registerServiceMetrics } from "./service-metrics.ts";
import { sanitize, sanitizeDots } from "./stats-name.ts";
import { gaugesPage, statsPage } from "./stats-page.ts";

export interface MetricsOptions {
  readonly version: string;
  readonly log: Log;
  /** How many limits are told apart, half of them registered ones. */
  readonly limitsMax?: number | undefined;
  /** Response times are counted in milliseconds, though the metric's name says seconds, as the reference does when asked to. */
  readonly responseTimeAsMilliseconds?: boolean | undefined;
  /** Labels that every metric has beside its own. */
  readonly extraTags?: ExtraTags | undefined;
  /** The levels of a limit's name are written without dots. */
  readonly sanitizeDots?: boolean | undefined;
  /** Shows what has an internal name of the reference's; `undefined`: it is shown as the reference's built-in mapping does. */
  readonly mapped?: MappedMetrics | undefined;
  /** Unix time in milliseconds. */
  readonly nowMs?: (() => number) | undefined;
}

/** What `Metrics.expose` answers; fits an HTTP answer. */
export interface ExpositionAnswer {
  readonly status: 200;
  readonly contentType: string;
  readonly body: Buffer;
  readonly isCompressible: true;
}

export type CallObserver = (method: string, seconds: number) => void;

export type CallErrorKind = "redis_error" | "service_error";

const limitsMaxDefault = 10_000;
const unknownDomainsMax = 1_000;

const noTags: ExtraTags = new Map();

export function createMetrics(options: MetricsOptions): Metrics {
  return new Metrics(options);
}

/** Everything that is counted. Counting adds to plain numbers; names and texts are made when they are asked for. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #eventLoop = new EventLoopMonitor();
  readonly #limits: LimitTable;
  readonly #unknownDomains = new UnknownDomains(unknownDomainsMax);
  readonly #calls: CallDurations;
  readonly #store = new StoreHistograms();
  readonly #readings: KindReading[] = [];
  readonly #callObservers: CallObserver[] = [];
  readonly #mapped: MappedMetrics | undefined;
  readonly #extraLabels: string;
  readonly #nowMs: () => number;
  readonly #counts: ServiceCounts = {
    globalShadowMode: 0,
    redisErrors: 0,
    serviceErrors: 0,
    excess: 0,
    rulesLoads: 0,
    rulesRefusals: 0,
    answers: { OK: 0, OVER_LIMIT: 0, ERROR: 0 },
    rulesLimits: 0,
    rulesFiles: undefined,
    rulesLoadedSeconds: undefined,
    isLastLoadGood: undefined,
  };
  #exposing: Promise<ExpositionAnswer> | undefined;

  constructor(options: MetricsOptions) {
    const { version, log, limitsMax = limitsMaxDefault, extraTags = noTags } = options;
    this.#nowMs = options.nowMs ?? Date.now;
    this.#limits = new LimitTable(
      limitsMax,
      () => log.warn("too many limits for metrics: further ones share one series", { limitsMax }),
      options.sanitizeDots ? sanitizeDots : sanitize,
    );
    this.#calls = new CallDurations(options.responseTimeAsMilliseconds ? 1000 : 1);
    const { mapped } = options;
    this.#mapped = mapped;
    if (mapped !== undefined) this.onCall((method, seconds) => mapped.observeCall(method, seconds));
    this.#extraLabels = extraLabelText(extraTags);
    this.#registry.setDefaultLabels(extraLabels(extraTags));
    collectDefaultMetrics({ register: this.#registry });
    registerServiceMetrics(this.#registry, version, this.#eventLoop, this.#counts);
    if (mapped === undefined) registerReferenceMetrics(this.#registry, this.#counts, this.#calls);
  }

  /**
   * The counts of a limit, to be added to. `domain` and `entries`, when given, tell the labels apart where they contain dots; they
   * are looked at the first time only.
   */
  limitStats(statsKey: string, domain?: string, entries?: readonly Entry[]): LimitStats {
    return this.#limits.stats(statsKey, domain, entries);
  }

  /** One descriptor asked for a domain that has no rules. */
  domainNotFound(domain: string): void {
    this.#unknownDomains.add(domain);
  }

  /** The global shadow mode turned a denial into OK. */
  globalShadowMode(): void {
    this.#counts.globalShadowMode += 1;
  }

  /** A request was answered. */
  answered(overallCode: Code): void {
    this.#counts.answers[overallCode] += 1;
  }

  /** A request ended with an error. */
  callError(kind: CallErrorKind): void {
    this.#counts.answers.ERROR += 1;
    if (kind === "redis_error") this.#counts.redisErrors += 1;
    else this.#counts.serviceErrors += 1;
  }

  /** A request was answered by its failure policy, because there were more than could be carried. */
  excess(): void {
    this.#counts.excess += 1;
  }

  /** A gRPC call ended. `method` is the last part of its path, one of the program's own. */
  observeCall(method: string, seconds: number): void {
    this.#calls.observe(method, seconds);
    if (this.#callObservers.length === 0) return;
    for (const observe of this.#callObservers) observe(method, seconds);
  }

  /** Has calls told to someone else as well. Which costs each of them. */
  onCall(observe: CallObserver): void {
    this.#callObservers.push(observe);
  }

  /** The store answered a batch, or failed to. */
  observeStore(seconds: number, increments: number): void {
    this.#store.observe(seconds, increments);
  }

  /** New rules are in force: their limits show up as 0 from now on. */
  rulesLoaded(rules: RuleSet): void {
    this.#limits.register(limitsOf(rules));
    this.#counts.rulesLoads += 1;
    this.#counts.rulesLimits = rules.limitCount;
    this.#counts.rulesFiles = rules.fileNames.length;
    this.#counts.rulesLoadedSeconds = this.#nowMs() / 1000;
    this.#counts.isLastLoadGood = true;
  }

  /** New rules were refused; the old ones stay. */
  rulesRefused(): void {
    this.#counts.rulesRefusals += 1;
    this.#counts.isLastLoadGood = false;
  }

  /** Shows a number that goes up and down. */
  gauge(reading: Reading): void {
    this.#keep(reading, "gauge");
    if (!this.#isMapped(reading)) registerGauge(this.#registry, reading);
  }

  /** Shows a number that only grows. */
  counter(reading: Reading): void {
    this.#keep(reading, "counter");
    if (!this.#isMapped(reading)) registerCounter(this.#registry, reading);
  }

  /** Shows numbers that differ in their labels. */
  series(reading: SeriesReading): void {
    registerSeries(this.#registry, reading);
  }

  /** What is counted, for those who write it in another form. */
  get counted(): Counted {
    return {
      counts: this.#counts,
      limits: this.#limits.rows(),
      unknownDomains: this.#unknownDomains.counts(),
      calls: this.#calls.counts(),
      readings: this.#readings,
    };
  }

  /** All metrics in Prometheus' text format. Scrapes that come while one is being made get the same. */
  expose(): Promise<ExpositionAnswer> {
    this.#exposing ??= this.#expose().finally(() => {
      this.#exposing = undefined;
    });
    return this.#exposing;
  }

  /** The counts by the reference's internal names, `name: value` in the order of the names. */
  stats(): string {
    return statsPage(this.counted);
  }

  /** What there is now, by the reference's internal names, `name: value`. */
  gauges(): string {
    return gaugesPage(this.counted);
  }

  close(): void {
    this.#eventLoop.close();
    this.#registry.clear();
  }

  /** By the reference's built-in mapping. */
  *#builtIn(): Iterable<string> {
    yield this.#calls.family(this.#extraLabels);
    yield this.#unknownDomains.families(this.#extraLabels);
    yield* limitFamilies(this.#limits.rows(), this.#extraLabels);
  }

  #keep({ name, help, statsName, read }: Reading, kind: ReadingKind): void {
    this.#readings.push({ name, help, statsName, read, kind });
  }

  #isMapped({ statsName }: Reading): boolean {
    return this.#mapped !== undefined && statsName !== undefined;
  }

  /** Lets other work in between the pieces: the text of thousands of limits takes a while. */
  async #expose(): Promise<ExpositionAnswer> {
    // prom-client spells what is not a number in a way of its own.
    const ofProcess = (await this.#registry.metrics()).replace(/ Nan$/gm, " NaN");
    const pieces = [ofProcess, this.#store.families(this.#extraLabels)].map((text) =>
      Buffer.from(text),
    );
    await this.#mapped?.update(() => this.counted);
    for await (const piece of this.#mapped?.texts() ?? this.#builtIn()) {
      pieces.push(Buffer.from(piece));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const body = Buffer.concat(pieces);
    return { status: 200, contentType: expositionType, body, isCompressible: true };
  }
}
