import { spawnSync } from "node:child_process";
import { copyFile, mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";

const script = ".ci/setup/dependencies.js";
const long = new Date("2020-01-01T00:00:00Z");
const lately = new Date("2021-01-01T00:00:00Z");

/** A checkout that has nothing but what the script looks at, and an `npm` that only says how it was called. */
let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "velocitygate-setup-"));
  await put("package.json", '{"type":"module"}');
  await put("package-lock.json", "{}", long);
  await put("bin/npm", '#!/bin/sh\necho "called: $*"\nexit "$NPM_EXIT"\n');
  await mkdir(join(root, ".ci/setup"), { recursive: true });
  await copyFile(join(import.meta.dirname, "../../..", script), join(root, script));
});

afterEach(() => rm(root, { recursive: true }));

async function put(path: string, text: string, modified = lately): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text, { mode: 0o755 });
  await utimes(join(root, path), modified, modified);
}

async function putPackages(): Promise<void> {
  await put("node_modules/.package-lock.json", "{}");
  await put("node_modules/typescript/package.json", "{}");
}

function run(npmExit = 0): { readonly code: number | null; readonly output: string } {
  const { PATH = "" } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], {
    cwd: root,
    encoding: "utf8",
    env: {
      PATH: `${join(root, "bin")}${delimiter}${PATH}`,
      NODE_ENV: "production",
      NPM_EXIT: `${npmExit}`,
    },
  });
  return { code: status, output: stdout + stderr };
}

describe("the npm packages are installed, with those for development, when", () => {
  test.each([
    ["none are there", async () => {}, "node_modules is missing"],
    [
      "the lockfile is newer",
      async () => {
        await putPackages();
        await put("package-lock.json", "{}", new Date("2022-01-01T00:00:00Z"));
      },
      "package-lock.json is newer",
    ],
    [
      "only those for production are there",
      () => put("node_modules/.package-lock.json", "{}"),
      "those for development are missing",
    ],
  ])("%s", async (_, prepare, why) => {
    await prepare();
    const { code, output } = run();
    expect(output).toContain(why);
    expect(output).toMatch(/called: ci .*--include=dev/);
    expect(code).toBe(0);
  });
});

test("nothing is done, and nothing said, when they are there", async () => {
  await putPackages();
  expect(run()).toEqual({ code: 0, output: "" });
});

test("an installation that fails is told, and ends what follows", () => {
  const { code, output } = run(3);
  expect(code).toBe(1);
  expect(output).toMatch(/npm ci --include=dev failed .*by hand/);
});
