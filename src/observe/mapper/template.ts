import type { GoPattern } from "../go-pattern.ts";

/** What was matched put in its places. */
export type Template = (captured: readonly string[]) => string;

/**
 * A template of a glob: `$1` or `${1}` stands for the first `*`. As in statsd_exporter the longest run of letters, digits, `_` and `$`
 * counts as the number, and what is none, or of no `*`, stands for nothing: `$1_total` is empty, `${1}_total` is not.
 */
export function globTemplate(text: string, captures: number): Template {
  const parts = text.split(/\$\{?([a-zA-Z0-9_$]+)\}?/);
  return (captured) =>
    parts
      .map((part, at) => {
        if (at % 2 === 0) return part;
        const number = /^[0-9]+$/.test(part) ? Number(part) : 0;
        return number >= 1 && number <= captures ? (captured[number - 1] ?? "") : "";
      })
      .join("");
}

/**
 * A template of a regular expression, as Go's `Expand` reads it: `$1`, `${1}`, `$name` and `${name}`, with the longest name that can
 * be read; `$$` is a dollar sign, and a group that is not there, or took no part, stands for nothing.
 */
export function regexTemplate(text: string, { names }: GoPattern): Template {
  const parts = text.split(/\$(\$|[\p{L}\p{Nd}_]+|\{[\p{L}\p{Nd}_]+\})/u);
  return (groups) =>
    parts
      .map((part, at) => {
        if (at % 2 === 0) return part;
        if (part === "$") return "$";
        const name = part.replace(/[{}]/g, "");
        const index = /^(?:0|[1-9][0-9]{0,7})$/.test(name) ? Number(name) : names[name];
        return index === undefined ? "" : (groups[index] ?? "");
      })
      .join("");
}
