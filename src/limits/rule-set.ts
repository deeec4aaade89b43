import type { DomainRules } from "./compile.ts";

/** All rules of one load. An immutable value: a reload puts another in its place, and a request keeps the one it began with. */
export interface RuleSet {
  readonly domains: ReadonlyMap<string, DomainRules>;
  /** The files it came from, in the order in which they were read. */
  readonly fileNames: readonly string[];
  /** How many rules carry a limit, unlimited ones included. */
  readonly limitCount: number;
}

/** Whoever holds the rules now in force. `current` is read once per request. */
export interface RuleHolder {
  /** `undefined` until a first set has been loaded. */
  readonly current: RuleSet | undefined;
}

/** A rule file as it was read: its name in errors (`basic.yaml`, `config.basic.yaml`), and its bytes as text. */
export interface RuleFile {
  readonly name: string;
  readonly text: string;
}
