import type { DomainRules } from "./compile.ts";

/** All rules of one load. An immutable value: a reload puts another in its place, and a request keeps the one it began with. */
export interface RuleSet {
  readonly domains: ReadonlyMap<string, DomainRules>;
  /** The files, or the resources of an xDS server, that it came from, in the order in which they were read. */
  readonly fileNames: readonly string[];
  /** How many rules carry a limit, unlimited ones included. */
  readonly limitCount: number;
  /** How many of them are `local` by themselves while the store cannot be asked. */
  readonly localLimitCount: number;
  /** How many have a failure policy of their own, whichever. */
  readonly ownPolicyCount: number;
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

/** What a rule set was made of, so that another process can make the same of it. */
export type RuleDocuments =
  | { readonly kind: "files"; readonly files: readonly RuleFile[] }
  /** Of an xDS server, in its order: each a serialized `ratelimit.config.ratelimit.v3.RateLimitConfig`. */
  | { readonly kind: "resources"; readonly resources: readonly Uint8Array[] };
