import type { StoreFailure } from "../errors.ts";
import type { Descriptor } from "../limits/descriptor.ts";
import type { Limit, Match } from "../limits/limit.ts";

/** One descriptor on its way through a request: what it matched and what it asks. */
export interface Check {
  readonly descriptor: Descriptor;
  /** `undefined`: no limit applies (no rule, a whitelisting rule, or a limit that another one replaces). */
  readonly match: Match | undefined;
  /** Hits taken, or given back when `descriptor.isNegativeHits`; 0 looks only. */
  readonly hits: number;
}

export type Code = "OK" | "OVER_LIMIT";

/**
 * What is said about one descriptor. The hits are counted in metrics as the reference counts them: within the limit, all hits are
 * `withinLimitHits`, and those beyond the near-limit threshold `nearLimitHits` as well; over it, the hits are split into those over
 * the limit, those near it, and those below the threshold, which are counted nowhere.
 */
export interface DescriptorStatus {
  readonly code: Code;
  /** The limit that was applied; `undefined` when none was, or an unlimited one, or when nobody counted. */
  readonly limit: Limit | undefined;
  /** uint32 */
  readonly remaining: number;
  /** Whole seconds; 0 without a limit. */
  readonly resetSeconds: number;
  readonly overLimitHits: number;
  readonly nearLimitHits: number;
  readonly withinLimitHits: number;
  /** Would be OVER_LIMIT but for the limit's shadow mode. */
  readonly isShadowed: boolean;
  /** Known to be over from memory: the store was not asked. */
  readonly fromLocalCache: boolean;
}

/** Everything that is said about a request. `statuses` match `checks` one to one (`rls.proto`). */
export interface Decision {
  readonly overallCode: Code;
  readonly checks: readonly Check[];
  readonly statuses: readonly DescriptorStatus[];
  /** The global shadow mode turned OVER_LIMIT into OK. */
  readonly isGloballyShadowed: boolean;
  /** The global quota mode was on: every limit was judged as a quota. */
  readonly quotaMode: boolean;
  /** Why the store was not asked although it should have been; `undefined`: it was, or need not have been. */
  readonly withoutStore: StoreFailure | undefined;
}
