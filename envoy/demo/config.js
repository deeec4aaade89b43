import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

export const configPath = fileURLToPath(new URL("../envoy.yaml", import.meta.url));

/**
 * `envoy.yaml` with other addresses and nothing else changed, as JSON, which Envoy reads as YAML: what people copy is what the demo
 * and the tests run.
 */
export function envoyConfig({ listener, admin, velocitygate, upstream }, change) {
  const config = parse(readFileSync(configPath, "utf8"));
  const { listeners, clusters } = config.static_resources;
  config.admin.address = address(admin);
  named(listeners, "edge").address = address(listener);
  setHosts(named(clusters, "velocitygate"), velocitygate);
  setHosts(named(clusters, "upstream"), [upstream]);
  change?.(config);
  return JSON.stringify(config);
}

export function withPatience(config) {
  for (const { typed_config: filter } of httpFilters(config)) {
    if (filter.rate_limit_service === undefined) continue;
    filter.timeout = "10s";
    filter.rate_limit_service.grpc_service.retry_policy.retry_back_off.max_interval = "10s";
  }
}

export function httpFilters(config) {
  return managerOf(config).http_filters;
}

export function virtualHost(config) {
  return managerOf(config).route_config.virtual_hosts[0];
}

function managerOf(config) {
  return config.static_resources.listeners[0].filter_chains[0].filters[0].typed_config;
}

function address({ host, port }) {
  return { socket_address: { address: host, port_value: port } };
}

function named(items, name) {
  const item = items.find((each) => each.name === name);
  if (item === undefined) throw new Error(`envoy.yaml has nothing named "${name}"`);
  return item;
}

function setHosts(cluster, hosts) {
  cluster.load_assignment.endpoints = [
    { lb_endpoints: hosts.map((host) => ({ endpoint: { address: address(host) } })) },
  ];
}
