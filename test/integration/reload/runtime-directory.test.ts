import { mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, jest, test } from "@jest/globals";
import { readRuntimeDirectory } from "../../../src/reload/runtime-directory.ts";
import type { RuntimeDirectory } from "../../../src/reload/scan.ts";
import { flat, put, temporaryDirectory } from "../../support/rule-directory.ts";

// The largest directory takes a while on a busy machine.
jest.setTimeout(60_000);

const namesOf = async (directory: RuntimeDirectory) =>
  (await readRuntimeDirectory(directory)).files.map(({ name }) => name);

const refusalOf = async (directory: RuntimeDirectory): Promise<string> => {
  try {
    await readRuntimeDirectory(directory);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("the directory was read");
};

function fill(root: string, paths: readonly string[]): void {
  for (const path of paths) put(join(root, path), path);
}

describe("names of rule files", () => {
  const paths = [
    "rl/config/basic.yaml",
    "rl/config/nested/deep/other.yml",
    "rl/config/README",
    "rl/config/.hidden.yaml",
    "rl/config/.git/x.yaml",
    "rl/config.extra.yaml",
    "rl/config.d/y.yaml",
    "rl/configured/z.yaml",
    "rl/other/a.yaml",
    "elsewhere/config/b.yaml",
  ];
  const base = { subdirectory: "rl", appDirectory: "config" };

  test.each<[string, Partial<RuntimeDirectory>, readonly string[]]>([
    [
      "with RUNTIME_WATCH_ROOT begin at the subdirectory, and those of the app directory count",
      { ...base, watchRoot: true, ignoreDotFiles: true },
      [
        "config.README",
        "config.basic.yaml",
        "config.d.y.yaml",
        "config.extra.yaml",
        "config.nested.deep.other.yml",
      ],
    ],
    [
      "without it begin at the app directory",
      { ...base, watchRoot: false, ignoreDotFiles: true },
      ["README", "basic.yaml", "nested.deep.other.yml"],
    ],
    [
      "have dot files among them unless they are ignored",
      { ...base, watchRoot: false, ignoreDotFiles: false },
      [".git.x.yaml", ".hidden.yaml", "README", "basic.yaml", "nested.deep.other.yml"],
    ],
    [
      "of an app directory with a slash have dots for it",
      { subdirectory: "rl", appDirectory: "config/nested", watchRoot: true, ignoreDotFiles: true },
      ["config.nested.deep.other.yml"],
    ],
    [
      "without a subdirectory begin at the root, which the reference takes for no rules at all",
      { subdirectory: "", appDirectory: "elsewhere", watchRoot: true, ignoreDotFiles: true },
      ["elsewhere.config.b.yaml"],
    ],
    [
      "without an app directory are all there are",
      { subdirectory: "rl/other", appDirectory: ".", watchRoot: true, ignoreDotFiles: true },
      ["a.yaml"],
    ],
  ])("%s", async (_what, settings, names) => {
    const root = temporaryDirectory();
    fill(root, paths);
    expect(await namesOf({ ...flat(root), ...settings })).toEqual(names);
  });

  test("are in order, whatever the directories", async () => {
    const root = temporaryDirectory();
    fill(root, ["b.yaml", "a/z.yaml", "a.b.yaml", "B.yaml", "c/a.yaml", "a/a.yaml"]);
    expect(await namesOf(flat(root))).toEqual([
      "B.yaml",
      "a.a.yaml",
      "a.b.yaml",
      "a.z.yaml",
      "b.yaml",
      "c.a.yaml",
    ]);
  });
});

describe("links", () => {
  test.each([true, false])(
    "a mounted ConfigMap has each file once, with RUNTIME_IGNOREDOTFILES=%s",
    async (ignoreDotFiles) => {
      const root = temporaryDirectory();
      fill(root, ["..2026_1/a.yaml", "..2026_1/b.yaml"]);
      symlinkSync("..2026_1", join(root, "..data"));
      symlinkSync("..data/a.yaml", join(root, "a.yaml"));
      symlinkSync("..data/b.yaml", join(root, "b.yaml"));
      const { files } = await readRuntimeDirectory({ ...flat(root), ignoreDotFiles });
      expect(files).toEqual([
        { name: "a.yaml", text: "..2026_1/a.yaml" },
        { name: "b.yaml", text: "..2026_1/b.yaml" },
      ]);
    },
  );

  test("to directories are followed", async () => {
    const root = temporaryDirectory();
    fill(root, ["real/a.yaml"]);
    mkdirSync(join(root, "rules"));
    symlinkSync("../real", join(root, "rules/linked"));
    expect(await namesOf(flat(join(root, "rules")))).toEqual(["linked.a.yaml"]);
  });

  test("that go round are refused, not followed for ever", async () => {
    const root = temporaryDirectory();
    symlinkSync(".", join(root, "again"));
    expect(await refusalOf(flat(root))).toMatch(/again is more than 16 directories deep$/);
  });

  test("that lead nowhere are refused: their rules would be missing", async () => {
    const root = temporaryDirectory();
    fill(root, ["a.yaml"]);
    symlinkSync("nowhere", join(root, "b.yaml"));
    expect(await refusalOf(flat(root))).toBe(`${root}/b.yaml cannot be read (ENOENT)`);
  });
});

describe("contents", () => {
  test("are decoded: a byte order mark is none of them, and UTF-16 is read", async () => {
    const root = temporaryDirectory();
    writeFileSync(join(root, "a"), Buffer.from("\uFEFFdomain: ä"));
    writeFileSync(join(root, "b"), Buffer.from("\uFEFFdomain: ä", "utf16le"));
    expect((await readRuntimeDirectory(flat(root))).files.map(({ text }) => text)).toEqual([
      "domain: ä",
      "domain: ä",
    ]);
  });

  test("of a directory that is not there are none", async () => {
    expect(await namesOf(flat(join(temporaryDirectory(), "none/at/all")))).toEqual([]);
  });

  test("of a root that is a file are none", async () => {
    const root = temporaryDirectory();
    fill(root, ["file"]);
    expect(await namesOf(flat(join(root, "file/below")))).toEqual([]);
  });

  test("that are no file are refused", async () => {
    const root = temporaryDirectory();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(root, "socket"), resolve));
    try {
      expect(await refusalOf(flat(root))).toBe(`${root}/socket is not a file`);
    } finally {
      server.close();
    }
  });

  test("longer than 64 MiB are refused", async () => {
    const root = temporaryDirectory();
    fill(root, ["a.yaml"]);
    truncateSync(join(root, "a.yaml"), 64 * 1024 * 1024 + 1);
    expect(await refusalOf(flat(root))).toBe(
      "a.yaml: too long; accepted: 67108864 bytes in a file, 268435456 in all",
    );
  });

  test("of more than 10,000 entries are refused", async () => {
    const root = temporaryDirectory();
    for (let at = 0; at <= 10_000; at++) writeFileSync(join(root, String(at)), "");
    expect(await refusalOf(flat(root))).toBe(
      `${root}: there are more than 10000 files and directories`,
    );
  });
});

