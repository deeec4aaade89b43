import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { kubernetesVersions, shellcheck } from "../../../.ci/setup/kubernetes-tools.js";
import { find, type Manifest, workloadsOf } from "../manifest.ts";
import { folder } from "../render.ts";
import type { Finding } from "./finding.ts";
import { violationsOfRestricted } from "./pod-security.ts";
import { unprotected } from "./protection.ts";
import { danglingReferences } from "./references.ts";
import { Schemas } from "./schema.ts";
import { misfits } from "./service.ts";
import { weaknessesOf } from "./workloads.ts";

/** The outcome of one check. */
export interface Report {
  readonly check: string;
  readonly findings: readonly Finding[];
}

/** Checks objects that are applied together. */
export function checkManifests(manifests: readonly Manifest[]): Report[] {
  const workloads = workloadsOf(manifests);
  return [
    ...kubernetesVersions.map((minor) => ({
      check: `schema of Kubernetes ${minor}`,
      findings: manifests.flatMap((manifest) => schemasOf(minor).check(manifest)),
    })),
    { check: "pod security", findings: workloads.flatMap(violationsOfRestricted) },
    { check: "pods", findings: workloads.flatMap(weaknessesOf) },
    { check: "names", findings: danglingReferences(manifests) },
    { check: "protection", findings: unprotected(manifests) },
    { check: "service", findings: misfits(manifests) },
  ];
}

/** Whether the schemas see what they have to: a field that is misspelt, and one of another type. */
export function checkSchemas(manifests: readonly Manifest[]): Report {
  const deployment = find(manifests, "Deployment", "velocitygate");
  const wrong = [
    { ...deployment, spec: { ...deployment.spec, replica: 3 } },
    { ...deployment, spec: { ...deployment.spec, minReadySeconds: "10" } },
  ];
  const findings = kubernetesVersions.flatMap((minor) =>
    wrong.flatMap((manifest) =>
      schemasOf(minor).check(manifest).length > 0
        ? []
        : [{ object: `schema of Kubernetes ${minor}`, problem: "it takes a wrong field" }],
    ),
  );
  return { check: "schemas", findings };
}

const schemas = new Map<string, Schemas>();

function schemasOf(minor: string): Schemas {
  const known = schemas.get(minor) ?? new Schemas(minor);
  schemas.set(minor, known);
  return known;
}

/** Every shell script, as POSIX's shell reads it. */
export function checkScripts(): { readonly scripts: number; readonly report: Report } {
  const scripts = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".sh"))
    .map((path) => join(folder, path));
  const { stdout, stderr, error } = spawnSync(
    shellcheck.get(),
    [
      ...["--external-sources", "--format", "gcc", "--source-path", "SCRIPTDIR"],
      ...["--source-path", join(folder, "components/redis-common"), ...scripts],
    ],
    { encoding: "utf8" },
  );
  const lines = `${stdout}${stderr}${error?.message ?? ""}`.split("\n").filter(Boolean);
  const findings = lines.map((line) => {
    const [, path = "", problem = line] = /^([^:]+):(.*)$/.exec(line) ?? [];
    return { object: relative(folder, path), problem };
  });
  return { scripts: scripts.length, report: { check: "shellcheck", findings } };
}
