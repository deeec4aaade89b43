import { mkdirSync, rmSync, symlinkSync } from "node:fs";
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

jest.setTimeout(60_000);
const soon = (check: () => void) => eventually(check, { timeoutMs: 30_000 });

const watchedRoot = (root: string): RuntimeDirectory => ({
  ...flat(join(root, "current")),
  appDirectory: "config",
  watchRoot: true,
});

describe("swaps in rapid succession", () => {
  const versions = 300;

  /** Both files of a version name the same limit, so a mixed set shows. */
  function putRelease(root: string, version: number): void {
    const release = join(root, `release${version}`);
    put(join(release, "config/a.yaml"), rulesOf("a", version));
    put(join(release, "config/b.yaml"), rulesOf("b", version));
  }

  test.each<[string, (root: string) => RuntimeDirectory, (root: string, version: number) => void]>([
    [
      "of the root",
      watchedRoot,
      (root, version) => {
        swapLink(join(root, "current"), `release${version}`);
      },
    ],
    [
      "of ..data",
      (root) => flat(join(root, "mount")),
      (root, version) => {
        mkdirSync(join(root, "mount"), { recursive: true });
        swapLink(join(root, "mount/..data"), `../release${version}/config`);
      },
    ],
  ])("%s: no reader sees a mixed set, and the last one wins", async (_what, at, swap) => {
    const root = temporaryDirectory();
    putRelease(root, 1);
    swap(root, 1);
    if (at(root).root.endsWith("mount")) {
      symlinkSync("..data/a.yaml", join(root, "mount/a.yaml"));
      symlinkSync("..data/b.yaml", join(root, "mount/b.yaml"));
    }
    const { loader, loaded, refused } = await startWatch(at(root), { quietMs: 1, burstMsMax: 5 });
    for (let version = 2; version <= versions; version++) {
      putRelease(root, version);
      swap(root, version);
      rmSync(join(root, `release${version - 1}`), { recursive: true });
      const { a, b } = limitsOf(loader.current);
      expect(a).toBe(b);
      if (version % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await soon(() => expect(limitsOf(loader.current)).toEqual({ a: versions, b: versions }));
    expect(loaded.length).toBeGreaterThan(1);
    for (const { rules } of loaded) {
      const { a, b } = limitsOf(rules);
      expect(a).toBe(b);
    }
    for (const { message } of refused) {
      expect(message).toBe("the rule files kept changing while they were read");
    }
  });
});
