import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { goCommand } from "../../../.ci/setup/go.js";

/** Definitions of foreign kinds, out of their projects' own Go modules, whose sums are checked. */
const sources: readonly {
  readonly module: string;
  readonly sum: string;
  readonly folder: string;
}[] = [
  {
    module: "sigs.k8s.io/gateway-api@v1.6.3",
    sum: "h1:lKpJa5bGlraC/QeACvCpsHLdmO6y0iKfzVl6gzaFEYc=",
    folder: "config/crd/standard",
  },
  {
    module: "github.com/kedacore/keda/v2@v2.21.0",
    sum: "h1:R6z2HZvstK4RLUMxroNACzBj74xGxt3kG59b5Xc+Xps=",
    folder: "config/crd/bases",
  },
  {
    module: "github.com/external-secrets/external-secrets@v0.20.4",
    sum: "h1:HhNAjWfFEshhItphr28SGsHzf2bUP7uDAOVLg76uNAg=",
    folder: "config/crds/bases",
  },
];

/** Kinds that the manifests have; the modules define many more. */
const wanted = /httproutes|keda\.sh_scaledobjects|external-secrets\.io_externalsecrets/;

/** The definitions, as one text for `kubectl apply`. @throws Error when a module cannot be had, or is another than it was */
export function foreignKinds(): string {
  return sources
    .flatMap(({ module, sum, folder }) => {
      const directory = join(download(module, sum), folder);
      const files = readdirSync(directory).filter((file) => wanted.test(file));
      if (files.length === 0) throw new Error(`${module} has no definition in ${folder}`);
      return files.map((file) => readFileSync(join(directory, file), "utf8"));
    })
    .join("\n---\n");
}

function download(module: string, sum: string): string {
  const { status, stdout, stderr, error } = spawnSync(
    goCommand(),
    ["mod", "download", "-json", module],
    { encoding: "utf8", cwd: tmpdir(), env: { ...process.env, GOFLAGS: "", GOWORK: "off" } },
  );
  if (status !== 0) throw new Error(`${module}: ${error?.message ?? stderr}${stdout}`);
  const { Dir, Sum } = JSON.parse(stdout) as { Dir: string; Sum: string };
  if (Sum !== sum) throw new Error(`${module} has the sum ${Sum}, and ${sum} is expected`);
  return Dir;
}
