/** The text format of Prometheus, version 0.0.4. */
export const expositionType = "text/plain; version=0.0.4; charset=utf-8";

export type MetricType = "counter" | "gauge" | "histogram" | "summary";

/** Longer label values are cut: scrapers refuse a whole scrape for one that is too long (often 256). In UTF-16 units. */
export const labelValueMax = 250;

/** Labels as text, `{a="b",c="d"}`, or an empty text; rendered once where they do not change. Names are the program's own. */
export function renderLabels(labels: Readonly<Record<string, string>>): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${labelValue(value)}"`);
  return parts.length === 0 ? "" : `{${parts.join(",")}}`;
}

function labelValue(text: string): string {
  const bounded = text.length > labelValueMax ? `${text.slice(0, labelValueMax - 1)}…` : text;
  return bounded
    .toWellFormed()
    .replace(/["\\\n]/g, (char) => (char === "\n" ? "\\n" : `\\${char}`));
}

/**
 * A name of the reference's that any text can be part of. Cut like a label value, since scrapers bound names alike; the end, which
 * says what is counted, stays.
 */
export function metricName(prefix: string, text: string, suffix: string): string {
  const room = labelValueMax - prefix.length - suffix.length;
  return prefix + escapeMetricName(text.slice(0, room)) + suffix;
}

/** As statsd_exporter does it: `_` for every character that no name has, once for dashes in a row. */
export function escapeMetricName(text: string): string {
  return text.replace(/-+|[^A-Za-z0-9_]/gu, "_");
}

/** Writes one family after another. */
export class Exposition {
  readonly #extraLabels: string;
  #text = "";
  #name = "";

  /** @param extraLabels of every sample, as `extraLabelText` made them */
  constructor(extraLabels = "") {
    this.#extraLabels = extraLabels;
  }

  /** Begins a family; all its samples follow at once. */
  family(name: string, type: MetricType, help: string): this {
    const onOneLine = help.replace(/[\\\n]/g, (char) => (char === "\n" ? "\\n" : "\\\\"));
    this.#name = name;
    this.#text += `# HELP ${name} ${onOneLine}\n# TYPE ${name} ${type}\n`;
    return this;
  }

  /** @param labels as `renderLabels` made them */
  sample(value: number, labels = "", suffix = ""): this {
    const all = this.#extraLabels === "" ? labels : withExtra(labels, this.#extraLabels);
    this.#text += `${this.#name}${suffix}${all} ${numberText(value)}\n`;
    return this;
  }

  /** An empty text in which the present family goes on. */
  continued(): Exposition {
    const next = new Exposition(this.#extraLabels);
    next.#name = this.#name;
    return next;
  }

  toString(): string {
    return this.#text;
  }
}

function withExtra(labels: string, extra: string): string {
  return labels === "" ? `{${extra}}` : `${labels.slice(0, -1)},${extra}}`;
}

/** A value as the format spells it. */
export function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
}
