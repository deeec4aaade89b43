import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import type { Finding } from "../../k8s/check/finding.ts";
import { violationsOfRestricted } from "../../k8s/check/pod-security.ts";
import { unprotected } from "../../k8s/check/protection.ts";
import { danglingReferences } from "../../k8s/check/references.ts";
import { misfits } from "../../k8s/check/service.ts";
import { weaknessesOf } from "../../k8s/check/workloads.ts";
import { find, type Manifest, parseManifests, workloadsOf } from "../../k8s/manifest.ts";

const rendered = join(import.meta.dirname, "../../../k8s/rendered");
const texts = Object.fromEntries(
  ["dev", "production", "production-zonal"].map((name) => [
    name,
    readFileSync(join(rendered, `${name}.yaml`), "utf8"),
  ]),
);

/** What all checks but that of the schemas find. */
function findingsIn(manifests: readonly Manifest[]): Finding[] {
  const workloads = workloadsOf(manifests);
  return [
    ...workloads.flatMap(violationsOfRestricted),
    ...workloads.flatMap(weaknessesOf),
    ...danglingReferences(manifests),
    ...unprotected(manifests),
    ...misfits(manifests),
  ];
}

/** The production overlay with the text of one object changed. */
function productionWith(kind: string, name: string, change: (json: string) => string): Manifest[] {
  const manifests = parseManifests(texts["production"] ?? "");
  const object = find(manifests, kind, name);
  const before = JSON.stringify(object);
  const after = change(before);
  if (after === before) throw new Error("nothing was changed");
  return manifests.map((one) => (one === object ? JSON.parse(after) : one));
}

const settings = parseManifests(texts["production"] ?? "").find(({ metadata }) =>
  metadata.name.startsWith("velocitygate-settings-"),
)?.metadata.name;

describe("the overlays", () => {
  test.each(Object.keys(texts))("%s is as it has to be", (name) => {
    expect(findingsIn(parseManifests(texts[name] ?? ""))).toEqual([]);
  });
});

describe("a mistake in the manifests is found", () => {
  const deployment = ["Deployment", "velocitygate"] as const;
  test.each([
    ["root", ...deployment, '"runAsNonRoot":true', '"runAsNonRoot":false', "runAsNonRoot"],
    ["no seccomp", ...deployment, '"RuntimeDefault"', '"Unconfined"', "seccompProfile"],
    [
      "escalation",
      ...deployment,
      '"allowPrivilegeEscalation":false,',
      "",
      "allowPrivilegeEscalation",
    ],
    ["capabilities", ...deployment, '"drop":["ALL"]', '"drop":["NET_RAW"]', "capabilities"],
    [
      "a path of the node",
      ...deployment,
      '"configMap":{"name":"velocitygate-rules"}',
      '"hostPath":{"path":"/"}',
      "hostPath",
    ],
    [
      "a writable root",
      ...deployment,
      '"readOnlyRootFilesystem":true',
      '"readOnlyRootFilesystem":false',
      "root file system",
    ],
    [
      "a token",
      ...deployment,
      '"automountServiceAccountToken":false',
      '"automountServiceAccountToken":true',
      "token",
    ],
    [
      "an image without version",
      ...deployment,
      "velocitygate:0.1.0",
      "velocitygate:latest",
      "version of image",
    ],
    [
      "no limit of memory",
      ...deployment,
      '"limits":{"ephemeral-storage":"64Mi","memory":"256Mi"}',
      '"limits":{"ephemeral-storage":"64Mi"}',
      "memory has no limit",
    ],
    [
      "subPath",
      ...deployment,
      '"mountPath":"/etc/velocitygate/rules"',
      '"mountPath":"/etc/velocitygate/rules","subPath":"a"',
      "subPath",
    ],
    ["no probe", ...deployment, '"livenessProbe"', '"liveProbe"', "livenessProbe"],
    ["a probe of nothing", ...deployment, "/healthz/ready", "/readyz", "«/readyz»"],
    ["no spread", ...deployment, '"topologySpreadConstraints"', '"spread"', "spreads"],
    ["a variable that comes too late", ...deployment, "$(STORE_PASSWORD)", "$(LATER)", "$(LATER)"],
    [
      "too little time",
      ...deployment,
      '"terminationGracePeriodSeconds":45',
      '"terminationGracePeriodSeconds":30',
      "its end may take",
    ],
    ["no pause", ...deployment, '"preStop"', '"postStart"', "preStop"],
    ["another port", ...deployment, '"containerPort":8081', '"containerPort":9081', "8081"],
    [
      "rules elsewhere",
      ...deployment,
      '"mountPath":"/etc/velocitygate/rules"',
      '"mountPath":"/rules"',
      "nothing is mounted",
    ],
    [
      "replicas beside an autoscaler",
      ...deployment,
      '"revisionHistoryLimit"',
      '"replicas":3,"revisionHistoryLimit"',
      "replicas",
    ],
    ["a missing Secret", ...deployment, '"name":"redis-users"', '"name":"other"', "Secret/other"],
    [
      "a missing account",
      ...deployment,
      '"serviceAccountName":"velocitygate"',
      '"serviceAccountName":"gate"',
      "ServiceAccount/gate",
    ],
    [
      "a missing class",
      "PriorityClass",
      "velocitygate",
      '"name":"velocitygate"',
      '"name":"other"',
      "PriorityClass/velocitygate",
    ],
    [
      "a Service of nothing",
      "Service",
      "velocitygate",
      '"selector":{"app.kubernetes.io/name":"velocitygate"}',
      '"selector":{"app":"gate"}',
      "selects no pod",
    ],
    [
      "a port of nothing",
      "Service",
      "velocitygate",
      '"targetPort":"grpc"',
      '"targetPort":"rpc"',
      "port rpc",
    ],
    [
      "no budget",
      "PodDisruptionBudget",
      "redis",
      '"app.kubernetes.io/name":"redis"',
      '"app.kubernetes.io/name":"valkey"',
      "no PodDisruptionBudget",
    ],
    [
      "an open namespace",
      "NetworkPolicy",
      "default-deny",
      '"podSelector":{}',
      '"podSelector":{"matchLabels":{"a":"b"}}',
      "covers its Ingress",
    ],
    [
      "a lax namespace",
      "Namespace",
      "velocitygate",
      '"pod-security.kubernetes.io/enforce":"restricted"',
      '"pod-security.kubernetes.io/enforce":"baseline"',
      "restricted",
    ],
    ["a wrong setting", "ConfigMap", settings ?? "", '"CLUSTER"', '"CLUSTERS"', "REDIS_TYPE"],
    [
      "a misspelt setting",
      "ConfigMap",
      settings ?? "",
      '"SHUTDOWN_GRACE"',
      '"SHUTDOWN_GRACES"',
      "SHUTDOWN_GRACES",
    ],
    ["a wrong rule", "ConfigMap", "velocitygate-rules", "unit: minute", "unit: min", "unit"],
  ])("%s", (_, kind, name, from, to, problem) => {
    const findings = findingsIn(productionWith(kind, name, (json) => json.replaceAll(from, to)));
    expect(findings.map((finding) => finding.problem).join("\n")).toContain(problem);
  });
});
