import { readdirSync } from "node:fs";
import { join } from "node:path";
import { folder, type Rendering, render, renderWith } from "./render.ts";

export const overlays: readonly string[] = readdirSync(join(folder, "overlays")).sort();

/** Further ways to put the parts together, so that each component is in one of them. */
const combinations: readonly {
  readonly name: string;
  readonly base: string;
  readonly components: readonly string[];
}[] = [
  {
    name: "production with TLS, external secrets, Ingress and Gateway API",
    base: "overlays/production",
    components: ["redis-tls", "external-secrets", "ingress", "gateway-api"],
  },
  {
    name: "Redis Cluster and KEDA",
    base: "base",
    components: ["redis-cluster", "keda"],
  },
];

/** Every overlay, and the combinations. */
export function renderAll(): Rendering[] {
  return [
    ...overlays.map((overlay) => render(overlay, join(folder, "overlays", overlay))),
    ...combinations.map(({ name, base, components }) => renderWith(name, base, components)),
  ];
}

/** Components that no rendering has. */
export function componentsLeftOut(): readonly string[] {
  const inCombinations = new Set(combinations.flatMap(({ components }) => components));
  const inOverlays = new Set([
    ...["autoscaling", "priority", "redis-cluster", "redis-common", "redis-sentinel", "zonal"],
  ]);
  return readdirSync(join(folder, "components")).filter(
    (name) => !inCombinations.has(name) && !inOverlays.has(name),
  );
}
