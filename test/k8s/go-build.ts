import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { goCommand } from "../../.ci/setup/go.js";

const tools = join(import.meta.dirname, "../../.tools");

export interface GoBuild {
  /** The folder with go.mod and go.sum, which pin everything. */
  readonly module: string;
  /** Of the folder below .tools that keeps what was built. */
  readonly name: string;
  /** Main packages by the name of their program. */
  readonly programs: Readonly<Record<string, string>>;
  readonly linkerFlags?: string;
}

/**
 * Builds programs out of Go modules, one after another and as an unimportant process, and tells of each. What was built is kept until
 * a version changes.
 *
 * @returns the folder with the programs
 * @throws Error when one cannot be built
 */
export function buildWithGo({ module, name, programs, linkerFlags = "" }: GoBuild): string {
  const pinned = ["go.mod", "go.sum"].map((file) => readFileSync(join(module, file)));
  const hash = createHash("sha256").update(Buffer.concat(pinned)).update(linkerFlags);
  const folder = join(tools, `${name}-${hash.digest("hex").slice(0, 12)}`);
  mkdirSync(folder, { recursive: true });
  for (const [program, path] of Object.entries(programs)) {
    const file = join(folder, program);
    if (existsSync(file)) continue;
    process.stdout.write(`building ${program} …`);
    const startedMs = performance.now();
    const partial = `${file}.partial-${process.pid}`;
    const flags = ["-mod=readonly", "-trimpath", "-ldflags", `-s -w ${linkerFlags}`];
    const { status, error } = spawnSync(
      "nice",
      ["-n", "19", goCommand(), "build", ...flags, "-o", partial, path],
      {
        cwd: module,
        stdio: ["ignore", "inherit", "inherit"],
        env: { ...process.env, CGO_ENABLED: "0", GOWORK: "off", GOFLAGS: "-buildvcs=false" },
      },
    );
    if (status !== 0) throw new Error(`${program} was not built: ${error?.message ?? "see above"}`);
    renameSync(partial, file);
    const seconds = Math.round((performance.now() - startedMs) / 1000);
    process.stdout.write(` ${seconds} s, ${Math.round(statSync(file).size / 1e6)} MB\n`);
  }
  return folder;
}
