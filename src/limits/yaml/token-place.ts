import { type Place, YamlFailure } from "./node.ts";
import type { Token } from "./token.ts";

/** Nothing, where a node could stand: null, unless something else is expected. */
export function emptyScalar(token: Token) {
  return { kind: "scalar", ...placeOf(token), tag: "", text: "", isImplicit: true } as const;
}

export function placeOf({ line, column }: Token): Place {
  return { line: line + 1, column: column + 1 };
}

/** yaml.v2 tells the line before the one of such a mistake, and none at all for the first line. */
export function failAt(token: Token, problem: string): never {
  const where = token.line === 0 ? "" : `line ${token.line}: `;
  throw new YamlFailure(where + problem, placeOf(token));
}
