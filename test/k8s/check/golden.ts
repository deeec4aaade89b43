import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { folder, type Rendering } from "../render.ts";
import type { Report } from "./checks.ts";

/** Compares an overlay with what is kept of it, so that a review sees what a change does. `UPDATE_DOCUMENTS=1` writes it anew. */
export function compareWithGolden({ name, text }: Rendering): Report {
  const path = join(folder, "rendered", `${name}.yaml`);
  if (process.env["UPDATE_DOCUMENTS"] === "1") writeFileSync(path, text);
  const kept = existsSync(path) ? readFileSync(path, "utf8") : "";
  const problem =
    "it is not what the overlay renders to: UPDATE_DOCUMENTS=1 npm run k8s:check writes it anew";
  return {
    check: "rendered",
    findings: kept === text ? [] : [{ object: `k8s/rendered/${name}.yaml`, problem }],
  };
}
