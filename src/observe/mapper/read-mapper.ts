import { targetOf } from "../../limits/yaml/alias.ts";
import { YamlFailure, type YamlNode } from "../../limits/yaml/node.ts";
import { parseYaml } from "../../limits/yaml/parser.ts";
import { compileGoPattern } from "../go-pattern.ts";
import { Fields, type MapperProblem } from "./fields.ts";
import type { MapperFile, Mapping, MetricKind } from "./mapping.ts";
import { type ObserverSource, observerKeys, observerOf, readObserver } from "./observers.ts";

const fileKeys = ["defaults", "mappings"] as const;
const defaultsKeys = ["match_type", "glob_disable_ordering", "ttl", ...observerKeys] as const;
const mappingKeys = [
  "match",
  "match_type",
  "match_metric_type",
  "name",
  "labels",
  "honor_labels",
  "help",
  "action",
  "ttl",
  "scale",
  ...observerKeys,
] as const;

/**
 * Reads a mapper file. The reference passes over a file with a mistake, and then no metric has the name that was meant.
 *
 * @returns the file, or everything that is wrong with it
 */
export function readMapperFile(
  text: string,
): { readonly file: MapperFile } | { readonly problems: readonly MapperProblem[] } {
  const fields = new Fields();
  let file: MapperFile | undefined;
  try {
    file = readFile(parseYaml(text), fields);
  } catch (error) {
    if (!(error instanceof YamlFailure)) throw error;
    fields.refuse(error.place, error.message);
  }
  if (file !== undefined && fields.problems.length === 0) return { file };
  return { problems: fields.problems.sort((a, b) => a.place.line - b.place.line) };
}

interface Defaults {
  readonly matchType: Mapping["matchType"];
  readonly globDisableOrdering: boolean;
  readonly ttlMs: number | undefined;
  readonly observer: ObserverSource;
}

function readFile(root: YamlNode | undefined, fields: Fields): MapperFile {
  const values = root === undefined ? new Map<string, YamlNode>() : fields.map(root, fileKeys);
  const defaults = readDefaults(values.get("defaults"), fields);
  const mappings = values.get("mappings");
  return {
    mappings:
      mappings === undefined
        ? []
        : fields.list(mappings).flatMap((node) => readMapping(node, defaults, fields) ?? []),
    unmapped: {
      help: undefined,
      scale: 1,
      ttlMs: defaults.ttlMs,
      observer: observerOf(undefined, defaults.observer, fields),
    },
    globDisableOrdering: defaults.globDisableOrdering,
  };
}

function readDefaults(node: YamlNode | undefined, fields: Fields): Defaults {
  const values = node === undefined ? new Map<string, YamlNode>() : fields.map(node, defaultsKeys);
  const ordering = values.get("glob_disable_ordering");
  return {
    matchType: matchType(values.get("match_type"), fields) ?? "glob",
    globDisableOrdering: (ordering && fields.boolean(ordering)) ?? false,
    ttlMs: ttl(values.get("ttl"), fields),
    observer: readObserver(values, fields),
  };
}

function readMapping(node: YamlNode, defaults: Defaults, fields: Fields): Mapping | undefined {
  if (targetOf(node).kind !== "mapping") return fields.refuse(node, "a map was expected");
  const values = fields.map(node, mappingKeys);
  const text = (key: (typeof mappingKeys)[number]) => {
    const value = values.get(key);
    return value && fields.text(value);
  };
  const honorLabels = values.get("honor_labels");
  if (honorLabels !== undefined) fields.boolean(honorLabels);
  const action = values.get("action");
  const scale = values.get("scale");
  const kind = values.get("match_metric_type");
  const type = matchType(values.get("match_type"), fields) ?? defaults.matchType;
  const observer = observerOf(readObserver(values, fields), defaults.observer, fields);
  return {
    matchType: type,
    match: checkedMatch(type, text("match") ?? "", values.get("match") ?? node, fields),
    kind: kind && metricKind(kind, fields),
    name: checkedName(text("name") ?? "", values.get("name") ?? node, fields),
    labels: readLabels(values.get("labels"), observer.type, fields),
    isDropped:
      action !== undefined && fields.choice(action, "action type", ["map", "drop", ""]) === "drop",
    help: text("help"),
    scale: (scale && fields.number(scale, Number.NEGATIVE_INFINITY)) ?? 1,
    ttlMs: ttl(values.get("ttl"), fields) ?? defaults.ttlMs,
    observer,
  };
}

function matchType(node: YamlNode | undefined, fields: Fields): Mapping["matchType"] | undefined {
  const type = node && fields.choice(node, "match type", ["glob", "regex", ""]);
  return type === "" ? "glob" : type;
}

function metricKind(node: YamlNode, fields: Fields): MetricKind | undefined {
  const kind = fields.choice(node, "metric type", ["counter", "gauge", "observer", "timer"]);
  return kind === "timer" ? "observer" : kind;
}

/** 0 means that there is none. */
function ttl(node: YamlNode | undefined, fields: Fields): number | undefined {
  const milliseconds = node && fields.durationMs(node);
  return milliseconds === 0 ? undefined : milliseconds;
}

const glob = /^(\*|[a-zA-Z_][a-zA-Z0-9_-]*)(\.\*|\.[a-zA-Z0-9_][a-zA-Z0-9_-]*)*$/;

function checkedMatch(
  type: Mapping["matchType"],
  match: string,
  place: YamlNode,
  fields: Fields,
): string {
  if (type === "glob") {
    if (glob.test(match)) return match;
    fields.refuse(
      place,
      `invalid match: ${match}; accepted: names with dots between them, or * for any one, or match_type: regex`,
    );
    return match;
  }
  try {
    compileGoPattern(match);
  } catch (error) {
    fields.refuse(place, `invalid regex ${match} in mapping: ${(error as Error).message}`);
  }
  return match;
}

const nameSyntax = /^([a-zA-Z_]|\$\{?\d+\}?)([a-zA-Z0-9_]|\$\{?\d+\}?)*$/;

function checkedName(name: string, place: YamlNode, fields: Fields): string {
  if (name === "") fields.refuse(place, "metric mapping didn't set a metric name");
  else if (!nameSyntax.test(name)) {
    fields.refuse(
      place,
      `metric name '${name}' has other characters than letters, digits, _ and $1 or \${1} for what was matched`,
    );
  }
  return name;
}

const labelSyntax = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

function readLabels(
  node: YamlNode | undefined,
  observer: Mapping["observer"]["type"],
  fields: Fields,
): ReadonlyMap<string, string> {
  const labels = new Map<string, string>();
  if (node === undefined) return labels;
  const reserved = observer === "histogram" ? "le" : "quantile";
  for (const [label, value] of fields.freeMap(node)) {
    if (!labelSyntax.test(label) || label.startsWith("__"))
      fields.refuse(value, `invalid label key: ${label}`);
    else if (label === reserved) fields.refuse(value, `label ${label} is one of every ${observer}`);
    else labels.set(label, fields.text(value) ?? "");
  }
  return labels;
}
