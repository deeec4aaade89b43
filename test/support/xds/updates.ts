import { DiscoveryResponse } from "../../../src/gen/envoy/service/discovery/v3/discovery.ts";
import type { Any } from "../../../src/gen/google/protobuf/any.ts";
import {
  RateLimitConfig,
  type RateLimitDescriptor,
  type RateLimitPolicy,
  RateLimitUnit,
} from "../../../src/gen/ratelimit/config/ratelimit/v3/rls_conf.ts";

export const configUrl = "type.googleapis.com/ratelimit.config.ratelimit.v3.RateLimitConfig";

/** A rule with what is said of it, and nothing else. */
export function rule(
  key: string,
  rest: Partial<Omit<RateLimitDescriptor, "key">> = {},
): RateLimitDescriptor {
  return {
    key,
    value: "",
    rateLimit: undefined,
    descriptors: [],
    shadowMode: false,
    detailedMetric: false,
    quotaMode: false,
    metadata: undefined,
    ...rest,
  };
}

/** A limit for every minute, unless something else is said. */
export function limit(
  requestsPerUnit: number,
  rest: Partial<RateLimitPolicy> = {},
): RateLimitPolicy {
  return {
    unit: RateLimitUnit.MINUTE,
    requestsPerUnit,
    unlimited: false,
    name: "",
    replaces: [],
    ...rest,
  };
}

/** A domain with one rule: so many requests a minute for each value of the key. */
export function oneLimit(domain: string, key: string, requestsPerUnit: number): RateLimitConfig {
  const descriptors = [rule(key, { rateLimit: limit(requestsPerUnit) })];
  return { name: domain, domain, descriptors };
}

export function resource(config: RateLimitConfig): Any {
  return { typeUrl: configUrl, value: bytesOf(config) };
}

export function bytesOf(config: RateLimitConfig): Buffer {
  return Buffer.from(RateLimitConfig.encode(config).finish());
}

/** A response with these resources. */
export function update(
  version: string,
  nonce: string,
  resources: readonly (RateLimitConfig | Any)[],
  typeUrl: string = configUrl,
): Buffer {
  const response: DiscoveryResponse = {
    versionInfo: version,
    nonce,
    typeUrl,
    resources: resources.map((each) => ("domain" in each ? resource(each) : each)),
  };
  return Buffer.from(DiscoveryResponse.encode(response).finish());
}
