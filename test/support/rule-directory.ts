import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach } from "@jest/globals";
import type { VelocityGateError } from "../../src/errors.ts";
import { matchDescriptor } from "../../src/limits/match.ts";
import type { RuleSet } from "../../src/limits/rule-set.ts";
import { RuleLoader, type RuleLoaderOptions } from "../../src/reload/rule-loader.ts";
import type { RuntimeDirectory } from "../../src/reload/scan.ts";
import { type KeptLog, keptLog } from "./kept-log.ts";

const made: string[] = [];
afterEach(() => {
  for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true });
});

/** A new directory that is gone after the test. */
export function temporaryDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), "velocitygate-reload-"));
  made.push(path);
  return path;
}

/** Writes a file, and the directories on the way to it. */
export function put(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** Puts a link in the place of another in one step, as Kubernetes and release scripts do. */
export function swapLink(path: string, target: string): void {
  symlinkSync(target, `${path}_new`);
  renameSync(`${path}_new`, path);
}

/** A rule file with one rule: so many a minute. */
export function rulesOf(domain: string, perMinute: number): string {
  return `domain: ${domain}
descriptors:
  - key: any
    rate_limit: { unit: minute, requests_per_unit: ${perMinute} }
`;
}

/** The limits of rules that `rulesOf` wrote, by domain. */
export function limitsOf(rules: RuleSet | undefined): Readonly<Record<string, number | undefined>> {
  const descriptor = {
    entries: [{ key: "any", value: "" }],
    override: undefined,
    hitsAddend: undefined,
    isNegativeHits: false,
  };
  return Object.fromEntries(
    [...(rules?.domains ?? [])].map(([name, domain]) => [
      name,
      matchDescriptor(domain, descriptor)?.limit.requestsPerUnit,
    ]),
  );
}

/** Files directly in the root, named by themselves. */
export function flat(root: string): RuntimeDirectory {
  return {
    root,
    subdirectory: "",
    appDirectory: "",
    ignoreDotFiles: false,
    watchRoot: false,
  };
}

export interface KeptLoader {
  readonly loader: RuleLoader;
  readonly log: KeptLog;
  readonly loaded: readonly { readonly rules: RuleSet; readonly isChanged: boolean }[];
  readonly refused: readonly VelocityGateError[];
}

/** A loader of that directory, and what it told. */
export function keptLoader(
  directory: RuntimeDirectory,
  options: Partial<RuleLoaderOptions> = {},
): KeptLoader {
  const log = keptLog();
  const loaded: { rules: RuleSet; isChanged: boolean }[] = [];
  const refused: VelocityGateError[] = [];
  const loader = new RuleLoader({
    directory,
    mergeDomains: false,
    mayBeEmpty: false,
    log,
    onLoaded: (rules, isChanged) => loaded.push({ rules, isChanged }),
    onRefused: (error) => refused.push(error),
    ...options,
  });
  return { loader, log, loaded, refused };
}
