// Installs the npm packages when they are missing or older than package-lock.json. Says nothing when there is nothing to do. Those for
// development are always among them, also where NODE_ENV=production or a setting of npm says otherwise: to build takes the compiler.
import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");

const reason = reasonToInstall();
if (reason !== undefined) {
  process.stdout.write(`Installing the npm packages (npm ci --include=dev): ${reason}.\n`);
  const { status, error } = spawnSync("npm", ["ci", "--include=dev", "--no-audit", "--no-fund"], {
    cwd: root,
    stdio: "inherit",
    shell: process.platform === "win32",
  });
  if (status !== 0) {
    const why = error === undefined ? "see above" : error.message;
    process.stderr.write(`npm ci --include=dev failed (${why}). Run it by hand in ${root}.\n`);
    process.exitCode = 1;
  }
}

/** npm writes node_modules/.package-lock.json last: it tells when an installation was completed. */
function reasonToInstall() {
  const installed = modifiedAt("node_modules/.package-lock.json");
  if (installed === undefined) return "node_modules is missing or incomplete";
  if (modifiedAt("node_modules/typescript") === undefined) {
    return "those for development are missing in node_modules";
  }
  const wanted = modifiedAt("package-lock.json") ?? 0;
  return wanted > installed ? "package-lock.json is newer than node_modules" : undefined;
}

function modifiedAt(path) {
  return statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs;
}
