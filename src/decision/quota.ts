import type { Limit } from "../limits/limit.ts";

/**
 * Whether a descriptor counts among the quotas of its request, which deny it only together. The global quota mode makes a quota of
 * every descriptor but the unlimited ones, those without a limit included.
 *
 * @param limit `undefined`: none applies
 */
export function isQuota(limit: Limit | undefined, globalQuotaMode: boolean): boolean {
  return globalQuotaMode ? !limit?.unlimited : limit?.quotaMode === true && !limit.unlimited;
}
