import { readdir, readFile, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { decodeRuleFile } from "../limits/decode-rule-file.ts";
import type { RuleFile } from "../limits/rule-set.ts";
import { UsageError } from "./command.ts";

/** The rule files that a person names: single files, or all files of a directory and what lies below it, dot files left out. */
export async function readRuleFiles(paths: readonly string[]): Promise<readonly RuleFile[]> {
  const files = (await Promise.all(paths.map(listFiles))).flat();
  if (files.length === 0) throw new UsageError(`there is no file in ${paths.join(", ")}`);
  return Promise.all(
    files.map(async (name) => ({ name, text: decodeRuleFile(await readFile(name)) })),
  );
}

async function listFiles(path: string): Promise<readonly string[]> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new UsageError(`cannot read ${path}: ${reason(cause)}`, { cause });
  });
  if (!found.isDirectory()) return [path];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries
    .map((entry) => ({ entry, name: join(entry.parentPath, entry.name) }))
    .filter(({ entry, name }) => !entry.isDirectory() && !isHidden(relative(path, name)))
    .map(({ name }) => name)
    .sort();
}

function isHidden(path: string): boolean {
  return path.split("/").some((part) => part.startsWith("."));
}

function reason(error: unknown): string {
  return error instanceof Error && "code" in error && error.code === "ENOENT"
    ? "no such file or directory"
    : String(error);
}
