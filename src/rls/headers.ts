import type { Decision, DescriptorStatus } from "../decision/check.ts";
import type { HeaderValue } from "../gen/envoy/config/core/v3/base.ts";
import type { AnswerOptions, HeaderNames } from "./answer-options.ts";

const noBytes = Buffer.alloc(0);
const noHeaders: readonly HeaderValue[] = [];

/** What is added to the response for the downstream client. */
export function responseHeadersOf(
  decision: Decision,
  { responseHeaders, failureHeader }: AnswerOptions,
): readonly HeaderValue[] {
  const headers = responseHeaders ? limitHeaders(decision, responseHeaders) : noHeaders;
  const { withoutStore } = decision;
  if (withoutStore === undefined || failureHeader === undefined) return headers;
  return [...headers, header(failureHeader, withoutStore)];
}

/** What is added to the request for the upstream. */
export function requestHeadersOf(
  decision: Decision,
  { requestHeaders }: AnswerOptions,
): readonly HeaderValue[] {
  return requestHeaders ? limitHeaders(decision, requestHeaders) : noHeaders;
}

/** The three headers that tell a client where it stands; none when no enforced limit applies. */
export function limitHeaders(decision: Decision, names: HeaderNames): HeaderValue[] {
  const status = tightestStatus(decision);
  if (status?.limit === undefined) return [];
  return [
    header(names.limit, status.limit.requestsPerUnit),
    header(names.remaining, status.remaining),
    header(names.reset, status.resetSeconds),
  ];
}

/**
 * The status a client is told: the one that has least left, the first of equals. One that denies the request by itself goes before
 * it, the last of several, as in the reference. Limits in shadow mode are left out: they never deny, so a client that slowed down
 * for them would do so for nothing.
 */
function tightestStatus({ statuses, quotaMode }: Decision): DescriptorStatus | undefined {
  let tightest: DescriptorStatus | undefined;
  let denying: DescriptorStatus | undefined;
  for (const status of statuses) {
    if (status.limit === undefined || status.limit.shadowMode) continue;
    if (tightest === undefined || status.remaining < tightest.remaining) tightest = status;
    if (status.code === "OVER_LIMIT" && !quotaMode && !status.limit.quotaMode) denying = status;
  }
  return denying ?? tightest;
}

function header(key: string, value: number | string): HeaderValue {
  return { key, value: String(value), rawValue: noBytes };
}
