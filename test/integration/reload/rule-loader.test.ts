import { rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { NoRuleFileError } from "../../../src/reload/rule-loader.ts";
import {
  flat,
  keptLoader,
  limitsOf,
  put,
  rulesOf,
  temporaryDirectory,
} from "../../support/rule-directory.ts";

describe("a load", () => {
  test("puts the rules of all files in force", async () => {
    const root = temporaryDirectory();
    put(join(root, "a.yaml"), rulesOf("a", 1));
    put(join(root, "b.yaml"), rulesOf("b", 2));
    const { loader, loaded, log } = keptLoader(flat(root));
    expect(loader.current).toBeUndefined();
    expect(await loader.load()).toBeUndefined();
    expect(limitsOf(loader.current)).toEqual({ a: 1, b: 2 });
    expect(loaded).toEqual([{ rules: loader.current, isChanged: true }]);
    expect(log.lines).toEqual([
      { level: "info", message: "loaded rules", fields: { files: 2, domains: 2, limits: 2 } },
    ]);
  });

  test("of files that are what they were counts, and replaces nothing", async () => {
    const root = temporaryDirectory();
    put(join(root, "a.yaml"), rulesOf("a", 1));
    const { loader, loaded } = keptLoader(flat(root));
    await loader.load();
    const before = loader.current;
    put(join(root, "a.yaml"), rulesOf("a", 1));
    await loader.load();
    expect(loader.current).toBe(before);
    expect(loaded.map(({ isChanged }) => isChanged)).toEqual([true, false]);
  });

  test("of the same texts under other names replaces the rules", async () => {
    const root = temporaryDirectory();
    put(join(root, "a.yaml"), rulesOf("a", 1));
    const { loader } = keptLoader(flat(root));
    await loader.load();
    rmSync(join(root, "a.yaml"));
    put(join(root, "b.yaml"), rulesOf("a", 1));
    await loader.load();
    expect(loader.current?.fileNames).toEqual(["b.yaml"]);
  });

  test("merges domains when asked to", async () => {
    const root = temporaryDirectory();
    put(join(root, "a.yaml"), rulesOf("same", 1));
    put(join(root, "b.yaml"), rulesOf("same", 1).replace("any", "other"));
    const one = keptLoader(flat(root));
    expect((await one.loader.load())?.message).toBe(
      "b.yaml: duplicate domain 'same' in config file",
    );
    const merging = keptLoader(flat(root), { mergeDomains: true });
    await merging.loader.load();
    expect(merging.loader.current?.limitCount).toBe(2);
  });
});

describe("rules with a mistake", () => {
  test("are refused as a whole: the old ones stay, and the log says why", async () => {
    const root = temporaryDirectory();
    put(join(root, "a.yaml"), rulesOf("a", 1));
    put(join(root, "b.yaml"), rulesOf("b", 1));
    const { loader, loaded, refused, log } = keptLoader(flat(root));
    await loader.load();
    const before = loader.current;
    put(join(root, "a.yaml"), rulesOf("a", 2));
    put(join(root, "b.yaml"), rulesOf("b", 2).replace("minute", "fortnight"));
    const refusal = await loader.load();
    expect(refusal).toMatchObject({ code: "RULES_INVALID" });
    expect(loader.current).toBe(before);
    expect(limitsOf(loader.current)).toEqual({ a: 1, b: 1 });
    expect(loaded).toHaveLength(1);
    expect(refused).toEqual([refusal]);
    expect(log.lines.at(-1)).toMatchObject({
      level: "error",
      message: "Error loading new configuration: b.yaml: invalid rate limit unit 'fortnight'",
      fields: { line: 4, inForce: "the rules from before" },
    });

    put(join(root, "b.yaml"), rulesOf("b", 2));
    expect(await loader.load()).toBeUndefined();
    expect(limitsOf(loader.current)).toEqual({ a: 2, b: 2 });
  });

  test("at the start leave no rules in force", async () => {
    const root = temporaryDirectory();
    put(join(root, "a.yaml"), "domain: [");
    const { loader, log } = keptLoader(flat(root));
    expect((await loader.load())?.message).toMatch(/^a\.yaml: error loading config file: /);
    expect(loader.current).toBeUndefined();
    expect(log.lines.at(-1)?.fields).toMatchObject({ inForce: "no rules" });
  });
});

describe("no rule file", () => {
  test("is refused, at the start and later", async () => {
    const root = temporaryDirectory();
    const { loader } = keptLoader({ ...flat(root), watchRoot: true, appDirectory: "config" });
    const refusal = await loader.load();
    expect(refusal).toBeInstanceOf(NoRuleFileError);
    expect(refusal?.message).toBe(
      `no rule file found in ${root}, below config (RUNTIME_ROOT, RUNTIME_SUBDIRECTORY, RUNTIME_APPDIRECTORY); accepted: at least one file, or none with FORCE_START_WITHOUT_INITIAL_CONFIG=true`,
    );
    put(join(root, "config/a.yaml"), rulesOf("a", 1));
    await loader.load();
    rmSync(join(root, "config"), { recursive: true });
    expect(await loader.load()).toBeInstanceOf(NoRuleFileError);
    expect(limitsOf(loader.current)).toEqual({ a: 1 });
  });

  test("is no rules when that is allowed", async () => {
    const root = temporaryDirectory();
    const { loader } = keptLoader(flat(root), { mayBeEmpty: true });
    expect(await loader.load()).toBeUndefined();
    expect(loader.current).toMatchObject({ limitCount: 0, fileNames: [] });
    put(join(root, "a.yaml"), rulesOf("a", 1));
    await loader.load();
    rmSync(join(root, "a.yaml"));
    await loader.load();
    expect(loader.current?.domains.size).toBe(0);
  });
});

describe("loads asked for at the same time", () => {
  test("are two at most, one after the other, and the last sees what was changed before it was asked for", async () => {
    const root = temporaryDirectory();
    put(join(root, "a.yaml"), rulesOf("a", 1));
    const { loader, loaded } = keptLoader(flat(root));
    const first = loader.load();
    put(join(root, "a.yaml"), rulesOf("a", 2));
    const others = Array.from({ length: 20 }, () => loader.load());
    await first;
    await Promise.all(others);
    expect(limitsOf(loader.current)).toEqual({ a: 2 });
    expect(loaded).toHaveLength(2);
  });
});
