/** How long a call may take, beside what its caller says. */
export interface DeadlineOptions {
  /** `CALL_DEADLINE`; infinity: as long as its caller has time. */
  readonly callMs: number;
  /** `CALL_DEADLINE_MARGIN`: what it takes to bring the answer back. */
  readonly marginMs: number;
}

/**
 * Until when the counters are waited for, in milliseconds of `performance.now`: the margin before the caller goes, or before the time
 * that a call may take is over. Of a time that is hardly more than the margin half is left.
 *
 * @param startedMs when the call was taken up, of `performance.now`
 * @param callerLeavesMs when its caller stops waiting, in Unix time; `undefined`: it never said
 */
export function storeDeadline(
  startedMs: number,
  callerLeavesMs: number | undefined,
  { callMs, marginMs }: DeadlineOptions,
): number {
  const leftMs =
    callerLeavesMs === undefined ? callMs : Math.min(callerLeavesMs - Date.now(), callMs);
  return startedMs + leftMs - Math.min(marginMs, Math.max(0, leftMs / 2));
}
