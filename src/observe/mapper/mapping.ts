/** What of the reference a mapper file calls `counter`, `gauge` and `observer` (or `timer`). */
export type MetricKind = "counter" | "gauge" | "observer";

export interface HistogramOptions {
  readonly type: "histogram";
  /** Inclusive upper bounds, ascending. */
  readonly buckets: readonly number[];
}

export interface SummaryOptions {
  readonly type: "summary";
  /** 0 to 1 */
  readonly quantiles: readonly number[];
  /** How far back the quantiles look, and in how many steps they forget. */
  readonly maxAgeSeconds: number;
  readonly ageBuckets: number;
}

export type ObserverOptions = HistogramOptions | SummaryOptions;

/** What becomes of the metrics that one entry of a mapper file matches. */
export interface Mapping {
  readonly matchType: "glob" | "regex";
  readonly match: string;
  /** Of metrics of this kind alone; `undefined`: of any. */
  readonly kind: MetricKind | undefined;
  /** A template, as `labels` are. */
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly isDropped: boolean;
  readonly help: string | undefined;
  /** What values are multiplied with. */
  readonly scale: number;
  /** A series that has not changed for so long is forgotten; `undefined`: none is. */
  readonly ttlMs: number | undefined;
  readonly observer: ObserverOptions;
}

/** A mapper file, in the format of statsd_exporter as the reference has it built in (0.26). */
export interface MapperFile {
  readonly mappings: readonly Mapping[];
  /** What becomes of metrics that no entry matches. */
  readonly unmapped: Pick<Mapping, "help" | "scale" | "ttlMs" | "observer">;
  /** Of globs, takes the one that matches most literally instead of the first. */
  readonly globDisableOrdering: boolean;
}

/** The buckets of Prometheus' own client for Go. */
export const defaultBuckets: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

export const defaultSummary: SummaryOptions = {
  type: "summary",
  quantiles: [0.5, 0.9, 0.99],
  maxAgeSeconds: 600,
  ageBuckets: 5,
};
