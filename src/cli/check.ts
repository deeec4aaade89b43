import { parseArgs } from "node:util";
import { checkRules, loadRules } from "../limits/load.ts";
import type { RuleProblem } from "../limits/rule-problem.ts";
import { type Command, UsageError } from "./command.ts";
import { readRuleFiles } from "./read-files.ts";

/** `velocitygate check`: would the service take these rules? */
export const check: Command = {
  usage: `usage: velocitygate check [options] DIR|FILE …

Checks rule files as the service does when it loads them, and prints every mistake with its place and what is accepted.

  --merge-domains   several files may add to one domain (MERGE_DOMAIN_CONFIG=true)
  --json            prints the mistakes as one line of JSON each

Exit code: 0 all files are good; 1 something is wrong with them; 2 not understood.
`,
  run,
};

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      "merge-domains": { type: "boolean", default: false },
      json: { type: "boolean", default: false },
    },
  });
  if (positionals.length === 0) throw new UsageError("name a directory or a file");
  const files = await readRuleFiles(positionals);
  const options = { mergeDomains: values["merge-domains"] };
  const problems = checkRules(files, options);
  if (problems.length > 0) {
    for (const problem of problems) {
      process.stdout.write(values.json ? `${JSON.stringify(problem)}\n` : asText(problem));
    }
    if (!values.json) process.stdout.write(`${count(problems.length, "mistake")}\n`);
    return 1;
  }
  const { limitCount, domains } = loadRules(files, options);
  if (!values.json) {
    process.stdout.write(
      `${count(files.length, "file")}, ${count(domains.size, "domain")}, ${count(limitCount, "limit")}: all good\n`,
    );
  }
  return 0;
}

function asText({ file, line, column, text, accepted }: RuleProblem): string {
  return `${file}:${line}:${column}: ${text}\n    accepted: ${accepted}\n`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
