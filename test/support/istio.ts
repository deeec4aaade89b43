import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { type EnvoyConfig, httpFilters, virtualHost } from "../../envoy/demo/config.js";

/** The cluster that Istio makes for VelocityGate's Service. */
const outbound = "outbound|8081||velocitygate.gateway.svc.cluster.local";

/** All resources of a file of envoy/istio. */
export function istioResources(name: string): EnvoyConfig[] {
  const text = readFileSync(join(import.meta.dirname, "../../envoy/istio", name), "utf8");
  return parseAllDocuments(text).map((document) => {
    if (document.errors.length > 0) throw new Error(`${name}: ${document.errors.join("\n")}`);
    return document.toJS();
  });
}

/**
 * Turns the configuration of envoy.yaml into one as Istio writes it: no rate limits of its own, VelocityGate's cluster under Istio's
 * name, and the patches of the EnvoyFilter applied. Knows the patches that our files have, and refuses others.
 */
export function asPatchedByIstio(config: EnvoyConfig, filter: EnvoyConfig): void {
  const filters = httpFilters(config);
  filters.splice(0, filters.length, ...filters.filter(({ name }) => name.endsWith(".router")));
  const host = virtualHost(config);
  delete host.rate_limits;
  host.routes = [
    { name: "reports", match: { path: "/reports" }, route: { cluster: "upstream" } },
    { name: "default", match: { prefix: "/" }, route: { cluster: "upstream" } },
  ];
  const [velocitygate] = config.static_resources.clusters;
  velocitygate.name = outbound;
  velocitygate.load_assignment.cluster_name = outbound;
  for (const patch of filter.spec.configPatches) applyPatch(config, patch);
}

function applyPatch(config: EnvoyConfig, { applyTo, match, patch }: EnvoyConfig): void {
  switch (`${applyTo} ${patch.operation}`) {
    case "HTTP_FILTER INSERT_BEFORE": {
      const before = match.listener.filterChain.filter.subFilter.name;
      const filters = httpFilters(config);
      const at = filters.findIndex(({ name }) => name === before);
      if (at < 0) throw new Error(`no filter is named ${before}`);
      filters.splice(at, 0, patch.value);
      return;
    }
    case "VIRTUAL_HOST MERGE":
      Object.assign(virtualHost(config), patch.value);
      return;
    case "HTTP_ROUTE MERGE": {
      const wanted = match.routeConfiguration.vhost.route.name;
      const route = virtualHost(config).routes.find(({ name }: EnvoyConfig) => name === wanted);
      if (route === undefined) throw new Error(`no route is named ${wanted}`);
      Object.assign(route, patch.value);
      return;
    }
    default:
      throw new Error(`this patch is not known here: ${applyTo} ${patch.operation}`);
  }
}
