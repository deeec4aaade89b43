#!/usr/bin/env node
/** ratelimit_config_check: the reference's checker of rule files, by its command line, with its output and its exit codes. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { decodeRuleFile } from "../../limits/decode-rule-file.ts";
import { checkRules } from "../../limits/load.ts";
import { firstMessage, type RuleProblem } from "../../limits/rule-problem.ts";
import type { RuleFile } from "../../limits/rule-set.ts";
import { type GoFlags, parseGoFlags } from "./go-flags.ts";

const flags: GoFlags = {
  config_dir: { kind: "string", usage: "path to directory containing rate limit configs" },
  merge_domain_configs: {
    kind: "boolean",
    usage: "whether to merge configurations, referencing the same domain",
  },
};

/** In the system's words, as Go says them. */
const reasons: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "no such file or directory"],
  ["EISDIR", "is a directory"],
  ["EACCES", "permission denied"],
  ["ENOTDIR", "not a directory"],
  ["ELOOP", "too many levels of symbolic links"],
]);

process.exitCode = run(process.argv[1] ?? "", process.argv.slice(2));

/** @returns 0 the rules are right; 1 they are not, or cannot be read; 2 a file is no YAML of rules, where the reference crashes. */
function run(program: string, args: readonly string[]): number {
  const given = parseGoFlags(program, flags, args);
  if ("exitCode" in given) {
    process.stderr.write(given.text);
    return given.exitCode;
  }
  const directory = given.strings.get("config_dir") ?? "";
  const mergeDomains = given.booleans.get("merge_domain_configs") ?? false;
  say("checking rate limit configs...");
  say(`loading config directory: ${directory}`);
  const names = attempt(() => readdirSync(directory).toSorted(byBytes));
  if (typeof names === "string") {
    say(`error opening directory ${directory}: open ${directory}: ${names}`);
    return 1;
  }
  const files: RuleFile[] = [];
  for (const name of names.filter((one) => !one.startsWith(".."))) {
    const path = join(directory, name);
    say(`opening config file: ${path}`);
    const text = attempt(() => [decodeRuleFile(readFileSync(path))]);
    if (typeof text === "string") {
      say(
        `error reading file ${path}: ${text.startsWith("is a") ? "read" : "open"} ${path}: ${text}`,
      );
      return 1;
    }
    const file = { name: path, text: text[0] ?? "" };
    const problems = checkRules([file], { mergeDomains }).filter(isOfYaml);
    if (problems.length > 0) return refuse(problems, 2);
    files.push(file);
  }
  const problems = checkRules(files, { mergeDomains });
  if (problems.length > 0) return refuse(problems, 1);
  say("all rate limit configs ok");
  return 0;
}

/** The first problem as the reference tells it; then all of them, with their places and with what would be right. */
function refuse(problems: readonly RuleProblem[], exitCode: 1 | 2): number {
  say(`error loading rate limit configs: ${firstMessage(problems)}`);
  for (const { file, line, column, text, accepted } of problems) {
    process.stderr.write(`${file}:${line}:${column}: ${text}\n    accepted: ${accepted}\n`);
  }
  return exitCode;
}

/** What the reference finds while it reads the file, before it looks at the rules in it. */
function isOfYaml({ text }: RuleProblem): boolean {
  return /^(?:error loading config file: |config error, |error checking config)/.test(text);
}

function attempt<Result extends object>(read: () => Result): Result | string {
  try {
    return read();
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    return reasons.get(code) ?? String(error);
  }
}

function byBytes(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
