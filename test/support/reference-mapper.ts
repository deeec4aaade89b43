/**
 * A mapper file, and what envoyproxy/ratelimit shows with it of the traffic in `metric-traffic.ts`, seen in a run of it. What tells of
 * Go, of its exporter, or of its client for Redis is left out, and so is how long calls took altogether.
 */
export const mapperFile = `defaults:
  observer_type: histogram
  histogram_options:
    buckets: [0.1, 1, 10]
  glob_disable_ordering: false
mappings:
  - match: "ratelimit.service.rate_limit.shop.plan_free.over_limit"
    name: "free_denied"
    help: "Denied on the free plan.\\nSecond line"
    scale: 10
  - match: "ratelimit.service.rate_limit.*.*.*"
    name: "rl_limit"
    labels:
      domain: "$1"
      key: "\${2}"
      stat: "$3"
      odd: "$4x-\${1}_$1_a"
  - match: 'ratelimit\\.service\\.rate_limit\\.(?P<domain>[^.]+)\\.(.*)\\.(?P<stat>[a-z_]+)$'
    match_type: regex
    match_metric_type: counter
    name: "rl_deep_$3"
    labels:
      domain: "$domain"
      path: "\${2}"
      stat: "x$stat-$$1$9"
  - match: "ratelimit.localcache.*"
    action: drop
    name: dropped
  - match: "ratelimit.redis_pool.*"
    match_metric_type: gauge
    name: "pool_\${1}"
  - match: "ratelimit_server.*.response_time"
    name: "rl_seconds"
    timer_type: histogram
    histogram_options: {buckets: [30, 60]}
    scale: 0.001
    labels:
      method: "$1"
  - match: 'config_load'
    match_type: regex
    name: loads
  - match: runtime.*
    name: rt
    labels: {what: "$1"}
`;

export const referenceMappedSeries: Readonly<Record<string, number>> = {
  free_denied: 20,
  loads: 1,
  ratelimit_server_ShouldRateLimit_total_requests: 27,
  ratelimit_service_call_should_rate_limit_service_error: 1,
  ratelimit_service_rate_limit_nowhere_domain_not_found: 2,
  'rl_deep_near_limit{domain="shop",path="a_x.b.c",stat="xnear_limit-$1"}': 1,
  'rl_deep_over_limit_with_local_cache{domain="shop",path="a_x.b.c",stat="xover_limit_with_local_cache-$1"}': 1,
  'rl_deep_over_limit{domain="shop",path="a_x.b.c",stat="xover_limit-$1"}': 2,
  'rl_deep_total_hits{domain="dotted",path="domain.k",stat="xtotal_hits-$1"}': 1,
  'rl_deep_total_hits{domain="shop",path="a_x.b.c",stat="xtotal_hits-$1"}': 3,
  'rl_deep_total_hits{domain="shop",path="a_x.b.d",stat="xtotal_hits-$1"}': 1,
  'rl_deep_total_hits{domain="shop",path="host_a.example",stat="xtotal_hits-$1"}': 1,
  'rl_deep_total_hits{domain="shop",path="route_/v1.2/x.method",stat="xtotal_hits-$1"}': 1,
  'rl_deep_total_hits{domain="shop",path="route_draw.method",stat="xtotal_hits-$1"}': 1,
  'rl_deep_within_limit{domain="dotted",path="domain.k",stat="xwithin_limit-$1"}': 1,
  'rl_deep_within_limit{domain="shop",path="a_x.b.c",stat="xwithin_limit-$1"}': 1,
  'rl_deep_within_limit{domain="shop",path="a_x.b.d",stat="xwithin_limit-$1"}': 1,
  'rl_deep_within_limit{domain="shop",path="host_a.example",stat="xwithin_limit-$1"}': 1,
  'rl_deep_within_limit{domain="shop",path="route_/v1.2/x.method",stat="xwithin_limit-$1"}': 1,
  'rl_deep_within_limit{domain="shop",path="route_draw.method",stat="xwithin_limit-$1"}': 1,
  'rl_limit{domain="no",key="where",odd="-no_",stat="domain_not_found"}': 1,
  'rl_limit{domain="shop",key="beta",odd="-shop_",stat="near_limit"}': 1,
  'rl_limit{domain="shop",key="beta",odd="-shop_",stat="over_limit"}': 2,
  'rl_limit{domain="shop",key="beta",odd="-shop_",stat="over_limit_with_local_cache"}': 1,
  'rl_limit{domain="shop",key="beta",odd="-shop_",stat="shadow_mode"}': 2,
  'rl_limit{domain="shop",key="beta",odd="-shop_",stat="total_hits"}': 3,
  'rl_limit{domain="shop",key="beta",odd="-shop_",stat="within_limit"}': 1,
  'rl_limit{domain="shop",key="ip_10_0_0_1",odd="-shop_",stat="total_hits"}': 1,
  'rl_limit{domain="shop",key="ip_10_0_0_1",odd="-shop_",stat="within_limit"}': 1,
  'rl_limit{domain="shop",key="ip_a_b_c",odd="-shop_",stat="total_hits"}': 1,
  'rl_limit{domain="shop",key="ip_a_b_c",odd="-shop_",stat="within_limit"}': 1,
  'rl_limit{domain="shop",key="path_/a/*",odd="-shop_",stat="near_limit"}': 1,
  'rl_limit{domain="shop",key="path_/a/*",odd="-shop_",stat="over_limit"}': 2,
  'rl_limit{domain="shop",key="path_/a/*",odd="-shop_",stat="over_limit_with_local_cache"}': 1,
  'rl_limit{domain="shop",key="path_/a/*",odd="-shop_",stat="total_hits"}': 4,
  'rl_limit{domain="shop",key="path_/a/*",odd="-shop_",stat="within_limit"}': 2,
  'rl_limit{domain="shop",key="plan",odd="-shop_",stat="near_limit"}': 2,
  'rl_limit{domain="shop",key="plan",odd="-shop_",stat="over_limit"}': 1,
  'rl_limit{domain="shop",key="plan",odd="-shop_",stat="total_hits"}': 11,
  'rl_limit{domain="shop",key="plan",odd="-shop_",stat="within_limit"}': 9,
  'rl_limit{domain="shop",key="plan_free",odd="-shop_",stat="near_limit"}': 1,
  'rl_limit{domain="shop",key="plan_free",odd="-shop_",stat="over_limit_with_local_cache"}': 1,
  'rl_limit{domain="shop",key="plan_free",odd="-shop_",stat="total_hits"}': 4,
  'rl_limit{domain="shop",key="plan_free",odd="-shop_",stat="within_limit"}': 2,
  'rl_limit{domain="shop",key="word_w*",odd="-shop_",stat="total_hits"}': 1,
  'rl_limit{domain="shop",key="word_w*",odd="-shop_",stat="within_limit"}': 1,
  'rl_seconds_bucket{method="ShouldRateLimit",le="+Inf"}': 27,
  'rl_seconds_bucket{method="ShouldRateLimit",le="30"}': 27,
  'rl_seconds_bucket{method="ShouldRateLimit",le="60"}': 27,
  'rl_seconds_count{method="ShouldRateLimit"}': 27,
  'rt{what="load_attempts"}': 1,
};
