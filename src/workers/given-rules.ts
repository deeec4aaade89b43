import { loadRules } from "../limits/load.ts";
import type { RuleFile, RuleHolder, RuleSet } from "../limits/rule-set.ts";

/** The rules that the primary gave, which has found them valid. */
export class GivenRules implements RuleHolder {
  readonly #mergeDomains: boolean;
  readonly #onLoaded: (rules: RuleSet) => void;
  #current: RuleSet | undefined;

  constructor(mergeDomains: boolean, onLoaded: (rules: RuleSet) => void) {
    this.#mergeDomains = mergeDomains;
    this.#onLoaded = onLoaded;
  }

  get current(): RuleSet | undefined {
    return this.#current;
  }

  put(files: readonly RuleFile[]): void {
    this.#current = loadRules(files, { mergeDomains: this.#mergeDomains });
    this.#onLoaded(this.#current);
  }
}