describe("the signature", () => {
  const signatureOf = async (directory: RuntimeDirectory) =>
    (await readRuntimeDirectory(directory)).signature;

  test("stays while nothing changes, and what does not count is none of it", async () => {
    const root = temporaryDirectory();
    fill(root, ["rl/config/a.yaml"]);
    const directory = {
      ...flat(root),
      subdirectory: "rl",
      appDirectory: "config",
      watchRoot: true,
    };
    const before = await signatureOf(directory);
    fill(root, ["rl/other/b.yaml", "rl/c.yaml", "d.yaml"]);
    expect(await signatureOf(directory)).toBe(before);
  });

  test.each<[string, (root: string) => void]>([
    ["a file of the same length and name", (root) => put(join(root, "a.yaml"), "A.yaml")],
    ["a new file", (root) => fill(root, ["b.yaml"])],
    ["a new directory", (root) => mkdirSync(join(root, "b"))],
    ["a removed file", (root) => rmSync(join(root, "a.yaml"))],
    [
      "a file that became a directory",
      (root) => {
        rmSync(join(root, "a.yaml"));
        mkdirSync(join(root, "a.yaml"));
      },
    ],
  ])("changes with %s", async (_what, change) => {
    const root = temporaryDirectory();
    fill(root, ["a.yaml"]);
    const before = await signatureOf(flat(root));
    change(root);
    expect(await signatureOf(flat(root))).not.toBe(before);
  });
});
