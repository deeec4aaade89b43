import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

const root = join(import.meta.dirname, "../..");

/**
 * Compiles the service for the run and answers its entry point. It gets a folder of its own, so that a build somewhere else does not
 * change what is being measured. `BENCH_SERVICE` names the entry point of another build that is measured instead.
 */
export function buildService(): string {
  const { BENCH_SERVICE: given } = process.env;
  if (given !== undefined && given !== "") {
    const path = resolve(given);
    if (!existsSync(path)) throw new Error(`BENCH_SERVICE is ${given}, which does not exist`);
    return path;
  }
  const compiler = join(root, "node_modules/.bin/tsc");
  const folder = join(root, ".bench");
  const { status, stdout } = spawnSync(
    compiler,
    ["-p", "tsconfig.build.json", "--outDir", folder],
    { cwd: root, encoding: "utf8" },
  );
  if (status !== 0) throw new Error(`the service does not compile:\n${stdout}`);
  return join(folder, "main.js");
}
