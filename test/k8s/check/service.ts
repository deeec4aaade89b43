import { basename, dirname, join } from "node:path";
import { mainRoutes } from "../../../src/http/main-routes.ts";
import { loadRules } from "../../../src/limits/load.ts";
import { readSettings } from "../../../src/settings.ts";
import { type Container, find, type Manifest, type PodSpec, workloadsOf } from "../manifest.ts";
import type { Finding } from "./finding.ts";

const certificates = join(import.meta.dirname, "../../support/tls");

const object = "Deployment/velocitygate";

/** At least this long is left after the pause before SIGTERM and the drain. */
const marginMs = 5_000;

/** Where the manifests do not fit the service itself: its settings, rules, ports, probes and times. */
export function misfits(manifests: readonly Manifest[]): Finding[] {
  const workload = workloadsOf([find(manifests, "Deployment", "velocitygate")])[0];
  const container = workload?.pod.containers[0];
  if (workload === undefined || container === undefined) return [];
  const { settings, problems } = settingsOf(container, workload.pod, manifests);
  if (settings === undefined) return problems.map((problem) => ({ object, problem }));
  return [
    ...problems,
    ...ruleProblems(manifests),
    ...mountProblems(container, settings),
    ...portProblems(container, settings),
    ...probeProblems(container),
    ...timeProblems(workload.pod, container, settings),
  ].map((problem) => ({ object, problem }));
}

type Settings = ReturnType<typeof readSettings>;

function settingsOf(
  container: Container,
  pod: PodSpec,
  manifests: readonly Manifest[],
): { readonly settings?: Settings; readonly problems: readonly string[] } {
  const { env = [], envFrom = [] } = container;
  const values: Record<string, string> = {};
  for (const { configMapRef } of envFrom) {
    if (configMapRef === undefined) continue;
    Object.assign(values, find(manifests, "ConfigMap", configMapRef.name).data);
  }
  for (const { name, value } of env) values[name] = value ?? "a-secret";
  for (const [name, value] of Object.entries(values)) {
    values[name] = certificateFor(value, container, pod);
  }
  try {
    const settings = readSettings(values);
    const { redis } = settings.store;
    const isShared = redis !== undefined ? [] : ["each instance would count for itself"];
    return { settings, problems: [...settings.warnings, ...isShared] };
  } catch (error) {
    return { problems: [(error as Error).message] };
  }
}

/** A file out of a Secret is not here: one of the tests' stands in for it. */
function certificateFor(value: string, { volumeMounts = [] }: Container, pod: PodSpec): string {
  const mount = volumeMounts.find(({ mountPath }) => dirname(value) === mountPath);
  const volume = pod.volumes?.find(({ name }) => name === mount?.name);
  if (volume?.secret === undefined) return value;
  return join(certificates, basename(value).replace("tls.", "client."));
}

function ruleProblems(manifests: readonly Manifest[]): string[] {
  const files = Object.entries(find(manifests, "ConfigMap", "velocitygate-rules").data ?? {});
  try {
    const { limitCount } = loadRules(
      files.map(([name, text]) => ({ name, text })),
      { mergeDomains: false },
    );
    return limitCount > 0 ? [] : ["there are no rules"];
  } catch (error) {
    return [`the rules do not load: ${(error as Error).message}`];
  }
}

function mountProblems({ volumeMounts = [] }: Container, { rules }: Settings): string[] {
  const place = join(rules.root, rules.subdirectory, rules.appDirectory);
  const isThere = volumeMounts.some(({ mountPath }) => mountPath === place);
  return isThere ? [] : [`the rules are looked for in ${place}, where nothing is mounted`];
}

function portProblems({ ports = [] }: Container, { grpc, http }: Settings): string[] {
  const wanted = [
    ["grpc", "port" in grpc.address ? grpc.address.port : undefined],
    ["http", http.port],
  ] as const;
  return wanted.flatMap(([name, port]) =>
    ports.some((one) => one.name === name && one.containerPort === port)
      ? []
      : [`the service listens on ${port} for ${name}, which is no port of the container`],
  );
}

function probeProblems({ startupProbe, readinessProbe, livenessProbe }: Container): string[] {
  const { byPath } = mainRoutes({
    version: "",
    probes: { unhealthy: () => [], unready: () => [], unstarted: () => [] },
    json: async () => ({ status: 200, body: "" }),
    exposition: async () => ({ status: 200, body: "" }),
  });
  return [startupProbe, readinessProbe, livenessProbe].flatMap((probe) => {
    const path = probe?.httpGet?.path ?? "";
    return byPath.has(path) ? [] : [`a probe asks for «${path}», which is not served`];
  });
}

function timeProblems(pod: PodSpec, { lifecycle }: Container, settings: Settings): string[] {
  const pauseMs = (lifecycle?.preStop?.sleep?.seconds ?? 0) * 1000;
  const neededMs = pauseMs + settings.shutdownDelayMs + settings.shutdownGraceMs + marginMs;
  const givenMs = (pod.terminationGracePeriodSeconds ?? 30) * 1000;
  if (pauseMs === 0) return ["it is ended before Envoys have left: there is no preStop sleep"];
  return givenMs >= neededMs ? [] : [`its end may take ${neededMs} ms and it is given ${givenMs}`];
}
