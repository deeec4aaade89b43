import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { counterKey, unambiguousKey } from "../decision/key.ts";
import { windowStart } from "../decision/window.ts";
import { exampleRules } from "../example-rules.ts";
import type { Descriptor, Entry } from "../limits/descriptor.ts";
import { type Explanation, explainDescriptor } from "../limits/explain.ts";
import { printExplanation } from "../limits/explain-text.ts";
import { loadRules } from "../limits/load.ts";
import { type Command, UsageError } from "./command.ts";
import { parseDescriptors } from "./descriptors.ts";
import { readRuleFiles } from "./read-files.ts";

/** `velocitygate explain`: which rule does a descriptor meet, and why that one? */
export const explain: Command = {
  usage: `usage: velocitygate explain --domain DOMAIN [options] key=value …

Shows step by step which rule the descriptor matches, and the counter's key now. Asks no service and counts nothing.

  --domain DOMAIN        the domain whose rules decide
  --rules DIR|FILE       the rule files; may be given several times (default: the example rules)
  --descriptor K=V,K=V   a further descriptor; may be given several times
  --merge-domains        several files may add to one domain (MERGE_DOMAIN_CONFIG=true)
  --key-prefix TEXT      put before the counter's key (CACHE_KEY_PREFIX)
  --unambiguous-keys     the key is written unambiguously (UNAMBIGUOUS_CACHE_KEYS=true)
  --calendar-months      months are those of the calendar (USE_CALENDAR_MONTH_RATE_LIMIT=true)
  --json                 prints one line of JSON for each descriptor

Exit code: 0 explained; 1 the rules are refused or have no such domain; 2 not understood.
`,
  run,
};

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      domain: { type: "string" },
      rules: { type: "string", multiple: true },
      descriptor: { type: "string", multiple: true, default: [] },
      "merge-domains": { type: "boolean", default: false },
      "key-prefix": { type: "string", default: "" },
      "unambiguous-keys": { type: "boolean", default: false },
      "calendar-months": { type: "boolean", default: false },
      json: { type: "boolean", default: false },
    },
  });
  const { domain } = values;
  if (domain === undefined) throw new UsageError("--domain is missing");
  const descriptors = parseDescriptors(positionals, values.descriptor);
  const paths = values.rules ?? [relative(".", join(exampleRules.root, exampleRules.appDirectory))];
  const files = await readRuleFiles(paths);
  const { domains } = loadRules(files, { mergeDomains: values["merge-domains"] });
  const rules = domains.get(domain);
  if (rules === undefined) {
    process.stderr.write(
      `the rules have no domain «${domain}», so nothing is limited in it; they have: ${[...domains.keys()].join(", ")}\n`,
    );
    return 1;
  }
  for (const entries of descriptors) {
    const explanation = explainDescriptor(rules, toDescriptor(entries));
    const key = keyNow(explanation, domain, entries, {
      prefix: values["key-prefix"],
      isUnambiguous: values["unambiguous-keys"],
      calendarMonths: values["calendar-months"],
    });
    process.stdout.write(
      values.json ? `${JSON.stringify({ ...explanation, key })}\n` : asText(explanation, key),
    );
  }
  return 0;
}

function toDescriptor(entries: readonly Entry[]): Descriptor {
  return { entries, override: undefined, hitsAddend: undefined, isNegativeHits: false };
}

/** `undefined`: nothing is counted. */
function keyNow(
  { match }: Explanation,
  domain: string,
  entries: readonly Entry[],
  { prefix, isUnambiguous, calendarMonths }: KeyOptions,
): string | undefined {
  if (match === undefined || match.limit.unlimited) return undefined;
  const nowSeconds = Math.floor(Date.now() / 1000);
  const { unit } = match.limit;
  const start = windowStart(unit, nowSeconds, calendarMonths);
  return isUnambiguous
    ? unambiguousKey(prefix, domain, entries, match.sharePatterns, unit, start)
    : counterKey(prefix, domain, entries, match, start);
}

/** What the settings of a service say about its keys. */
interface KeyOptions {
  readonly prefix: string;
  readonly isUnambiguous: boolean;
  readonly calendarMonths: boolean;
}

function asText(explanation: Explanation, key: string | undefined): string {
  return printExplanation(explanation) + (key === undefined ? "" : `   counted in ${key}\n`);
}
