import { VelocityGateError } from "../errors.ts";
import { checkKeys } from "./check-keys.ts";
import { compileRules, type DomainRules } from "./compile.ts";
import { LevelBuilder } from "./level-builder.ts";
import { readRules } from "./read-rules.ts";
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
  const roots = new Map<string, LevelBuilder>();
  const problems: RuleProblem[] = tooLongTogether(sorted);
  if (problems.length > 0) return { rules: noRules, problems };
  const counts = { limits: 0 };
  for (const { name, text } of sorted) {
    const findings: Finding[] = [];
    const source = readFile(text, findings);
    if (source !== undefined) {
      const root = domainRoot(source, roots, mergeDomains, findings);
      compileRules(source.descriptors, root, { file: name, findings, counts });
    }
    for (const problem of problemsIn(name, findings)) problems.push(problem);
  }
  const domains = new Map<string, DomainRules>();
  for (const [name, root] of roots) domains.set(name, { name, root: root.buildRoot() });
  const fileNames = sorted.map(({ name }) => name);
  const rules: RuleSet = { domains, fileNames, limitCount: counts.limits };
  return { rules, problems };
}

const noRules: RuleSet = { domains: new Map(), fileNames: [], limitCount: 0 };

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

/** The level that a file's rules go to. That of a domain which may not be added to is a new one that nothing keeps. */
function domainRoot(
  { domain, domainPlace }: RuleFileSource,
  roots: Map<string, LevelBuilder>,
  mergeDomains: boolean,
  findings: Finding[],
): LevelBuilder {
  const known = roots.get(domain);
  if (domain === "") {
    findings.push({
      place: domainPlace,
      text: "config file cannot have empty domain",
      accepted: "domain: <a name that is not empty>",
    });
  } else if (known !== undefined && !mergeDomains) {
    findings.push({
      place: domainPlace,
      text: `duplicate domain '${domain}' in config file`,
      accepted: "one file for each domain, or MERGE_DOMAIN_CONFIG=true",
    });
  } else {
    const root = known ?? new LevelBuilder(domain);
    roots.set(domain, root);
    return root;
  }
  return new LevelBuilder(domain);
}
