import { compileGoPattern } from "../go-pattern.ts";
import type { MapperFile, Mapping, MetricKind } from "./mapping.ts";
import { globTemplate, regexTemplate, type Template } from "./template.ts";

/** What one metric is mapped to. */
export interface Mapped {
  readonly mapping: Mapping;
  /** Not yet one that Prometheus takes; may be empty. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

interface Compiled {
  readonly mapping: Mapping;
  /** What the name's places take; `undefined`: no match. */
  readonly match: (name: string, fields: readonly string[]) => readonly string[] | undefined;
  readonly name: Template;
  readonly labels: readonly (readonly [label: string, value: Template])[];
}

/**
 * Finds the entry of a mapper file for a metric. All globs come before all regular expressions, and of each the first that matches
 * counts, whatever their order among each other in the file.
 */
export class Mapper {
  readonly #globs: readonly Compiled[];
  readonly #patterns: readonly Compiled[];

  /** @throws Error for a regular expression that is none */
  constructor({ mappings, globDisableOrdering }: MapperFile) {
    const globs = mappings.filter(({ matchType }) => matchType === "glob");
    if (globDisableOrdering) globs.sort((a, b) => byLiteralness(a.match, b.match));
    this.#globs = globs.map(compileGlob);
    this.#patterns = mappings.filter(({ matchType }) => matchType === "regex").map(compileRegex);
  }

  find(name: string, kind: MetricKind): Mapped | undefined {
    const fields = name.split(".");
    for (const some of [this.#globs, this.#patterns]) {
      for (const compiled of some) {
        const wanted = compiled.mapping.kind;
        if (wanted !== undefined && wanted !== kind) continue;
        const captured = compiled.match(name, fields);
        if (captured !== undefined) return mapped(compiled, captured);
      }
    }
    return undefined;
  }
}

function mapped({ mapping, name, labels }: Compiled, captured: readonly string[]): Mapped {
  return {
    mapping,
    name: name(captured),
    labels: Object.fromEntries(labels.map(([label, value]) => [label, value(captured)])),
  };
}

/** A `*` stands for one field, whatever is in it. */
function compileGlob(mapping: Mapping): Compiled {
  const wanted = mapping.match.split(".");
  const captures = wanted.filter((field) => field === "*").length;
  return {
    mapping,
    match(_, fields) {
      if (fields.length !== wanted.length) return undefined;
      if (!wanted.every((field, at) => field === "*" || field === fields[at])) return undefined;
      return fields.filter((_field, at) => wanted[at] === "*");
    },
    name: globTemplate(mapping.name, captures),
    labels: [...mapping.labels].map(([label, value]) => [label, globTemplate(value, captures)]),
  };
}

function compileRegex(mapping: Mapping): Compiled {
  const pattern = compileGoPattern(mapping.match);
  return {
    mapping,
    match: (name) => pattern.match(name),
    name: regexTemplate(mapping.name, pattern),
    labels: [...mapping.labels].map(([label, value]) => [label, regexTemplate(value, pattern)]),
  };
}

/** From the first field on, what is written out comes before a `*`. */
function byLiteralness(a: string, b: string): number {
  const others = b.split(".");
  for (const [at, field] of a.split(".").entries()) {
    const isStar = field === "*";
    const isOtherStar = others[at] === "*";
    if (isStar !== isOtherStar) return isStar ? 1 : -1;
  }
  return 0;
}
