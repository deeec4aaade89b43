import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseSync } from "@swc/core";

const root = join(import.meta.dirname, "../..");

/** The titles of every test and every `describe` of a file, each from the outside in; `undefined`: there is no such file. */
export function titlePaths(file: string): readonly (readonly string[])[] | undefined {
  const path = [`${file}.test.ts`, `${file}.ts`]
    .map((name) => join(root, name))
    .find((name) => existsSync(name));
  if (path === undefined) return undefined;
  const known = cache.get(path);
  if (known !== undefined) return known;
  const found: string[][] = [];
  walk(parseSync(readFileSync(path, "utf8"), { syntax: "typescript" }), [], found);
  cache.set(path, found);
  return found;
}

const cache = new Map<string, readonly (readonly string[])[]>();

/** Whether a file has such titles, one within the other; outer ones may be left out. */
export function hasTitles(
  paths: readonly (readonly string[])[],
  titles: readonly string[],
): boolean {
  return paths.some((path) => {
    const tail = path.slice(path.length - titles.length);
    return tail.length === titles.length && tail.every((title, at) => title === titles[at]);
  });
}

type Node = Readonly<Record<string, unknown>>;

function walk(value: unknown, outer: readonly string[], found: string[][]): void {
  if (Array.isArray(value)) {
    for (const one of value) walk(one, outer, found);
  } else if (isNode(value)) {
    const title = titleOf(value);
    const path = title === undefined ? outer : [...outer, title];
    if (title !== undefined) found.push([...path]);
    for (const one of Object.values(value)) walk(one, path, found);
  }
}

/** The title of a call of `describe`, `test` or one of their `.each(…)`. */
function titleOf({ type, callee, arguments: args }: Node): string | undefined {
  if (type !== "CallExpression" || !isNode(callee) || !isTester(callee)) return undefined;
  const [first] = args as readonly { readonly expression: Node }[];
  return first === undefined ? undefined : textOf(first.expression);
}

function isTester(callee: Node): boolean {
  if (callee["type"] === "Identifier") {
    return callee["value"] === "test" || callee["value"] === "describe";
  }
  const { callee: inner } = callee;
  if (callee["type"] !== "CallExpression" || !isNode(inner)) return false;
  const { object } = inner;
  return inner["type"] === "MemberExpression" && isNode(object) && isTester(object);
}

function textOf(expression: Node): string | undefined {
  if (expression["type"] === "StringLiteral") return String(expression["value"]);
  if (expression["type"] !== "TemplateLiteral") return undefined;
  const quasis = expression["quasis"] as readonly { readonly cooked: string }[];
  return quasis.map(({ cooked }) => cooked).join("…");
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null;
}
