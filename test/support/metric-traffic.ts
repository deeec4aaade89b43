import type { AskedDescriptor, RateLimitClient } from "./rate-limit-client.ts";

/**
 * Traffic that brings every count of limits to something, and every way in which a limit gets its name in metrics. It was sent to
 * envoyproxy/ratelimit too: `test/support/reference-metrics.ts` holds what that counted.
 */
export const metricRules: Readonly<Record<string, string>> = {
  "shop.yaml": `domain: shop
descriptors:
  - key: plan
    value: free
    rate_limit: {unit: day, requests_per_unit: 2}
  - key: plan
    rate_limit: {unit: day, requests_per_unit: 10}
  - key: ip
    detailed_metric: true
    rate_limit: {unit: day, requests_per_unit: 5}
  - key: route
    value_to_metric: true
    descriptors:
      - key: method
        rate_limit: {unit: day, requests_per_unit: 3}
  - key: path
    value: /a/*
    share_threshold: true
    rate_limit: {unit: day, requests_per_unit: 2}
  - key: word
    value: w*
    rate_limit: {unit: day, requests_per_unit: 4}
  - key: a
    value: x
    descriptors:
      - key: b
        descriptors:
          - key: c
            rate_limit: {unit: day, requests_per_unit: 1}
          - key: d
            rate_limit: {unit: day, requests_per_unit: 5}
  - key: beta
    shadow_mode: true
    rate_limit: {unit: day, requests_per_unit: 1}
  - key: host
    value: a.example
    rate_limit: {unit: day, requests_per_unit: 5}
`,
  "dotted.yaml": `domain: dotted.domain
descriptors:
  - key: k
    rate_limit: {unit: day, requests_per_unit: 5}
`,
};

const calls: readonly (readonly [domain: string, ...descriptors: (string | AskedDescriptor)[]])[] =
  [
    ["shop", "plan=free"],
    ["shop", "plan=free"],
    ["shop", "plan=free"],
    ["shop", "plan=free"],
    ["shop", { entries: "plan=pro", hitsAddend: 7 }],
    ["shop", { entries: "plan=pro", hitsAddend: 2 }],
    ["shop", { entries: "plan=pro", hitsAddend: 2 }],
    ["shop", "ip=10.0.0.1", "ip=a:b|c"],
    ["shop", "route=draw,method=GET"],
    ["shop", "route=/v1.2/x,method=GET"],
    ["shop", "path=/a/1"],
    ["shop", "path=/a/2"],
    ["shop", "path=/a/3"],
    ["shop", "path=/a/4"],
    ["shop", "word=way"],
    ["shop", "a=x,b=1,c=2", "a=x,b=1,d=2"],
    ["shop", "a=x,b=1,c=2"],
    ["shop", "a=x,b=1,c=2"],
    ["shop", "beta=1"],
    ["shop", "beta=1"],
    ["shop", "beta=1"],
    ["shop", "host=a.example"],
    ["shop", "nothing=here"],
    ["dotted.domain", "k=v"],
    ["nowhere", "k=v", "k=w"],
    ["no.where", "k=v"],
  ];

/** How many calls `sendMetricTraffic` makes; the last of them is refused. */
export const metricCalls = calls.length + 1;

/** One call after the other: what the local cache knows at each is always the same. */
export async function sendMetricTraffic(client: RateLimitClient): Promise<void> {
  for (const [domain, ...descriptors] of calls) await client.ask(domain, ...descriptors);
  await client.ask("", "plan=free").then(
    () => Promise.reject(new Error("an empty domain was taken")),
    () => undefined,
  );
}
