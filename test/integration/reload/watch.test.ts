import { renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, jest, test } from "@jest/globals";
import type { RuntimeDirectory } from "../../../src/reload/scan.ts";
import { eventually } from "../../support/eventually.ts";
import {
  flat,
  limitsOf,
  put,
  rulesOf,
  swapLink,
  temporaryDirectory,
} from "../../support/rule-directory.ts";
import { startWatch } from "../../support/rule-watch.ts";

// Mostly tens of milliseconds, but the machine may be busy with other things.
jest.setTimeout(60_000);
const soon = (check: () => void) => eventually(check, { timeoutMs: 30_000 });

interface Change {
  readonly name: string;
  /** Where the rules are, below a new directory. */
  readonly at?: (root: string) => RuntimeDirectory;
  /** Makes rules `{ a: 1 }`. */
  readonly before: (root: string) => void;
  /** May be waited for. */
  readonly change: (root: string) => void;
  /** The limits then. */
  readonly after?: Readonly<Record<string, number>>;
}

function putVersion(root: string, version: number): void {
  put(join(root, `..v${version}/a.yaml`), rulesOf("a", version));
  swapLink(join(root, "..data"), `..v${version}`);
}

const inConfig = (root: string): RuntimeDirectory => ({
  ...flat(root),
  subdirectory: "rl",
  appDirectory: "config",
});
const watchedRoot = (root: string): RuntimeDirectory => ({
  ...flat(join(root, "current")),
  appDirectory: "config",
  watchRoot: true,
});
const a1 = (path: string) => (root: string) => put(join(root, path), rulesOf("a", 1));

const changes: readonly Change[] = [
  {
    name: "a file written in place",
    before: a1("a.yaml"),
    change: (root) => writeFileSync(join(root, "a.yaml"), rulesOf("a", 2)),
  },
  {
    name: "a file renamed over, as editors do",
    before: a1("a.yaml"),
    change: (root) => {
      put(join(root, ".a.yaml.swp"), "not a rule");
      renameSync(join(root, "a.yaml"), join(root, "..a.yaml~"));
      put(join(root, "..new"), rulesOf("a", 2));
      renameSync(join(root, "..new"), join(root, "a.yaml"));
      rmSync(join(root, ".a.yaml.swp"));
    },
  },
  {
    name: "a new file",
    before: a1("a.yaml"),
    change: (root) => put(join(root, "b.yaml"), rulesOf("b", 3)),
    after: { a: 1, b: 3 },
  },
  {
    name: "a removed file",
    before: (root) => {
      a1("a.yaml")(root);
      put(join(root, "b.yaml"), rulesOf("b", 3));
    },
    change: (root) => rmSync(join(root, "b.yaml")),
    after: { a: 1 },
  },
  {
    name: "a renamed file",
    before: a1("a.yaml"),
    change: (root) => {
      renameSync(join(root, "a.yaml"), join(root, "b.yaml"));
      writeFileSync(join(root, "b.yaml"), rulesOf("b", 1));
    },
    after: { b: 1 },
  },
  {
    name: "a file in a nested directory",
    before: a1("x/y/a.yaml"),
    change: (root) => writeFileSync(join(root, "x/y/a.yaml"), rulesOf("a", 2)),
  },
  {
    name: "a file in new nested directories",
    before: a1("a.yaml"),
    change: (root) => put(join(root, "x/y/z/b.yaml"), rulesOf("b", 3)),
    after: { a: 1, b: 3 },
  },
  {
    name: "a directory moved in",
    before: (root) => {
      a1("rl/config/a.yaml")(root);
      put(join(root, "else/b.yaml"), rulesOf("b", 3));
    },
    at: inConfig,
    change: (root) => renameSync(join(root, "else"), join(root, "rl/config/more")),
    after: { a: 1, b: 3 },
  },
  {
    name: "a removed directory",
    before: (root) => {
      a1("a.yaml")(root);
      put(join(root, "x/b.yaml"), rulesOf("b", 3));
    },
    change: (root) => rmSync(join(root, "x"), { recursive: true }),
    after: { a: 1 },
  },
  {
    name: "the ..data of a mounted ConfigMap",
    before: (root) => {
      putVersion(root, 1);
      symlinkSync("..data/a.yaml", join(root, "a.yaml"));
    },
    at: (root) => ({ ...flat(root), ignoreDotFiles: true }),
    change: (root) => {
      putVersion(root, 2);
      rmSync(join(root, "..v1"), { recursive: true });
    },
  },
  {
    name: "the same, with dot files not ignored",
    before: (root) => {
      putVersion(root, 1);
      symlinkSync("..data/a.yaml", join(root, "a.yaml"));
    },
    change: (root) => putVersion(root, 2),
  },
  {
    name: "the link that is the root",
    before: (root) => {
      a1("release1/config/a.yaml")(root);
      put(join(root, "release2/config/a.yaml"), rulesOf("a", 2));
      swapLink(join(root, "current"), "release1");
    },
    at: watchedRoot,
    change: (root) => swapLink(join(root, "current"), "release2"),
  },
  {
    name: "a file behind the link that is the root",
    before: (root) => {
      a1("release1/config/a.yaml")(root);
      swapLink(join(root, "current"), "release1");
    },
    at: watchedRoot,
    change: (root) => writeFileSync(join(root, "release1/config/a.yaml"), rulesOf("a", 2)),
  },
  {
    name: "a link on the way to the files",
    before: (root) => {
      a1("one/config/a.yaml")(root);
      put(join(root, "two/config/a.yaml"), rulesOf("a", 2));
      swapLink(join(root, "rl"), "one");
    },
    at: inConfig,
    change: (root) => swapLink(join(root, "rl"), "two"),
  },
  {
    name: "everything removed and made anew",
    before: a1("rl/config/a.yaml"),
    at: inConfig,
    change: (root) => {
      rmSync(join(root, "rl"), { recursive: true });
      put(join(root, "rl/config/a.yaml"), rulesOf("a", 2));
    },
  },
  {
    name: "a directory that appears later",
    before: () => undefined,
    at: inConfig,
    change: (root) => put(join(root, "rl/config/a.yaml"), rulesOf("a", 2)),
  },
  {
    name: "a root that appears later",
    before: () => undefined,
    at: (root) => watchedRoot(join(root, "far/away")),
    change: (root) => {
      put(join(root, "far/away/release/config/a.yaml"), rulesOf("a", 2));
      swapLink(join(root, "far/away/current"), "release");
    },
  },
];

