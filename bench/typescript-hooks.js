import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { transform } from "@swc/core";

const options = {
  jsc: { target: "es2023", parser: { syntax: "typescript" } },
  module: { type: "es6" },
  sourceMaps: "inline",
};

/** Erases the types; imports name their `.ts` files, so nothing has to be resolved anew. */
export async function load(url, context, nextLoad) {
  if (!url.startsWith("file:") || !url.endsWith(".ts")) return nextLoad(url, context);
  const filename = fileURLToPath(url);
  const { code } = await transform(await readFile(filename, "utf8"), { ...options, filename });
  return { format: "module", source: code, shortCircuit: true };
}
