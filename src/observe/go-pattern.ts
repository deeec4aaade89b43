import { createRequire } from "node:module";
import type { RE2JS } from "re2js";

/**
 * A regular expression in Go's syntax. Operators wrote theirs for the reference, which is in Go, and what they are matched with holds
 * values that callers choose: as in Go the time is linear in the length of the text, whatever the expression.
 */
export interface GoPattern {
  readonly source: string;
  /**
   * Where it first matches, anywhere in the text: the whole match and then each group, an empty text for one that took no part;
   * `undefined`: nowhere.
   */
  match(text: string): readonly string[] | undefined;
  /** Its named groups, with their place among all. */
  readonly names: Readonly<Record<string, number>>;
}

const load = createRequire(import.meta.url);

/** @throws Error that says what is wrong with the expression. */
export function compileGoPattern(source: string): GoPattern {
  // Loaded for those alone who have such expressions: it is as large as much of the service.
  const library = load("re2js") as typeof import("re2js");
  const pattern: RE2JS = library.RE2JS.compile(source);
  const groups = pattern.groupCount();
  return {
    source,
    names: pattern.namedGroups(),
    match(text) {
      const matcher = pattern.matcher(text);
      if (!matcher.find()) return undefined;
      return Array.from({ length: groups + 1 }, (_, group) => matcher.group(group) ?? "");
    },
  };
}
