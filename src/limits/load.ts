import { VelocityGateError } from "../errors.ts";
import { checkKeys } from "./check-keys.ts";
import { readRules } from "./read-rules.ts";
import { RuleAssembly } from "./rule-assembly.ts";
import { type Finding, firstMessage, problemsIn, type RuleProblem } from "./rule-problem.ts";
import type { RuleFile, RuleSet } from "./rule-set.ts";
import type { RuleFileSource } from "./rule-source.ts";
import { typeError } from "./type-error.ts";
import { Visits } from "./yaml/alias.ts";
import { toPlain } from "./yaml/decode.ts";
import { YamlFailure } from "./yaml/node.ts";
import { parseYaml } from "./yaml/parser.ts";

export interface LoadOptions {
  /** `MERGE_DOMAIN_CONFIG`: several files may add rules to one domain. */
  readonly mergeDomains: boolean;
}

/** A longer file is refused, in UTF-16 units: room for some 150,000 rules. */
export const ruleFileLengthMax = 16 * 1024 * 1024;

/** Files that are longer together are refused unread. */
export const ruleFilesLengthMax = 4 * ruleFileLengthMax;

/** Rules that were refused. The message tells the first problem as the reference does. */
export class RulesInvalidError extends VelocityGateError {
  /** At least one. */
  readonly problems: readonly RuleProblem[];

  constructor(problems: readonly RuleProblem[]) {
    super("RULES_INVALID", firstMessage(problems));
    this.problems = problems;
  }
}

/**
 * Compiles rule files, in the order of their names. All or none: one mistake in one file refuses the whole set.
 *
 * @throws RulesInvalidError
 */
export function loadRules(files: readonly RuleFile[], options: LoadOptions): RuleSet {
  const { rules, problems } = load(files, options);
  if (problems.length > 0) throw new RulesInvalidError(problems);
  return rules;
}

/**
 * Every mistake of the files: file by file in the order of their names, and within a file as the reference meets them: YAML, keys,
 * types, rules; each in the order of the text. What only follows from another mistake is left out.
 */
export function checkRules(
  files: readonly RuleFile[],
  options: LoadOptions,
): readonly RuleProblem[] {
  return load(files, options).problems;
}

function load(files: readonly RuleFile[], { mergeDomains }: LoadOptions) {
  const sorted = files.toSorted(byName);
  const tooLong = tooLongTogether(sorted);
  if (tooLong.length > 0) return { rules: noRules, problems: tooLong };
  const assembly = new RuleAssembly({ mergeDomains, holder: "file" });
  const problems: RuleProblem[] = [];
  for (const { name, text } of sorted) {
    const findings: Finding[] = [];
    const source = readFile(text, findings);
    if (source !== undefined) assembly.add(name, source, findings);
    for (const problem of problemsIn(name, findings)) problems.push(problem);
  }
  const rules: RuleSet = { ...assembly.build(), fileNames: sorted.map(({ name }) => name) };
  return { rules, problems };
}

const noRules: RuleSet = {
  domains: new Map(),
  fileNames: [],
  limitCount: 0,
  localLimitCount: 0,
  ownPolicyCount: 0,
};

/** The file with which the bound is passed; none when it is kept. */
function tooLongTogether(files: readonly RuleFile[]): RuleProblem[] {
  let length = 0;
  for (const { name, text } of files) {
    length += text.length;
    if (length <= ruleFilesLengthMax) continue;
    const finding = {
      place: { line: 1, column: 1 },
      text: "rule files are too long together, up to this one",
      accepted: `at most ${ruleFilesLengthMax} characters in all files`,
    };
    return problemsIn(name, [finding]);
  }
  return [];
}

function byName(left: RuleFile, right: RuleFile): number {
  return left.name < right.name ? -1 : left.name > right.name ? 1 : 0;
}

/** `undefined` when the file is no YAML, or no map. */
function readFile(text: string, findings: Finding[]): RuleFileSource | undefined {
  if (text.length > ruleFileLengthMax) {
    findings.push({
      place: { line: 1, column: 1 },
      text: `rule file is too long: ${text.length} characters`,
      accepted: `at most ${ruleFileLengthMax} characters in a file`,
    });
    return undefined;
  }
  try {
    const root = parseYaml(text);
    if (root === undefined) return readRules(root, findings);
    const plain = toPlain(root, new Visits());
    if (plain.type === "map") checkKeys(plain, findings);
    else if (plain.type !== "null") {
      findings.push(typeError(root, "map[interface {}]interface {}", "a map with a domain"));
      return undefined;
    }
    return readRules(root, findings);
  } catch (error) {
    if (!(error instanceof YamlFailure)) throw error;
    findings.push({
      place: error.place,
      text: `error loading config file: ${error.message}`,
      accepted: "a YAML 1.1 document",
    });
    return undefined;
  }
}
