import type { Code, Decision, DescriptorStatus } from "../decision/check.ts";
import type {
  RateLimitResponse,
  RateLimitResponse_DescriptorStatus as WireStatus,
} from "../gen/envoy/service/ratelimit/v3/rls.ts";
import type { RateLimitRequest } from "../limits/descriptor.ts";
import type { AnswerOptions } from "./answer-options.ts";
import { dynamicMetadata } from "./dynamic-metadata.ts";
import { requestHeadersOf, responseHeadersOf } from "./headers.ts";
import { wireUnits } from "./unit.ts";

/** UNKNOWN is never sent: Envoy takes it for OK, whatever its failure mode. */
export const wireCodes: Readonly<Record<Code, 1 | 2>> = { OK: 1, OVER_LIMIT: 2 };

const noBytes = Buffer.alloc(0);

/** The answer as a message; gRPC and `/json` say the same. */
export function toResponse(
  decision: Decision,
  request: RateLimitRequest,
  options: AnswerOptions,
): RateLimitResponse {
  return {
    overallCode: wireCodes[decision.overallCode],
    statuses: decision.statuses.map(toWireStatus),
    responseHeadersToAdd: [...responseHeadersOf(decision, options)],
    requestHeadersToAdd: [...requestHeadersOf(decision, options)],
    rawBody: noBytes,
    dynamicMetadata: options.dynamicMetadata ? dynamicMetadata(decision, request) : undefined,
    quota: undefined,
  };
}

function toWireStatus({ code, limit, remaining, resetSeconds }: DescriptorStatus): WireStatus {
  return {
    code: wireCodes[code],
    currentLimit: limit && {
      requestsPerUnit: limit.requestsPerUnit,
      unit: wireUnits[limit.unit],
      name: limit.name,
    },
    limitRemaining: remaining,
    durationUntilReset: limit && { seconds: resetSeconds, nanos: 0 },
    quota: undefined,
  };
}
