import { type Container, containersOf, idOf, type Workload } from "../manifest.ts";
import type { Finding } from "./finding.ts";

/** What every pod of ours has beyond what «restricted» asks for. */
export function weaknessesOf(workload: Workload): Finding[] {
  const { pod, manifest, isService } = workload;
  const problems: string[] = [];
  if (pod.automountServiceAccountToken !== false) problems.push("it gets a token");
  if (pod.enableServiceLinks !== false) problems.push("Services get into its environment");
  if (pod.serviceAccountName === undefined) problems.push("it has no service account of its own");
  if (isService && pod.terminationGracePeriodSeconds === undefined) {
    problems.push("terminationGracePeriodSeconds is left to chance");
  }
  for (const container of containersOf(workload)) {
    problems.push(...problemsOf(container).map((text) => `${container.name}: ${text}`));
  }
  const [main] = pod.containers;
  if (isService && main !== undefined) {
    for (const probe of ["startupProbe", "readinessProbe", "livenessProbe"] as const) {
      if (main[probe] === undefined) problems.push(`${main.name}: it has no ${probe}`);
    }
  }
  if (isService && pod.topologySpreadConstraints === undefined) {
    problems.push("nothing spreads it over nodes and zones");
  }
  return problems.map((problem) => ({ object: idOf(manifest), problem }));
}

function problemsOf({ image, resources, securityContext, volumeMounts, env }: Container): string[] {
  const problems: string[] = [];
  const tag = /(?::([^:/@]+))?(?:@sha256:[0-9a-f]{64})?$/.exec(image);
  if (!image.includes("@sha256:") && (tag?.[1] === undefined || !/\d+\.\d+/.test(tag[1]))) {
    problems.push(`the version of image ${image} is not fixed`);
  }
  if (securityContext?.readOnlyRootFilesystem !== true) {
    problems.push("its root file system can be written");
  }
  for (const resource of ["cpu", "memory", "ephemeral-storage"]) {
    if (resources?.requests?.[resource] === undefined) problems.push(`it requests no ${resource}`);
  }
  for (const resource of ["memory", "ephemeral-storage"]) {
    if (resources?.limits?.[resource] === undefined) problems.push(`its ${resource} has no limit`);
  }
  for (const { mountPath, subPath, subPathExpr } of volumeMounts ?? []) {
    if ((subPath ?? subPathExpr) !== undefined) {
      problems.push(`${mountPath} is mounted by subPath and would never be updated`);
    }
  }
  const known = new Set<string>();
  for (const { name, value } of env ?? []) {
    for (const [, used = ""] of (value ?? "").matchAll(/\$\(([^)]+)\)/g)) {
      if (!known.has(used)) problems.push(`${name} uses $(${used}), which does not come before it`);
    }
    known.add(name);
  }
  return problems;
}
