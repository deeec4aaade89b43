/** What Envoy Gateway is told, by its file provider. */

/** Its own configuration: everything below one folder, and no Kubernetes. */
export function configuration(folder: string): string {
  return `apiVersion: gateway.envoyproxy.io/v1alpha1
kind: EnvoyGateway
gateway:
  controllerName: gateway.envoyproxy.io/gatewayclass-controller
provider:
  type: Custom
  custom:
    resource:
      type: File
      file:
        paths: ["${folder}/resources"]
    infrastructure:
      type: Host
      host:
        configHome: ${folder}/home
        dataHome: ${folder}/data
        stateHome: ${folder}/state
        runtimeDir: ${folder}/run
rateLimit:
  backend:
    type: Redis
    redis:
      url: localhost:6379
extensionApis:
  enableBackend: true
`;
}

/** A gateway with one route. */
export const gateway = `apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: eg }
spec: { controllerName: gateway.envoyproxy.io/gatewayclass-controller }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: eg, namespace: default }
spec:
  gatewayClassName: eg
  listeners:
    - { name: http, protocol: HTTP, port: 8888 }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: shop, namespace: default }
spec:
  parentRefs: [{ name: eg }]
  hostnames: ["www.example.com"]
  rules:
    - backendRefs: [{ group: gateway.envoyproxy.io, kind: Backend, name: shop }]
      matches: [{ path: { type: PathPrefix, value: / } }]
---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: Backend
metadata: { name: shop, namespace: default }
spec:
  endpoints:
    - ip: { address: 127.0.0.1, port: 3000 }
`;

/** The domain and the key that Envoy Gateway makes of them. */
export const domain = "default/eg/http";
export const routeKey = "httproute/default/shop/rule/0/match/0/www_example_com";

/** A policy for that route. */
export function policy(...rules: readonly string[]): string {
  return `apiVersion: gateway.envoyproxy.io/v1alpha1
kind: BackendTrafficPolicy
metadata: { name: limits, namespace: default }
spec:
  targetRefs:
    - { group: gateway.networking.k8s.io, kind: HTTPRoute, name: shop }
  rateLimit:
    type: Global
    global:
      rules:
${rules.map((rule) => `        - ${rule}\n`).join("")}`;
}

/** So many requests an hour for each user. */
export const perUser = (requests: number) =>
  `{ clientSelectors: [{ headers: [{ name: x-user-id, type: Distinct }] }], limit: { requests: ${requests}, unit: Hour } }`;

/** So many requests a minute for all. */
export const forAll = (requests: number) => `{ limit: { requests: ${requests}, unit: Minute } }`;

/** So many requests an hour for addresses of a range, together or each. */
export const perAddress = (type: "Exact" | "Distinct", requests: number) =>
  `{ clientSelectors: [{ sourceCIDR: { value: 10.0.0.0/8, type: ${type} } }], limit: { requests: ${requests}, unit: Hour } }`;
