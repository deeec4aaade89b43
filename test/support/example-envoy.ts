import {
  type EnvoyConfig,
  httpFilters,
  virtualHost,
  withPatience,
} from "../../envoy/demo/config.js";

const filterType = "type.googleapis.com/envoy.extensions.filters.http";

/**
 * Turns envoy.yaml into the Envoy of the reference's example set-up: the domain `rl`, descriptors from the headers that a path
 * names, quotas, and a cluster whose host is chosen by the metadata in the service's answer.
 */
export function asInExample(config: EnvoyConfig, service1: number, service2: number): void {
  withPatience(config);
  const [rateLimit, , router] = httpFilters(config);
  rateLimit.typed_config.domain = "rl";
  httpFilters(config).splice(0, 3, rateLimit, ...metadataToSubset, router);
  const host = virtualHost(config);
  delete host.rate_limits;
  host.routes = routes;
  config.static_resources.clusters.push(multiservice(service1, service2));
}

/** The name of the quota that is left, from the answer's metadata into the load balancer's. */
const metadataToSubset = [
  {
    name: "set_header",
    typed_config: {
      "@type": `${filterType}.header_mutation.v3.HeaderMutation`,
      mutations: {
        request_mutations: [
          {
            append: {
              header: {
                key: "x-service-with-quota",
                value:
                  "%DYNAMIC_METADATA(envoy.filters.http.ratelimit:metadata:service_with_quota:name)%",
              },
              append_action: "OVERWRITE_IF_EXISTS_OR_ADD",
            },
          },
        ],
      },
    },
  },
  {
    name: "header_to_metadata",
    typed_config: {
      "@type": `${filterType}.header_to_metadata.v3.Config`,
      request_rules: [
        {
          header: "x-service-with-quota",
          on_header_present: { metadata_namespace: "envoy.lb", key: "service", type: "STRING" },
        },
      ],
    },
  },
];

const routes = [
  byHeaders("/twoheader", [
    ["foo", "bar"],
    ["foo", "baz"],
  ]),
  byHeaders("/fourheader", [
    ["foo", "bar"],
    ["source_cluster", "destination_cluster"],
  ]),
  byHeaders("/fiveheader", [
    ["foo", "bar"],
    ["source_cluster", "destination_cluster"],
    ["category"],
  ]),
  byHeaders("/unspec", [["unspec"]]),
  byQuota("/quota", "upstream", [service("service_1"), service("service_2")]),
  byQuota("/tokenquota", "upstream", [
    lookAt(service("service_2")),
    countAtEnd(service("service_2")),
  ]),
  byQuota("/multiservice-tokenquota", "multiservice", [
    lookAt(service("service_1")),
    lookAt(service("service_2")),
    countAtEnd({
      metadata: {
        descriptor_key: "service",
        source: "CLUSTER_LOCALITY_ENTRY",
        metadata_key: { key: "envoy.cluster.locality", path: [{ key: "name" }] },
      },
    }),
  ]),
];

/** Each list of headers becomes one descriptor. */
function byHeaders(path: string, descriptors: readonly (readonly string[])[]) {
  const rateLimits = descriptors.map((names) => ({
    actions: names.map((name) => ({
      request_headers: { header_name: name, descriptor_key: name },
    })),
  }));
  return { match: { path }, route: { cluster: "upstream", rate_limits: rateLimits } };
}

function byQuota(path: string, cluster: string, rateLimits: readonly object[]) {
  return {
    match: { path },
    route: { cluster },
    typed_per_filter_config: {
      "envoy.filters.http.ratelimit": {
        "@type": `${filterType}.ratelimit.v3.RateLimitPerRoute`,
        rate_limits: rateLimits.map((each) => ("actions" in each ? each : { actions: [each] })),
      },
    },
  };
}

function service(name: string) {
  return { generic_key: { descriptor_key: "service", descriptor_value: name } };
}

function lookAt(action: object) {
  return { actions: [action], hits_addend: { number: 0 } };
}

function countAtEnd(action: object) {
  return { actions: [action], hits_addend: { number: 1 }, apply_on_stream_done: true };
}

/** Two hosts in places of their own, each a subset. */
function multiservice(service1: number, service2: number) {
  const place = (name: string, port: number) => ({
    locality: { region: name },
    metadata: { filter_metadata: { "envoy.cluster.locality": { name } } },
    lb_endpoints: [
      {
        endpoint: { address: { socket_address: { address: "127.0.0.1", port_value: port } } },
        metadata: { filter_metadata: { "envoy.lb": { service: name } } },
      },
    ],
  });
  return {
    name: "multiservice",
    type: "STATIC",
    lb_subset_config: {
      fallback_policy: "ANY_ENDPOINT",
      subset_selectors: [{ keys: ["service"] }],
    },
    load_assignment: {
      cluster_name: "multiservice",
      endpoints: [place("service_1", service1), place("service_2", service2)],
    },
  };
}
