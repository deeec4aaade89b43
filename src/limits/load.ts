import { VelocityGateError } from "../errors.ts";
import { checkKeys } from "./check-keys.ts";
import { compileRules, type DomainRules } from "./compile.ts";
import { LevelBuilder } from "./level-builder.ts";
import { parseYaml } from "./parse-yaml.ts";
import { type RuleFileSource, readRules } from "./read-rules.ts";
import type { Finding, RuleProblem } from "./rule-problem.ts";
import type { RuleFile, RuleSet } from "./rule-set.ts";
import { LineFinder } from "./text-position.ts";
import { targetOf, Visits } from "./yaml-mapping.ts";
import { YamlFailure, type YamlNode } from "./yaml-node.ts";

export interface LoadOptions {
  /** `MERGE_DOMAIN_CONFIG`: several files may add rules to one domain. */
  readonly mergeDomains: boolean;
}

/** Rules that were refused. The message tells the first problem as the reference does. */
export class RulesInvalidError extends VelocityGateError {
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

/** Every mistake of the files: file by file in the order of their names, and in each in the order in which the reference meets them. */
export function checkRules(
  files: readonly RuleFile[],
  options: LoadOptions,
): readonly RuleProblem[] {
  return load(files, options).problems;
}

function load(files: readonly RuleFile[], { mergeDomains }: LoadOptions) {
  const sorted = files.toSorted(byName);
  const roots = new Map<string, LevelBuilder>();
  const problems: RuleProblem[] = [];
  let limitCount = 0;
  for (const { name, text } of sorted) {
    const lines = new LineFinder(text);
    const findings: Finding[] = [];
    const source = readFile(text, lines, findings);
    if (source !== undefined) {
      const root = domainRoot(source, roots, mergeDomains, findings);
      limitCount += compileRules(source.descriptors, root, { file: name, lines, findings });
    }
    for (const finding of findings) problems.push(place(finding, name, lines));
  }
  const domains = new Map<string, DomainRules>();
  for (const [name, root] of roots) domains.set(name, { name, root: root.buildRoot() });
  const rules: RuleSet = { domains, fileNames: sorted.map(({ name }) => name), limitCount };
  return { rules, problems };
}

function byName(left: RuleFile, right: RuleFile): number {
  return left.name < right.name ? -1 : left.name > right.name ? 1 : 0;
}

/** `undefined` when the file cannot be read as YAML. */
function readFile(
  text: string,
  lines: LineFinder,
  findings: Finding[],
): RuleFileSource | undefined {
  try {
    const root = parseYaml(text);
    if (root !== undefined) checkRoot(root, findings);
    return readRules(root, lines, new Visits(), findings);
  } catch (error) {
    if (!(error instanceof YamlFailure)) throw error;
    findings.push({
      offset: error.offset,
      text: `error loading config file: ${error.message}`,
      accepted: "a YAML 1.1 document",
    });
    return undefined;
  }
}

function checkRoot(root: YamlNode, findings: Finding[]): void {
  const target = targetOf(root);
  if (target.kind === "mapping") checkKeys(target, new Visits(), findings);
}

/** The level that a file's rules go to. That of a domain which may not be added to is a new one that nothing keeps. */
function domainRoot(
  { domain, domainOffset }: RuleFileSource,
  roots: Map<string, LevelBuilder>,
  mergeDomains: boolean,
  findings: Finding[],
): LevelBuilder {
  const known = roots.get(domain);
  if (domain === "") {
    findings.push({
      offset: domainOffset,
      text: "config file cannot have empty domain",
      accepted: "domain: <a name that is not empty>",
    });
  } else if (known !== undefined && !mergeDomains) {
    findings.push({
      offset: domainOffset,
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

function place(finding: Finding, file: string, lines: LineFinder): RuleProblem {
  return {
    file,
    line: lines.lineOf(finding.offset),
    column: lines.columnOf(finding.offset),
    text: finding.isTypeError
      ? `error loading config file: yaml: unmarshal errors:\n  ${finding.text}`
      : finding.text,
    accepted: finding.accepted,
  };
}

function firstMessage(problems: readonly RuleProblem[]): string {
  const first = problems[0];
  return first === undefined ? "rules refused" : `${first.file}: ${first.text}`;
}