describe("seen without polling", () => {
  test.each(changes)("$name", async ({ before, change, at = flat, after = { a: 2 } }) => {
    const root = temporaryDirectory();
    before(root);
    const { loader } = await startWatch(at(root));
    change(root);
    await soon(() => expect(limitsOf(loader.current)).toEqual(after));
  });
});

test("a directory stays watched, however often it is replaced", async () => {
  const root = temporaryDirectory();
  put(join(root, "rl/config/a.yaml"), rulesOf("a", 1));
  const { loader } = await startWatch(inConfig(root));
  for (let version = 2; version < 12; version++) {
    if (version % 2 === 0) rmSync(join(root, "rl"), { recursive: true });
    put(join(root, "rl/config/a.yaml"), rulesOf("a", version));
    await soon(() => expect(limitsOf(loader.current)).toEqual({ a: version }));
  }
});

test("behind a swapped link the new files are watched", async () => {
  const root = temporaryDirectory();
  for (const name of ["one", "two"]) put(join(root, name, "config/a.yaml"), rulesOf("a", 1));
  swapLink(join(root, "rl"), "one");
  const { loader, loaded } = await startWatch(inConfig(root));
  swapLink(join(root, "rl"), "two");
  await soon(() => expect(loaded).toHaveLength(2));
  put(join(root, "two/config/a.yaml"), rulesOf("a", 2));
  await soon(() => expect(limitsOf(loader.current)).toEqual({ a: 2 }));
});

test("what changed between the first load and the watch is loaded", async () => {
  const root = temporaryDirectory();
  put(join(root, "a.yaml"), rulesOf("a", 1));
  const { loader } = await startWatch(
    flat(root),
    {},
    {
      onLoaded: (_rules, isChanged) => {
        if (isChanged) put(join(root, "b.yaml"), rulesOf("b", 2));
      },
    },
  );
  expect(limitsOf(loader.current)).toEqual({ a: 1, b: 2 });
});

test("rules that were refused are not refused again and again, and are loaded when they are right", async () => {
  const root = temporaryDirectory();
  put(join(root, "a.yaml"), rulesOf("a", 1));
  const { loader, loaded, refused } = await startWatch(flat(root), { pollMs: 5 });
  put(join(root, "..a"), "domain: ''");
  renameSync(join(root, "..a"), join(root, "a.yaml"));
  await soon(() => expect(refused).toHaveLength(1));
  expect(refused[0]?.message).toBe("a.yaml: config file cannot have empty domain");
  expect(limitsOf(loader.current)).toEqual({ a: 1 });
  put(join(root, "..a"), rulesOf("a", 2));
  renameSync(join(root, "..a"), join(root, "a.yaml"));
  await soon(() => expect(limitsOf(loader.current)).toEqual({ a: 2 }));
  expect(refused).toHaveLength(1);
  expect(loaded).toHaveLength(2);
});

test("a removed mount leaves the rules in force", async () => {
  const root = temporaryDirectory();
  put(join(root, "rl/config/a.yaml"), rulesOf("a", 1));
  const { loader, refused } = await startWatch(inConfig(root));
  rmSync(join(root, "rl"), { recursive: true });
  await soon(() => expect(refused).toHaveLength(1));
  expect(limitsOf(loader.current)).toEqual({ a: 1 });
});

test("nothing is loaded, and no directory watched, after it is closed", async () => {
  const root = temporaryDirectory();
  put(join(root, "rl/config/a.yaml"), rulesOf("a", 1));
  const heard = new Map<string, () => void>();
  const { watch, loader, loaded } = await startWatch(inConfig(root), {
    quietMs: 0,
    listen: (path, onChange) => {
      heard.set(path, () => onChange(undefined));
      return () => heard.delete(path);
    },
  });
  expect([...heard.keys()]).toEqual(
    expect.arrayContaining(["/", root, join(root, "rl"), join(root, "rl/config")]),
  );
  const hear = [...heard.values()];
  await watch.close();
  await watch.close();
  expect(heard.size).toBe(0);

  put(join(root, "rl/config/a.yaml"), rulesOf("a", 2));
  for (const tell of hear) tell();
  await new Promise((resolve) => setImmediate(resolve));
  expect(loaded).toHaveLength(1);
  await loader.load();
  expect(limitsOf(loader.current)).toEqual({ a: 2 });
});
