import { isMergeKey, mergedMappings, targetOf } from "../../limits/yaml/alias.ts";
import type { Place, YamlMapping, YamlNode } from "../../limits/yaml/node.ts";
import { isNull, resolveScalar } from "../../limits/yaml/resolve-scalar.ts";
import { parseDurationMs } from "../../settings/parse.ts";

/** A mistake in a mapper file. */
export interface MapperProblem {
  readonly place: Place;
  /** What is wrong, and what is accepted. */
  readonly text: string;
}

/** Reads the values of a YAML document that have to be of a certain type, and keeps account of those that are not. */
export class Fields {
  readonly problems: MapperProblem[] = [];

  refuse(place: Place, text: string): undefined {
    this.problems.push({ place: { line: place.line, column: place.column }, text });
    return undefined;
  }

  /** The values of a map by their keys, without those that are null; empty when it is none. Other keys are mistakes. */
  map(node: YamlNode, known: readonly string[]): ReadonlyMap<string, YamlNode> {
    const values = this.freeMap(node);
    const found = new Map<string, YamlNode>();
    for (const [key, value] of values) {
      if (!known.includes(key)) {
        this.refuse(value, `unknown key '${key}'; accepted: ${known.join(", ")}`);
      } else if (!isNothing(value)) found.set(key, value);
    }
    return found;
  }

  /** The same with any keys. What `<<` brings in yields to what is written out. */
  freeMap(node: YamlNode): ReadonlyMap<string, YamlNode> {
    const target = targetOf(node);
    if (target.kind === "mapping") return this.#pairs(target);
    if (!isNothing(target)) this.refuse(node, "a map was expected");
    return new Map();
  }

  list(node: YamlNode): readonly YamlNode[] {
    const target = targetOf(node);
    if (target.kind === "sequence") return target.items;
    if (!isNothing(target)) this.refuse(node, "a list was expected");
    return [];
  }

  /** Any scalar, as it is written. */
  text(node: YamlNode): string | undefined {
    const target = targetOf(node);
    return target.kind === "scalar" ? target.text : this.refuse(node, "a text was expected");
  }

  boolean(node: YamlNode): boolean | undefined {
    const value = this.#scalar(node);
    return value?.type === "bool" ? value.value : this.refuse(node, "true or false was expected");
  }

  /** A finite number of at least `min`. */
  number(node: YamlNode, min: number): number | undefined {
    const value = this.#scalar(node);
    const number =
      value?.type === "int" || value?.type === "float" ? Number(value.value) : Number.NaN;
    if (Number.isFinite(number) && number >= min) return number;
    const atLeast = Number.isFinite(min) ? ` of at least ${min}` : "";
    return this.refuse(node, `a number${atLeast} was expected`);
  }

  /** In Go's syntax, at least 0. */
  durationMs(node: YamlNode): number | undefined {
    const text = this.text(node);
    if (text === undefined) return undefined;
    const milliseconds = parseDurationMs(text);
    if (milliseconds !== undefined && milliseconds >= 0) return milliseconds;
    return this.refuse(
      node,
      `${JSON.stringify(text)} is no duration; accepted: such as 30s or 1h30m`,
    );
  }

  choice<T extends string>(node: YamlNode, what: string, choices: readonly T[]): T | undefined {
    const text = this.text(node);
    if (text === undefined) return undefined;
    const chosen = choices.find((choice) => choice === text);
    return (
      chosen ??
      this.refuse(
        node,
        `invalid ${what} '${text}'; accepted: ${choices.filter((choice) => choice !== "").join(", ")}`,
      )
    );
  }

  #scalar(node: YamlNode): ReturnType<typeof resolveScalar> | undefined {
    const target = targetOf(node);
    return target.kind === "scalar" ? resolveScalar(target) : undefined;
  }

  #pairs({ pairs }: YamlMapping): ReadonlyMap<string, YamlNode> {
    const values = new Map<string, YamlNode>();
    const own = new Map<string, YamlNode>();
    for (const { key, value } of pairs) {
      if (isMergeKey(key)) {
        for (const merged of mergedMappings(value)) {
          for (const [name, node] of this.#pairs(targetOf(merged) as YamlMapping))
            values.set(name, node);
        }
        continue;
      }
      const name = this.text(key);
      if (name !== undefined) own.set(name, value);
    }
    for (const [name, node] of own) values.set(name, node);
    return values;
  }
}

function isNothing(node: YamlNode): boolean {
  return isNull(targetOf(node));
}
