import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { schemaFolder } from "../../../.ci/setup/kubernetes-tools.js";
import { idOf, type Manifest } from "../manifest.ts";
import type { Finding } from "./finding.ts";

/** Kinds that come with something else than Kubernetes. Their schemas are in a cluster: `npm run k8s:apiserver` checks them there. */
const foreignGroups = ["external-secrets.io", "gateway.networking.k8s.io", "keda.sh"];

/** The schemas of one minor of Kubernetes, with every field that they do not name a mistake. */
export class Schemas {
  readonly #folder: string;
  readonly #ajv = new Ajv2020({ allErrors: true, strict: false, validateFormats: false });
  readonly #byFile = new Map<string, ValidateFunction>();

  constructor(minor: string) {
    this.#folder = schemaFolder(minor);
    this.#ajv.addSchema(this.#read("_definitions.json"), "/api/_definitions.json");
  }

  check(manifest: Manifest): Finding[] {
    const { apiVersion, kind } = manifest;
    const object = idOf(manifest);
    const [group = "", version] = apiVersion.includes("/")
      ? apiVersion.split("/")
      : ["", apiVersion];
    if (foreignGroups.includes(group)) return [];
    const short = group.split(".")[0];
    const file = `${[kind.toLowerCase(), short, version].filter(Boolean).join("-")}.json`;
    let validate: ValidateFunction;
    try {
      validate = this.#validator(file);
    } catch (error) {
      return [{ object, problem: `no schema of ${apiVersion} ${kind}: ${String(error)}` }];
    }
    if (validate(manifest)) return [];
    return (validate.errors ?? []).map(({ instancePath, message, params }) => ({
      object,
      problem: `${instancePath || "/"} ${message} ${JSON.stringify(params)}`,
    }));
  }

  #validator(file: string): ValidateFunction {
    const known = this.#byFile.get(file);
    if (known !== undefined) return known;
    const compiled = this.#ajv.compile(this.#read(file) as object);
    this.#byFile.set(file, compiled);
    return compiled;
  }

  #read(file: string): Record<string, unknown> {
    return JSON.parse(readFileSync(join(this.#folder, file), "utf8"));
  }
}
