import { rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, jest, test } from "@jest/globals";
import { cleanupAfterEach } from "../../support/cleanup.ts";
import { eventually } from "../../support/eventually.ts";
import { put } from "../../support/rule-directory.ts";
import { type AppOptions, type RunningApp, startInProcess } from "../../support/running-app.ts";

// Each starts services, on machines that may be busy.
jest.setTimeout(30_000);

const cleanup = cleanupAfterEach();
const start = (options: AppOptions): Promise<RunningApp> => cleanup.add(startInProcess(options));

const file = (domain: string, key = "k") =>
  `domain: ${domain}\ndescriptors: [{ key: ${key}, rate_limit: { unit: day, requests_per_unit: 5 } }]\n`;

/** The domains that have rules. */
const domains = ({ app }: RunningApp) => new Set(app.rules?.domains.keys());

describe("where the rules are", () => {
  const rules = {
    "sub/app/here.yaml": file("here"),
    "sub/app/.hidden.yaml": file("hidden"),
    "sub/app.beside.yaml": file("beside"),
    "sub/other/there.yaml": file("there"),
    "app/above.yaml": file("above"),
  };
  const usual = {
    RUNTIME_SUBDIRECTORY: "sub",
    RUNTIME_APPDIRECTORY: "app",
    RUNTIME_WATCH_ROOT: "false",
    RUNTIME_IGNOREDOTFILES: "true",
  };

  test.each<[string, Readonly<Record<string, string>>, readonly string[]]>([
    ["RUNTIME_ROOT and the directories below it", {}, ["here"]],
    ["RUNTIME_SUBDIRECTORY", { RUNTIME_SUBDIRECTORY: "" }, ["above"]],
    ["RUNTIME_APPDIRECTORY", { RUNTIME_APPDIRECTORY: "other" }, ["there"]],
    ["RUNTIME_WATCH_ROOT", { RUNTIME_WATCH_ROOT: "true" }, ["beside", "here"]],
    ["RUNTIME_IGNOREDOTFILES", { RUNTIME_IGNOREDOTFILES: "false" }, ["here", "hidden"]],
  ])("is what %s says", async (_name, changes, expected) => {
    expect(domains(await start({ rules, settings: { ...usual, ...changes } }))).toEqual(
      new Set(expected),
    );
  });
});

describe("MERGE_DOMAIN_CONFIG", () => {
  const rules = { "a.yaml": file("d", "a"), "b.yaml": file("d", "b") };

  test("lets several files have rules for one domain", async () => {
    const { app } = await start({ rules, settings: { MERGE_DOMAIN_CONFIG: "true" } });
    expect(app.rules?.limitCount).toBe(2);
  });

  test("unset makes a mistake of the second file", async () => {
    const { app, log } = await start({ rules });
    expect(app.rules).toBeUndefined();
    expect(log.lines.map(({ message }) => message).join("\n")).toContain(
      "duplicate domain 'd' in config file",
    );
  });
});

describe("FORCE_START_WITHOUT_INITIAL_CONFIG", () => {
  test("starts without a rule file, and takes rules up when they come", async () => {
    const settings = { FORCE_START_WITHOUT_INITIAL_CONFIG: "true" };
    const app = await start({ rules: {}, settings });
    expect((await app.ask("k=v")).overallCode).toBe(1);
    put(join(app.root, "late.yaml"), file("d"));
    await eventually(() => expect(domains(app)).toEqual(new Set(["d"])));
  });

  test("unset refuses to start without one", async () => {
    await expect(startInProcess({ rules: {} })).rejects.toMatchObject({ code: "RULES_INVALID" });
  });
});

describe("HEALTHY_WITH_AT_LEAST_ONE_CONFIG_LOADED", () => {
  const force = { FORCE_START_WITHOUT_INITIAL_CONFIG: "true" };

  test("has health ask for a domain, also when the last one goes", async () => {
    const settings = { ...force, HEALTHY_WITH_AT_LEAST_ONE_CONFIG_LOADED: "true" };
    const app = await start({ rules: {}, settings });
    const health = async () => (await app.get("/healthcheck")).status;
    expect(await health()).toBe(500);
    put(join(app.root, "late.yaml"), file("d"));
    await eventually(async () => expect(await health()).toBe(200));
    rmSync(join(app.root, "late.yaml"));
    await eventually(async () => expect(await health()).toBe(500));
  });

  test("unset has it ask for none", async () => {
    const app = await start({ rules: {}, settings: force });
    expect((await app.get("/healthcheck")).status).toBe(200);
  });
});
