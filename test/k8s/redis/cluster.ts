import { eventually } from "../../support/eventually.ts";
import type { Pods } from "./pods.ts";

/** The nodes of the manifests' Redis Cluster. */
export const clusterPods: readonly string[] = ["a", "b", "c"].flatMap((shard) => [
  `redis-${shard}-0`,
  `redis-${shard}-1`,
]);

/** @throws Error with the script's log unless it ended with 0 */
export async function reconcile(pods: Pods, settings: NodeJS.ProcessEnv = {}): Promise<string> {
  const { code, log } = await pods.run("reconcile.sh", undefined, settings);
  if (code !== 0) throw new Error(`reconcile.sh ended with ${code}:\n${log}`);
  return log;
}

export async function isReady(pods: Pods, name: string): Promise<boolean> {
  return (await pods.run("ready.sh", name)).code === 0;
}

export async function isMaster(pods: Pods, name: string): Promise<boolean> {
  return (await pods.ask(name, "admin", "role")).startsWith("master");
}

export async function allReady(pods: Pods): Promise<void> {
  await eventually(
    async () => {
      const ready = await Promise.all(pods.names.map((name) => isReady(pods, name)));
      const [late] = pods.names.filter((_, at) => !ready[at]);
      if (late !== undefined) throw new Error(`${late} is not ready:\n${pods.log(late)}`);
    },
    { timeoutMs: 40_000, intervalMs: 250 },
  );
}

/** Lets the masters go to ordinal 0, and requires what the manifests promise: six nodes, each in its place. */
export async function requireOrder(pods: Pods): Promise<void> {
  await allReady(pods);
  await reconcile(pods, { MASTERS_GO_HOME: "yes" });
  for (const name of clusterPods) {
    const isHome = async () => (await isMaster(pods, name)) === name.endsWith("-0");
    await eventually(isHome, { timeoutMs: 10_000, intervalMs: 100 });
  }
  await allReady(pods);
  const nodes = (await pods.ask("redis-a-0", "admin", "cluster", "nodes")).split("\n");
  if (nodes.length !== clusterPods.length) throw new Error(`strangers:\n${nodes.join("\n")}`);
}
