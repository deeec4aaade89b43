import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { parseAllDocuments } from "yaml";
import { mainRoutes } from "../../../src/http/main-routes.ts";
import { loadRules } from "../../../src/limits/load.ts";
import { readSettings } from "../../../src/settings.ts";

const folder = join(import.meta.dirname, "../../../k8s/base");

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: unknown;
}

const manifests = readdirSync(folder).flatMap((file) =>
  parseAllDocuments(readFileSync(join(folder, file), "utf8")).map(
    (document) => document.toJS() as Manifest,
  ),
);

function named(kind: string, name: string): Manifest {
  const found = manifests.find((one) => one.kind === kind && one.metadata.name === name);
  if (found === undefined) throw new Error(`there is no ${kind} ${name}`);
  return found;
}

interface Probe {
  readonly httpGet: { readonly path: string };
}

/** The parts of the Deployment that have to fit others. */
interface PodSpec {
  readonly terminationGracePeriodSeconds: number;
  readonly containers: readonly {
    readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
    readonly lifecycle: { readonly preStop: { readonly sleep: { readonly seconds: number } } };
    readonly startupProbe: Probe;
    readonly readinessProbe: Probe;
    readonly livenessProbe: Probe;
    readonly volumeMounts: readonly { readonly mountPath: string }[];
  }[];
}

describe("the Kubernetes manifests", () => {
  const settings = readSettings(named("ConfigMap", "velocitygate-settings").data ?? {});
  const deployment = named("Deployment", "velocitygate").spec as {
    template: { spec: PodSpec };
  };
  const pod = deployment.template.spec;
  const container = pod.containers[0];

  test("have settings that the service takes, without a warning", () => {
    expect(settings.warnings).toEqual([]);
    expect(settings.store.redis?.topology).toBe("cluster");
  });

  test("have rules that load", () => {
    const files = Object.entries(named("ConfigMap", "velocitygate-rules").data ?? {});
    const rules = loadRules(
      files.map(([name, text]) => ({ name, text })),
      { mergeDomains: false },
    );
    expect(rules.limitCount).toBeGreaterThan(0);
  });

  test("mount the rules where the settings look for them", () => {
    const { root, subdirectory, appDirectory } = settings.rules;
    expect(container?.volumeMounts[0]?.mountPath).toBe(join(root, subdirectory, appDirectory));
  });

  test("name the ports that the service listens on", () => {
    expect(container?.ports).toEqual([
      {
        name: "grpc",
        containerPort: "port" in settings.grpc.address && settings.grpc.address.port,
      },
      { name: "http", containerPort: settings.http.port },
    ]);
  });

  test("probe paths that are served", () => {
    const { byPath } = mainRoutes({
      version: "",
      probes: { unhealthy: () => [], unready: () => [], unstarted: () => [] },
      json: async () => ({ status: 200, body: "" }),
      exposition: async () => ({ status: 200, body: "" }),
    });
    for (const probe of [
      container?.startupProbe,
      container?.readinessProbe,
      container?.livenessProbe,
    ]) {
      expect([...byPath.keys()]).toContain(probe?.httpGet.path);
    }
  });

  test("leave time for the pause before SIGTERM, the drain and a margin", () => {
    const neededMs =
      (container?.lifecycle.preStop.sleep.seconds ?? 0) * 1000 + settings.shutdownGraceMs;
    expect(pod.terminationGracePeriodSeconds * 1000).toBeGreaterThan(neededMs + 5_000);
  });
});
