import {
  idOf,
  type Manifest,
  matches,
  type Selector,
  type Workload,
  workloadsOf,
} from "../manifest.ts";
import type { Finding } from "./finding.ts";

interface PolicySpec {
  readonly podSelector: Selector;
  readonly policyTypes: readonly string[];
}

/** Pods that no NetworkPolicy or no PodDisruptionBudget protects, and namespaces that do not enforce «restricted». */
export function unprotected(manifests: readonly Manifest[]): Finding[] {
  const workloads = workloadsOf(manifests);
  return [
    ...workloads.flatMap((workload) => openDirections(workload, manifests)),
    ...workloads.flatMap((workload) => withoutBudget(workload, manifests)),
    ...manifests.filter(({ kind }) => kind === "Namespace").flatMap(enforcesRestricted),
  ];
}

function openDirections({ manifest, labels }: Workload, manifests: readonly Manifest[]): Finding[] {
  return ["Ingress", "Egress"]
    .filter(
      (direction) =>
        !manifests.some(({ kind, spec }) => {
          if (kind !== "NetworkPolicy") return false;
          const { podSelector, policyTypes } = spec as unknown as PolicySpec;
          return policyTypes.includes(direction) && matches(podSelector, labels);
        }),
    )
    .map((direction) => ({
      object: idOf(manifest),
      problem: `no NetworkPolicy covers its ${direction}`,
    }));
}

function withoutBudget(workload: Workload, manifests: readonly Manifest[]): Finding[] {
  const { manifest, labels, replicas, isService } = workload;
  if (!isService || replicas === 1) return [];
  const hasBudget = manifests.some(
    ({ kind, spec }) =>
      kind === "PodDisruptionBudget" && matches(spec?.["selector"] as Selector, labels),
  );
  return hasBudget ? [] : [{ object: idOf(manifest), problem: "no PodDisruptionBudget covers it" }];
}

function enforcesRestricted(namespace: Manifest): Finding[] {
  const level = namespace.metadata.labels?.["pod-security.kubernetes.io/enforce"];
  if (level === "restricted") return [];
  return [{ object: idOf(namespace), problem: "it does not enforce restricted pod security" }];
}
