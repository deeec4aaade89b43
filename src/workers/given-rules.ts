import type { RuleDocuments, RuleHolder, RuleSet } from "../limits/rule-set.ts";

/** The rules that the primary gave, which has found them valid. */
export class GivenRules implements RuleHolder {
  readonly #compile: (documents: RuleDocuments) => RuleSet;
  readonly #onLoaded: (rules: RuleSet) => void;
  #current: RuleSet | undefined;

  constructor(compile: (documents: RuleDocuments) => RuleSet, onLoaded: (rules: RuleSet) => void) {
    this.#compile = compile;
    this.#onLoaded = onLoaded;
  }

  get current(): RuleSet | undefined {
    return this.#current;
  }

  put(documents: RuleDocuments): void {
    this.#current = this.#compile(documents);
    this.#onLoaded(this.#current);
  }
}
