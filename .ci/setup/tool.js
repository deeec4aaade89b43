// A tool of a fixed version out of a package registry, in a folder of its own below .tools.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");
const installMinutes = 10;

/** The beginning of a command that installs packages of PyPI into a directory, which comes last. */
export const pipInstall = [
  ...["python3", "-m", "pip", "install", "--quiet", "--no-deps", "--disable-pip-version-check"],
  "--root-user-action=ignore",
];

/**
 * @param directory its folder below .tools; it holds the version, so that another version is another folder
 * @param file what shows that it is there, in that folder
 * @param command installs it; it lacks the directory to install into, which comes last
 * @param shows arguments with which the file is run after the installation; without, it is not run
 * @param prune takes what nobody needs out of the folder
 */
export function packagedTool({ directory, file, command, shows, prune, setup }) {
  const place = join(root, ".tools", directory);
  const path = join(place, file);
  const byHand = `${path} is not there: run «node ${setup}», which does «${command.join(" ")} ${place}».`;
  return {
    path,
    isThere: () => existsSync(path),
    get() {
      if (existsSync(path)) return path;
      throw new Error(byHand);
    },
    /** Into a directory that gets its name only once it is complete. */
    install() {
      if (existsSync(path)) return;
      process.stdout.write(`Installing into .tools (${command.join(" ")} …).\n`);
      const partial = `${place}.partial-${process.pid}`;
      mkdirSync(partial, { recursive: true });
      try {
        run([...command, partial], byHand);
        prune?.(partial);
        if (shows !== undefined) run([join(partial, file), ...shows], byHand);
        if (!existsSync(place)) renameSync(partial, place);
      } finally {
        rmSync(partial, { recursive: true, force: true });
      }
    },
  };
}

/** Installs what is missing; a failure is told and leaves an exit code of 1. */
export function installAll(tools) {
  try {
    for (const tool of tools) tool.install();
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}

function run([command, ...args], byHand) {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    encoding: "utf8",
    timeout: installMinutes * 60_000,
  });
  if (status === 0) return;
  const output = `${stdout ?? ""}${stderr ?? ""}`.trim().slice(-2000);
  throw new Error(
    `«${[command, ...args].join(" ")}» failed: ${error?.message ?? output}\n${byHand}`,
  );
}
