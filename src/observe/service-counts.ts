import type { Code } from "../decision/check.ts";

/** Scalars of the service: plain numbers, read when asked for. */
export interface ServiceCounts {
  globalShadowMode: number;
  redisErrors: number;
  serviceErrors: number;
  excess: number;
  rulesLoads: number;
  rulesRefusals: number;
  readonly answers: Record<Code | "ERROR", number>;
  rulesLimits: number;
  /** Of the rules in force; `undefined` until rules were loaded. */
  rulesFiles: number | undefined;
  /** Unix seconds; `undefined` until rules were loaded. */
  rulesLoadedSeconds: number | undefined;
  /** `undefined` until rules were first read. */
  isLastLoadGood: boolean | undefined;
}
