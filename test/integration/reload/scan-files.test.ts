import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "@jest/globals";
import { scanFiles } from "../../../src/reload/scan-files.ts";
import { put, swapLink, temporaryDirectory } from "../../support/rule-directory.ts";

let root: string;
beforeEach(() => {
  root = temporaryDirectory();
});

const at = (...steps: string[]) => join(root, ...steps);
const signatureOf = async (...paths: string[]) => (await scanFiles(paths)).signature;

/** Where a change of that entry of that directory matters. */
async function mattersIn(
  paths: readonly string[],
): Promise<(path: string, entry: string) => boolean> {
  const { watchPoints } = await scanFiles(paths);
  return (path, entry) => watchPoints.some((point) => point.path === path && point.matters(entry));
}

describe("the signature differs after", () => {
  /** A file behind two links, as a mounted Secret has it. */
  function mount(): string {
    put(at("mount/..one/tls.crt"), "one");
    put(at("mount/..two/tls.crt"), "two");
    symlinkSync("..one", at("mount/..data"));
    symlinkSync("..data/tls.crt", at("mount/tls.crt"));
    return at("mount/tls.crt");
  }

  const changes: readonly (readonly [string, () => void])[] = [
    ["a swap of ..data", () => swapLink(at("mount/..data"), "..two")],
    ["a write in place", () => writeFileSync(at("mount/..one/tls.crt"), "ONE")],
    [
      "a rename over it",
      () => {
        writeFileSync(at("new"), "one");
        renameSync(at("new"), at("mount/..one/tls.crt"));
      },
    ],
    ["its removal", () => rmSync(at("mount/..one/tls.crt"))],
    ["a change of its permissions", () => chmodSync(at("mount/..one/tls.crt"), 0o600)],
    [
      "another directory in the place of one on the way",
      () => {
        renameSync(at("mount"), at("old"));
        put(at("mount/tls.crt"), "one");
      },
    ],
  ];
  test.each(changes)("%s", async (_what, change) => {
    const path = mount();
    const before = await signatureOf(path);
    expect(await signatureOf(path)).toBe(before);
    change();
    expect(await signatureOf(path)).not.toBe(before);
  });

  test("the appearance of a file and of directories on the way", async () => {
    const path = at("later/certs/tls.crt");
    const seen = new Set([await signatureOf(path)]);
    mkdirSync(at("later"));
    seen.add(await signatureOf(path));
    mkdirSync(at("later/certs"));
    seen.add(await signatureOf(path));
    writeFileSync(path, "");
    seen.add(await signatureOf(path));
    expect(seen.size).toBe(4);
  });
});

test("another file beside it makes no difference, and its change does not matter", async () => {
  put(at("certs/tls.crt"), "one");
  const path = at("certs/tls.crt");
  const before = await signatureOf(path);
  put(at("certs/other"), "x");
  expect(await signatureOf(path)).toBe(before);
  const matters = await mattersIn([path]);
  expect(matters(at("certs"), "tls.crt")).toBe(true);
  expect(matters(at("certs"), "other")).toBe(false);
});

test("every directory that a link leads through is watched, for what leads on", async () => {
  put(at("store/v1/tls.crt"), "one");
  mkdirSync(at("a"));
  symlinkSync("../store/current/tls.crt", at("a/tls.crt"));
  symlinkSync("v1", at("store/current"));
  const matters = await mattersIn([at("a/tls.crt")]);
  expect(matters(at("a"), "tls.crt")).toBe(true);
  expect(matters(at("store"), "current")).toBe(true);
  expect(matters(at("store"), "v1")).toBe(true);
  expect(matters(at("store/v1"), "tls.crt")).toBe(true);
  expect(matters(root, "store")).toBe(true);
});

test("links that lead to each other, or nowhere, are looked at and come to an end", async () => {
  symlinkSync("two", at("one"));
  symlinkSync("one", at("two"));
  symlinkSync("nowhere/file", at("three"));
  const before = await signatureOf(at("one"), at("three"));
  put(at("nowhere/file"), "here");
  expect(await signatureOf(at("one"), at("three"))).not.toBe(before);
});
