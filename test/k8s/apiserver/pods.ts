import { eventually } from "../../support/eventually.ts";
import { type Kubectl, namespace } from "./kubectl.ts";

export interface Pod {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly deletionTimestamp?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: { readonly nodeName?: string };
  readonly status: {
    readonly phase: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly message?: string;
    }[];
  };
}

export function podsOf(kubectl: Kubectl, selector: string): Promise<readonly Pod[]> {
  return kubectl.list<Pod>("pods", selector);
}

export function isReady({ metadata, status }: Pod): boolean {
  const condition = status.conditions?.find(({ type }) => type === "Ready");
  return metadata.deletionTimestamp === undefined && condition?.status === "True";
}

/** Waits until there are exactly so many pods and all are ready. */
export async function readyPods(
  kubectl: Kubectl,
  selector: string,
  count: number,
): Promise<readonly Pod[]> {
  return await eventually(
    async () => {
      const pods = await podsOf(kubectl, selector);
      if (pods.length === count && pods.every(isReady)) return pods;
      const events = await kubectl.try(["get", "events", "-n", namespace]);
      const lines = pods.map(
        (pod) => `${pod.metadata.name} ${JSON.stringify(pod.status.conditions)}`,
      );
      throw new Error(
        `${selector}: not ${count} ready\n${lines.join("\n")}\n${events.stdout.slice(-2000)}`,
      );
    },
    { timeoutMs: 60_000, intervalMs: 300 },
  );
}

/** Nodes are named after their zone: `zone-a-1`. */
export function zoneOf(pod: Pod | undefined): string {
  return (pod?.spec.nodeName ?? "").slice(0, -2);
}

/** @throws Error unless the pods lie on exactly so many zones and nodes */
export async function requireSpread(
  kubectl: Kubectl,
  selector: string,
  expected: { readonly zones: number; readonly nodes: number },
): Promise<void> {
  const pods = await podsOf(kubectl, selector);
  const zones = new Set(pods.map(zoneOf)).size;
  const nodes = new Set(pods.map(({ spec }) => spec.nodeName)).size;
  if (zones === expected.zones && nodes === expected.nodes) return;
  const places = pods.map(({ metadata, spec }) => `${metadata.name} on ${spec.nodeName}`);
  throw new Error(`${selector}: ${places.join(", ")}`);
}

/** Asks for what a drain of a node asks for. */
export async function evict(kubectl: Kubectl, pod?: Pod): Promise<string> {
  const name = pod?.metadata.name ?? "";
  const { code, stderr } = await kubectl.try(
    ["create", "--raw", `/api/v1/namespaces/${namespace}/pods/${name}/eviction`, "-f", "-"],
    JSON.stringify({ apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace } }),
  );
  if (code === 0) return "evicted";
  return /disruption budget|TooManyRequests/i.test(stderr) ? "refused" : stderr;
}
