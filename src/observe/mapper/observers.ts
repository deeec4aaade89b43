import type { YamlNode } from "../../limits/yaml/node.ts";
import type { Fields } from "./fields.ts";
import {
  defaultBuckets,
  defaultSummary,
  type HistogramOptions,
  type ObserverOptions,
  type SummaryOptions,
} from "./mapping.ts";

/** How times are shown, as an entry or the defaults of a mapper file say it; what is absent is not said. */
export interface ObserverSource {
  readonly type: ObserverOptions["type"] | undefined;
  readonly buckets: readonly number[] | undefined;
  readonly quantiles: readonly number[] | undefined;
  readonly maxAgeSeconds: number | undefined;
  readonly ageBuckets: number | undefined;
  /** Where each group of options stands, if it does. */
  readonly histogramPlace: YamlNode | undefined;
  readonly summaryPlace: YamlNode | undefined;
}

/** Keys of an entry and of the defaults that are about observers. */
export const observerKeys = [
  "observer_type",
  "timer_type",
  "buckets",
  "quantiles",
  "summary_options",
  "histogram_options",
] as const;

export function readObserver(
  values: ReadonlyMap<string, YamlNode>,
  fields: Fields,
): ObserverSource {
  const typeNode = values.get("observer_type") ?? values.get("timer_type");
  const histogramPlace = values.get("histogram_options");
  const summaryPlace = values.get("summary_options");
  const histogram = histogramPlace && fields.map(histogramPlace, histogramKeys);
  const summary = summaryPlace && fields.map(summaryPlace, summaryKeys);
  const buckets = only("buckets", values.get("buckets"), histogram?.get("buckets"), fields);
  const quantiles = only("quantiles", values.get("quantiles"), summary?.get("quantiles"), fields);
  const maxAge = summary?.get("max_age");
  const ageBuckets = summary?.get("age_buckets");
  return {
    type: typeNode && observerType(typeNode, fields),
    buckets: buckets && readBuckets(buckets, fields),
    quantiles: quantiles && readQuantiles(quantiles, fields),
    maxAgeSeconds: maxAge && orUndefined((fields.durationMs(maxAge) ?? 0) / 1000),
    ageBuckets: ageBuckets && orUndefined(Math.ceil(fields.number(ageBuckets, 0) ?? 0)),
    histogramPlace,
    summaryPlace,
  };
}

/** The options of an entry: its own, and for what it does not say those of the defaults, and for that those of the reference. */
export function observerOf(
  own: ObserverSource | undefined,
  defaults: ObserverSource,
  fields: Fields,
): ObserverOptions {
  const type = own?.type ?? defaults.type ?? "summary";
  const other = type === "histogram" ? own?.summaryPlace : own?.histogramPlace;
  if (other !== undefined) {
    const [has, lacks] = type === "histogram" ? ["histogram", "summary"] : ["summary", "histogram"];
    fields.refuse(other, `cannot use ${has} observer and ${lacks} options at the same time`);
  }
  return type === "histogram" ? histogramOf(own, defaults) : summaryOf(own, defaults);
}

function histogramOf(own: ObserverSource | undefined, defaults: ObserverSource): HistogramOptions {
  return { type: "histogram", buckets: own?.buckets ?? defaults.buckets ?? defaultBuckets };
}

function summaryOf(own: ObserverSource | undefined, defaults: ObserverSource): SummaryOptions {
  return {
    type: "summary",
    quantiles: own?.quantiles ?? defaults.quantiles ?? defaultSummary.quantiles,
    maxAgeSeconds: own?.maxAgeSeconds ?? defaults.maxAgeSeconds ?? defaultSummary.maxAgeSeconds,
    ageBuckets: own?.ageBuckets ?? defaults.ageBuckets ?? defaultSummary.ageBuckets,
  };
}

/** Those of native histograms have no meaning in the text format. */
const histogramKeys = [
  "buckets",
  "native_histogram_bucket_factor",
  "native_histogram_max_buckets",
] as const;
const summaryKeys = ["quantiles", "max_age", "age_buckets", "buf_cap"] as const;

/** An empty type is the summary, as for the reference. */
function observerType(node: YamlNode, fields: Fields): ObserverOptions["type"] | undefined {
  const type = fields.choice(node, "observer type", ["histogram", "summary", ""]);
  return type === "" ? "summary" : type;
}

/** Of two places for the same, only one may be used. */
function only(
  what: string,
  outer: YamlNode | undefined,
  inner: YamlNode | undefined,
  fields: Fields,
): YamlNode | undefined {
  if (outer !== undefined && inner !== undefined) {
    const group = what === "buckets" ? "histogram" : "summary";
    fields.refuse(
      outer,
      `cannot use ${what} in both the top level and ${group} options at the same time`,
    );
  }
  return inner ?? outer;
}

function readBuckets(node: YamlNode, fields: Fields): readonly number[] | undefined {
  const buckets = fields
    .list(node)
    .flatMap((item) => fields.number(item, Number.NEGATIVE_INFINITY) ?? []);
  const isAscending = buckets.every((bound, at) => at === 0 || bound > (buckets[at - 1] as number));
  if (!isAscending) fields.refuse(node, "buckets have to ascend");
  return buckets.length === 0 ? undefined : buckets;
}

function readQuantiles(node: YamlNode, fields: Fields): readonly number[] | undefined {
  const quantiles = fields.list(node).flatMap((item) => {
    const values = fields.map(item, ["quantile", "error"]);
    const error = values.get("error");
    if (error !== undefined) fields.number(error, 0);
    const quantile = values.get("quantile");
    const number = quantile && fields.number(quantile, 0);
    if (number === undefined || number <= 1) return number ?? [];
    return fields.refuse(item, "a quantile is a number from 0 to 1") ?? [];
  });
  return quantiles.length === 0 ? undefined : quantiles;
}

/** 0 means that it is not said. */
function orUndefined(number: number): number | undefined {
  return number > 0 ? number : undefined;
}
