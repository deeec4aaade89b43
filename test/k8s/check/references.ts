import {
  containersOf,
  find,
  idOf,
  type Labels,
  type Manifest,
  matches,
  type Selector,
  type Workload,
  workloadsOf,
} from "../manifest.ts";
import type { Finding } from "./finding.ts";

/** Secrets that are made by hand, by an operator or by a certificate manager (k8s/README.md). */
const secretsFromOutside = ["redis-users", "redis-tls"];

/** What names something that is not there, or matches nothing. */
export function danglingReferences(manifests: readonly Manifest[]): Finding[] {
  const workloads = workloadsOf(manifests);
  return [
    ...duplicates(manifests),
    ...workloads.flatMap((workload) => danglingIn(workload, manifests)),
    ...manifests.flatMap((manifest) => danglingSelectors(manifest, workloads)),
    ...scaleTargets(manifests),
  ];
}

function duplicates(manifests: readonly Manifest[]): Finding[] {
  const ids = manifests.map(idOf);
  return ids
    .filter((id, at) => ids.indexOf(id) !== at)
    .map((object) => ({ object, problem: "it is there twice" }));
}

function danglingIn(workload: Workload, manifests: readonly Manifest[]): Finding[] {
  const { pod, manifest } = workload;
  const containers = containersOf(workload);
  const has = (kind: string, name: string) =>
    (kind === "Secret" && secretsFromOutside.includes(name)) ||
    manifests.some((one) => one.kind === kind && one.metadata.name === name);
  const wanted: (readonly [kind: string, name: string | undefined])[] = [
    ["ServiceAccount", pod.serviceAccountName],
    ["PriorityClass", pod.priorityClassName],
    ...(pod.volumes ?? []).flatMap(({ configMap, secret }) => [
      ["ConfigMap", configMap?.name] as const,
      ["Secret", secret?.secretName] as const,
    ]),
    ...containers.flatMap(({ env = [], envFrom = [] }) => [
      ...env.map(({ valueFrom }) => ["Secret", valueFrom?.secretKeyRef?.name] as const),
      ...envFrom.map(({ configMapRef }) => ["ConfigMap", configMapRef?.name] as const),
      ...envFrom.map(({ secretRef }) => ["Secret", secretRef?.name] as const),
    ]),
  ];
  const missing = wanted.flatMap(([kind, name]) =>
    name === undefined || has(kind, name) ? [] : [`there is no ${kind}/${name}`],
  );
  const claims = (manifest.spec as { volumeClaimTemplates?: readonly Manifest[] })
    .volumeClaimTemplates;
  const volumes = new Set([
    ...(pod.volumes ?? []).map(({ name }) => name),
    ...(claims ?? []).map(({ metadata }) => metadata.name),
  ]);
  const unmounted = containers.flatMap(({ volumeMounts = [] }) =>
    volumeMounts.flatMap(({ name }) => (volumes.has(name) ? [] : [`there is no volume ${name}`])),
  );
  return [...missing, ...unmounted].map((problem) => ({ object: idOf(manifest), problem }));
}

/** Services and budgets that select no pod, and ports that no selected pod has. */
function danglingSelectors(manifest: Manifest, workloads: readonly Workload[]): Finding[] {
  const object = idOf(manifest);
  const spec = manifest.spec as
    | {
        readonly selector?: unknown;
        readonly podSelector?: Selector;
        readonly ports?: readonly { readonly targetPort?: string | number }[];
        readonly ingress?: readonly { readonly ports?: readonly { readonly port?: string }[] }[];
      }
    | undefined;
  const selector: Selector | undefined =
    manifest.kind === "Service"
      ? { matchLabels: spec?.selector as Labels }
      : manifest.kind === "NetworkPolicy"
        ? spec?.podSelector
        : (spec?.selector as Selector | undefined);
  if (!["Service", "NetworkPolicy", "PodDisruptionBudget"].includes(manifest.kind)) return [];
  const selected = workloads.filter(({ labels }) => matches(selector ?? {}, labels));
  if (selected.length === 0) return [{ object, problem: "it selects no pod" }];
  const ports = [
    ...(spec?.ports ?? []).map(({ targetPort }) => targetPort),
    ...(spec?.ingress ?? []).flatMap(({ ports = [] }) => ports.map(({ port }) => port)),
  ].filter((port) => typeof port === "string");
  const known = new Set(
    selected.flatMap((workload) =>
      containersOf(workload).flatMap(({ ports = [] }) => ports.map(({ name }) => name)),
    ),
  );
  return ports
    .filter((port) => !known.has(port))
    .map((port) => ({ object, problem: `no pod that it selects has a port ${port}` }));
}

function scaleTargets(manifests: readonly Manifest[]): Finding[] {
  return manifests.flatMap((manifest) => {
    const target = (manifest.spec as { scaleTargetRef?: { name: string } } | undefined)
      ?.scaleTargetRef;
    if (target === undefined) return [];
    const object = idOf(manifest);
    try {
      const deployment = find(manifests, "Deployment", target.name);
      if (deployment.spec?.["replicas"] === undefined) return [];
      return [{ object, problem: "its Deployment has replicas too, which every apply would set" }];
    } catch (error) {
      return [{ object, problem: (error as Error).message }];
    }
  });
}
