import { renderLabels } from "./exposition.ts";

/** What the operator wants every metric to carry (`EXTRA_TAGS`). */
export type ExtraTags = ReadonlyMap<string, string>;

/** Labels that metrics have of their own; a tag of such a name is left out of them. */
const ownLabels: ReadonlySet<string> = new Set([
  "code",
  "domain",
  "err_type",
  "grpc_method",
  "key1",
  "key2",
  "kind",
  "le",
  "node",
  "quantile",
  "space",
  "type",
  "version",
]);

/** The tags as Prometheus takes them: each other character of a name is `_`, and an empty name or value is none. */
export function extraLabels(tags: ExtraTags): Readonly<Record<string, string>> {
  const labels: Record<string, string> = {};
  for (const [key, value] of tags) {
    const name = labelName(key);
    if (key !== "" && value !== "" && !isTaken(name)) labels[name] = value;
  }
  return labels;
}

/** `a="b",c="d"`, to be put beside other labels; an empty text when there are none. */
export function extraLabelText(tags: ExtraTags): string {
  return renderLabels(extraLabels(tags)).slice(1, -1);
}

/** The names among the tags that cannot be labels. */
export function hiddenTags(tags: ExtraTags): readonly string[] {
  return [...tags.keys()].filter((key) => isTaken(labelName(key)));
}

/** Prometheus keeps names that begin with two underscores to itself. */
function isTaken(name: string): boolean {
  return ownLabels.has(name) || name.startsWith("__");
}

function labelName(key: string): string {
  return key.replace(/[^A-Za-z0-9_]/gu, "_").replace(/^(?=[0-9])/, "_");
}

export interface StatTag {
  readonly key: string;
  readonly value: string;
}

/**
 * The tags as the reference serialises them: by their keys, without those that are empty, and with `_` for each `.`, `:` and `|` of a
 * value. A line break would begin another metric.
 */
export function statTags(tags: ExtraTags): readonly StatTag[] {
  return [...tags]
    .filter(([key, value]) => key !== "" && value !== "")
    .map(([key, value]) => ({
      key: key.replace(/[\r\n]/g, "_"),
      value: value.replace(/[.:|\r\n]/g, "_"),
    }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** What the reference appends to a name for its tags: `.__a=b.__c=d`. */
export function tagSuffix(tags: readonly StatTag[]): string {
  return tags.map(({ key, value }) => `.__${key}=${value}`).join("");
}
