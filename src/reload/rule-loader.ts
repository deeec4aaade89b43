import { createHash } from "node:crypto";
import { VelocityGateError } from "../errors.ts";
import { type LoadOptions, loadRules, RulesInvalidError } from "../limits/load.ts";
import type { RuleFile, RuleHolder, RuleSet } from "../limits/rule-set.ts";
import type { Log } from "../observe/log.ts";
import { RulesUnreadableError, readRuntimeDirectory } from "./runtime-directory.ts";
import { baseDirectory, type RuntimeDirectory } from "./scan.ts";

/** There is not one rule file, which a start should not survive: the settings are probably wrong. */
export class NoRuleFileError extends VelocityGateError {
  constructor(directory: RuntimeDirectory) {
    const { watchRoot, appDirectory } = directory;
    const where = baseDirectory(directory) + (watchRoot ? `, below ${appDirectory}` : "");
    super(
      "RULES_INVALID",
      `no rule file found in ${where} (RUNTIME_ROOT, RUNTIME_SUBDIRECTORY, RUNTIME_APPDIRECTORY); accepted: at least one file, or none with FORCE_START_WITHOUT_INITIAL_CONFIG=true`,
    );
  }
}

export interface RuleLoaderOptions extends LoadOptions {
  readonly directory: RuntimeDirectory;
  /** Takes a directory without rule files for rules without domains; otherwise that is refused. */
  readonly mayBeEmpty: boolean;
  readonly log: Log;
  /**
   * The callbacks must not throw. This one: rules are in force. They are the ones that were when nothing changed in the files they
   * were made of.
   */
  readonly onLoaded?: (rules: RuleSet, isChanged: boolean, files: readonly RuleFile[]) => void;
  /** Rules were refused. Those that were in force, if any, still are. */
  readonly onRefused?: (error: VelocityGateError) => void;
}

/**
 * Holds the rules in force, and puts others in their place as a whole: a request sees one set or the other, and a set with a
 * mistake is not seen at all.
 */
export class RuleLoader implements RuleHolder {
  readonly #options: RuleLoaderOptions;
  #current: RuleSet | undefined;
  #digest: string | undefined;
  #signature: string | undefined;
  #running: Promise<VelocityGateError | undefined> | undefined;
  #next: Promise<VelocityGateError | undefined> | undefined;

  constructor(options: RuleLoaderOptions) {
    this.#options = options;
  }

  get current(): RuleSet | undefined {
    return this.#current;
  }

  /** Of the files that were looked at last, whether they were refused or not. `undefined`: they have to be looked at. */
  get signature(): string | undefined {
    return this.#signature;
  }

  /**
   * Reads the rule files and puts their rules in force. Called while it is at work, it begins once more when that is done: what
   * was changed before the call is in force, or refused, when the call is over. Never rejects.
   *
   * @returns why the rules were refused, which `onRefused` and the log are told as well; `undefined`: they are in force
   */
  load(): Promise<VelocityGateError | undefined> {
    if (this.#running === undefined) {
      this.#running = this.#loadOnce().finally(() => {
        this.#running = undefined;
      });
      return this.#running;
    }
    this.#next ??= this.#running.then(() => {
      this.#next = undefined;
      return this.load();
    });
    return this.#next;
  }

  async #loadOnce(): Promise<VelocityGateError | undefined> {
    const { onLoaded, onRefused } = this.#options;
    const before = this.#current;
    let files: readonly RuleFile[];
    let rules: RuleSet;
    try {
      files = await this.#read();
      rules = this.#rulesOf(files);
    } catch (error) {
      const refusal = asRefusal(error);
      this.#logRefusal(refusal);
      onRefused?.(refusal);
      return refusal;
    }
    this.#current = rules;
    this.#logLoaded(rules, rules !== before);
    onLoaded?.(rules, rules !== before, files);
    return undefined;
  }

  /** Those in force when the files are the same as they were. */
  #rulesOf(files: readonly RuleFile[]): RuleSet {
    const { directory, mayBeEmpty, mergeDomains } = this.#options;
    if (files.length === 0 && !mayBeEmpty) throw new NoRuleFileError(directory);
    const digest = digestOf(files);
    if (this.#current !== undefined && digest === this.#digest) return this.#current;
    const rules = loadRules(files, { mergeDomains });
    this.#digest = digest;
    return rules;
  }

  async #read(): Promise<readonly RuleFile[]> {
    try {
      const { files, signature } = await readRuntimeDirectory(this.#options.directory);
      this.#signature = signature;
      return files;
    } catch (error) {
      if (error instanceof RulesUnreadableError) this.#signature = error.signature;
      throw error;
    }
  }

  #logLoaded({ domains, limitCount, fileNames }: RuleSet, isChanged: boolean): void {
    this.#options.log.info(isChanged ? "loaded rules" : "the rules did not change", {
      files: fileNames.length,
      domains: domains.size,
      limits: limitCount,
    });
  }

  #logRefusal(refusal: VelocityGateError): void {
    const problems = refusal instanceof RulesInvalidError ? refusal.problems : [];
    const first = problems[0];
    this.#options.log.error(`Error loading new configuration: ${refusal.message}`, {
      line: first?.line,
      column: first?.column,
      accepted: first?.accepted,
      furtherMistakes: problems.length > 1 ? problems.length - 1 : undefined,
      inForce: this.#current === undefined ? "no rules" : "the rules from before",
      error: refusal.cause,
    });
  }
}

/** A bug met while loading must not end a process that has good rules. */
function asRefusal(error: unknown): VelocityGateError {
  if (error instanceof VelocityGateError) return error;
  const text = error instanceof Error ? error.message : String(error);
  return new VelocityGateError("RULES_INVALID", `unexpected: ${text}`, { cause: error });
}

function digestOf(files: readonly RuleFile[]): string {
  const hash = createHash("sha256");
  // As UTF-16 a text stays what it is even where it is not well-formed. Names and lengths keep the files apart.
  for (const { name, text } of files) {
    hash.update(`${name}\0${text.length}\0`, "utf16le").update(text, "utf16le");
  }
  return hash.digest("base64");
}
