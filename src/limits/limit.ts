/** The units of a rule, in the spelling of the wire and of the reference's dumps. */
export const units = ["SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "YEAR"] as const;
export type Unit = (typeof units)[number];

/** How counts become a verdict. Each is one file in `decision/`; `decision/algorithms.ts` lists them. */
export type AlgorithmName = "fixed_window";

/**
 * What is answered for a limit while the store cannot be asked. `error`: nothing, the call fails, as in the reference. `allow`, `deny`:
 * always that. `local`: each instance enforces its share of the limit from memory.
 */
export const failurePolicies = ["error", "allow", "deny", "local"] as const;
export type FailurePolicy = (typeof failurePolicies)[number];

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** One rule's limit, as loaded from a rule file or brought along by a request. Immutable. */
export interface Limit {
  /** uint32; 0 denies every hit. Meaningless when `unlimited`. */
  readonly requestsPerUnit: number;
  /** Meaningless when `unlimited`. */
  readonly unit: Unit;
  readonly algorithm: AlgorithmName;
  /** Matched and reported, never counted. */
  readonly unlimited: boolean;
  /** Empty when the rule has no name; an unnamed limit cannot be replaced. */
  readonly name: string;
  /** Names of limits that do not apply to a request in which this one matches. */
  readonly replaces: readonly string[];
  /** Decided and counted, never enforced. */
  readonly shadowMode: boolean;
  /** Denies only together with every other quota limit of the request. */
  readonly quotaMode: boolean;
  /** Handed to Envoy as dynamic metadata while the limit is not exceeded; `undefined` when the rule has none. */
  readonly metadata: JsonObject | undefined;
  /** `undefined`: that of the service. */
  readonly failurePolicy: FailurePolicy | undefined;
}

/** What a lookup found for one descriptor. */
export interface Match {
  readonly limit: Limit;
  /**
   * The name under which this limit is counted in metrics: `domain.key_value.key…` (the reference's FullKey), not yet sanitised.
   * Fixed at load unless the rule asks for runtime values (`detailed_metric`, `value_to_metric`) or the limit is an override.
   */
  readonly statsKey: string;
  /**
   * For each entry the wildcard pattern that takes the place of its value in the counter key (`share_threshold`), or `undefined`.
   * `undefined` as a whole when no entry shares, which is the usual case.
   */
  readonly sharePatterns: readonly (string | undefined)[] | undefined;
  /**
   * The counter key's text from the domain on, known when rules are loaded: up to the window or, with `isValueKeyed`, up to the value
   * of the last entry. `undefined` when the request says more of it than that.
   */
  readonly keyPath: string | undefined;
  readonly isValueKeyed: boolean;
  /** Where its hits are counted, kept here by who counts them from the first time on: to find it by the name costs more than to count. */
  stats: LimitStats | undefined;
}

/** Counters of one limit, by the reference's names (`total_hits`, `over_limit`, …). Plain numbers, read when scraped. */
export interface LimitStats {
  totalHits: number;
  overLimit: number;
  nearLimit: number;
  withinLimit: number;
  shadowMode: number;
  overLimitWithLocalCache: number;
  totalNegativeHits: number;
}
