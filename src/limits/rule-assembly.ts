import { compileRules, type DomainRules } from "./compile.ts";
import { LevelBuilder } from "./level-builder.ts";
import type { Finding } from "./rule-problem.ts";
import type { RuleSet } from "./rule-set.ts";
import type { RuleFileSource } from "./rule-source.ts";

export interface AssemblyOptions {
  /** `MERGE_DOMAIN_CONFIG`: rules may be added to a domain that is there. */
  readonly mergeDomains: boolean;
  /** What holds the rules of a domain, for error texts. */
  readonly holder: "file" | "resource";
}

/** Puts the rules of several files or resources together, in the order in which they are added. */
export class RuleAssembly {
  readonly #options: AssemblyOptions;
  readonly #roots = new Map<string, LevelBuilder>();
  readonly #names: string[] = [];
  readonly #counts = { limits: 0, localLimits: 0, ownPolicies: 0 };

  constructor(options: AssemblyOptions) {
    this.#options = options;
  }

  /**
   * Compiles what one file or resource says, and adds what is wrong with it to `findings`. After a finding the whole is not to be used.
   *
   * @param name stands in errors and beside each rule
   */
  add(name: string, source: RuleFileSource, findings: Finding[]): void {
    this.#names.push(name);
    const root = this.#domainRoot(source, findings);
    compileRules(source.descriptors, root, { file: name, findings, counts: this.#counts });
  }

  build(): RuleSet {
    const domains = new Map<string, DomainRules>();
    for (const [name, root] of this.#roots) domains.set(name, { name, root: root.buildRoot() });
    const { limits, localLimits, ownPolicies } = this.#counts;
    return {
      domains,
      fileNames: this.#names,
      limitCount: limits,
      localLimitCount: localLimits,
      ownPolicyCount: ownPolicies,
    };
  }

  /** The level that a file's rules go to. That of a domain which may not be added to is a new one that nothing keeps. */
  #domainRoot({ domain, domainPlace }: RuleFileSource, findings: Finding[]): LevelBuilder {
    const { mergeDomains, holder } = this.#options;
    const known = this.#roots.get(domain);
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
        accepted: `one ${holder} for each domain, or MERGE_DOMAIN_CONFIG=true`,
      });
    } else {
      const root = known ?? new LevelBuilder(domain, `${domain}_`);
      this.#roots.set(domain, root);
      return root;
    }
    return new LevelBuilder(domain, `${domain}_`);
  }
}
