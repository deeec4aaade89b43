import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { runBuilt } from "../../support/run-node.ts";

describe("velocitygate check", () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "velocitygate-check-"));
  });

  afterEach(() => rm(folder, { recursive: true }));

  const check = (...args: string[]) => runBuilt("cli/main.js", ["check", ...args]);

  test("accepts the example rules", async () => {
    const { output, exit } = await check(join(import.meta.dirname, "../../../envoy/rules"));
    expect(output).toMatch(/^4 files, 4 domains, \d+ limits: all good\n$/);
    expect(exit.code).toBe(0);
  });

  test("prints every mistake of every file with its place, the reference's text and what is accepted", async () => {
    await writeFile(
      join(folder, "a.yaml"),
      "domain: a\ndescriptors:\n  - key: k\n    rate_limit:\n      unit: min\n      requests_per_unit: 1\n  - value: v\n",
    );
    await mkdir(join(folder, "nested"));
    await writeFile(join(folder, "nested/b.yaml"), "domain: b\nrules: []\n");
    const { output, exit } = await check(folder);
    expect(output).toContain(`${folder}/a.yaml:5:13: invalid rate limit unit 'min'`);
    expect(output).toContain("second, minute, hour, day, week, month, year");
    expect(output).toContain("descriptor has empty key");
    expect(output).toContain(`${folder}/nested/b.yaml:2:1: config error, unknown key 'rules'`);
    expect(output).toContain("3 mistakes");
    expect(exit.code).toBe(1);
  });

  test("merges domains only when asked to", async () => {
    for (const name of ["a", "b"]) {
      await writeFile(join(folder, name), `domain: d\ndescriptors: [{key: ${name}}]\n`);
    }
    expect((await check(folder)).output).toContain("duplicate domain 'd' in config file");
    expect((await check("--merge-domains", folder)).exit.code).toBe(0);
  });

  test("says what is wrong with a path", async () => {
    const { output, exit } = await check(join(folder, "nowhere"));
    expect(output).toContain("no such file or directory");
    expect(exit.code).toBe(2);
  });
});
