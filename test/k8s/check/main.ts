/** `npm run k8s:check`: everything about the manifests that can be told without a cluster. */

import { componentsLeftOut, overlays, renderAll } from "../renderings.ts";
import { checkManifests, checkSchemas, checkScripts, type Report } from "./checks.ts";
import { compareWithGolden } from "./golden.ts";

let hasFailed = false;

/** One line for a subject, and one for each finding. */
function tell(subject: string, reports: readonly Report[]): void {
  const failed = reports.filter(({ findings }) => findings.length > 0);
  hasFailed ||= failed.length > 0;
  process.stdout.write(`${failed.length === 0 ? "ok     " : "FAILED "} ${subject}\n`);
  for (const { check, findings } of failed) {
    for (const { object, problem } of findings) {
      process.stdout.write(`          ${check}: ${object}: ${problem}\n`);
    }
  }
}

const renderings = renderAll();
for (const rendering of renderings) {
  const { name, manifests } = rendering;
  const golden = overlays.includes(name) ? [compareWithGolden(rendering)] : [];
  tell(`${name} (${manifests.length} objects)`, [...checkManifests(manifests), ...golden]);
}
tell("a wrong field is refused", [checkSchemas(renderings[0]?.manifests ?? [])]);
const { scripts, report } = checkScripts();
tell(`shellcheck (${scripts} scripts)`, [report]);
const leftOut = componentsLeftOut().map((object) => ({ object, problem: "nothing renders it" }));
tell("every component is rendered", [{ check: "renderings", findings: leftOut }]);
process.exitCode = hasFailed ? 1 : 0;
