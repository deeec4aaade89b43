import { type Container, containersOf, idOf, type Workload } from "../manifest.ts";
import type { Finding } from "./finding.ts";

/** Kinds of volumes that the level «restricted» allows. */
const volumeKinds = [
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "persistentVolumeClaim",
  "projected",
  "secret",
];

/** The Pod Security Standards, level «restricted», for a pod of a workload. */
export function violationsOfRestricted(workload: Workload): Finding[] {
  const { pod, manifest } = workload;
  const problems: string[] = [];
  for (const shared of ["hostNetwork", "hostPID", "hostIPC"] as const) {
    if (pod[shared]) problems.push(`${shared} is true`);
  }
  for (const { name, ...kinds } of pod.volumes ?? []) {
    const kind = Object.keys(kinds)[0] ?? "emptyDir";
    if (!volumeKinds.includes(kind)) problems.push(`volume ${name} is a ${kind}`);
  }
  for (const container of containersOf(workload)) {
    problems.push(...problemsOf(container, workload).map((text) => `${container.name}: ${text}`));
  }
  return problems.map((problem) => ({ object: idOf(manifest), problem: `restricted: ${problem}` }));
}

function problemsOf({ securityContext, ports }: Container, { pod }: Workload): string[] {
  const problems: string[] = [];
  const inherited = { ...pod.securityContext, ...securityContext };
  if (inherited.runAsNonRoot !== true) problems.push("runAsNonRoot is not true");
  if (inherited.runAsUser === 0) problems.push("runAsUser is 0");
  const seccomp = inherited.seccompProfile?.type;
  if (seccomp !== "RuntimeDefault" && seccomp !== "Localhost") {
    problems.push("seccompProfile is neither RuntimeDefault nor Localhost");
  }
  if (securityContext?.allowPrivilegeEscalation !== false) {
    problems.push("allowPrivilegeEscalation is not false");
  }
  if (securityContext?.privileged) problems.push("it is privileged");
  if (securityContext?.procMount !== undefined && securityContext.procMount !== "Default") {
    problems.push("procMount is not Default");
  }
  const { add = [], drop = [] } = securityContext?.capabilities ?? {};
  if (!drop.includes("ALL")) problems.push("not all capabilities are dropped");
  if (add.some((name) => name !== "NET_BIND_SERVICE")) problems.push(`it adds ${add.join(", ")}`);
  if ((ports ?? []).some((port) => "hostPort" in port)) problems.push("it has a hostPort");
  return problems;
}
