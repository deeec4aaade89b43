import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { kubectl } from "../../.ci/setup/kubernetes-tools.js";
import { type Manifest, parseManifests } from "./manifest.ts";

export const folder: string = join(import.meta.dirname, "../../k8s");

/** What kustomize makes of a folder. */
export interface Rendering {
  readonly name: string;
  readonly text: string;
  readonly manifests: readonly Manifest[];
}

/** @throws Error with what kustomize says */
export function render(name: string, path: string): Rendering {
  const { status, stdout, stderr, error } = spawnSync(kubectl.get(), ["kustomize", path], {
    encoding: "utf8",
    maxBuffer: 64 * 2 ** 20,
  });
  // A warning tells of something that kustomize will refuse one day.
  if (status !== 0 || stderr !== "") {
    throw new Error(`kustomize ${name}: ${error?.message ?? stderr}`);
  }
  return { name, text: stdout, manifests: parseManifests(stdout) };
}

/** Renders an overlay, or the base, with further components on top. */
export function renderWith(name: string, base: string, components: readonly string[]): Rendering {
  const directory = mkdtempSync(join(tmpdir(), "velocitygate-k8s-"));
  try {
    const here = (path: string) => relative(directory, join(folder, path));
    writeFileSync(
      join(directory, "kustomization.yaml"),
      JSON.stringify({
        apiVersion: "kustomize.config.k8s.io/v1beta1",
        kind: "Kustomization",
        namespace: "velocitygate",
        resources: [here(base)],
        components: components.map((component) => here(`components/${component}`)),
      }),
    );
    return render(name, directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
