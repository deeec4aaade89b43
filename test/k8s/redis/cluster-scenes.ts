import { setTimeout as delay } from "node:timers/promises";
import { eventually } from "../../support/eventually.ts";
import { allReady, clusterPods, isMaster, isReady, reconcile, requireOrder } from "./cluster.ts";
import type { Pods } from "./pods.ts";
import type { Scene } from "./scene.ts";

/** Six new nodes: the first job makes a cluster of them, the second finds nothing to do. */
export async function bootstrap(pods: Pods): Promise<readonly string[]> {
  pods.startAll();
  if (await isReady(pods, "redis-a-0"))
    throw new Error("a node is ready before there is a cluster");
  await reconcile(pods, { WAIT_SECONDS: "30" });
  await requireOrder(pods);
  const again = await reconcile(pods);
  if (again.trim().split("\n").length !== 2) throw new Error(`something was done again:\n${again}`);
  await requireRights(pods);
  return ["a second run does nothing; users have no more rights than they need"];
}

async function requireRights(pods: Pods): Promise<void> {
  const refused = [
    ["velocitygate", "flushall"],
    ["velocitygate", "keys", "*"],
    ["velocitygate", "config", "get", "*"],
    ["velocitygate", "acl", "list"],
    ["probe", "get", "a"],
    ["replication", "get", "a"],
  ] as const;
  for (const [user, ...command] of refused) {
    const answer = await pods.ask("redis-a-0", user, ...command);
    if (!answer.includes("NOPERM")) throw new Error(`${user} may ${command.join(" ")}: ${answer}`);
  }
}

/** What happens to the Redis Cluster of the manifests, one scene after another. Each leaves all in its place. */
export const clusterScenes: readonly Scene[] = [
  {
    name: "a master is drained (preStop, SIGTERM)",
    failedMax: 1,
    async play(pods) {
      const { log } = await pods.terminate("redis-b-0");
      if (!log.includes("handed over")) throw new Error(log);
      await delay(1_000);
      if (!(await isMaster(pods, "redis-b-1"))) throw new Error("b-1 is no master");
      return [];
    },
  },
  {
    name: "it comes back, and is master again",
    failedMax: 1,
    async play(pods) {
      pods.start("redis-b-0");
      await requireOrder(pods);
      return [];
    },
  },
  {
    name: "a replica is drained and comes back at another address",
    failedMax: 0,
    async play(pods) {
      await pods.terminate("redis-c-1");
      pods.move("redis-c-1");
      pods.publishAddresses();
      pods.start("redis-c-1");
      await requireOrder(pods);
      return [];
    },
  },
  {
    name: "a master is killed",
    failedMax: Number.POSITIVE_INFINITY,
    async play(pods, answers) {
      await pods.kill("redis-a-0");
      const isOver = () => isMaster(pods, "redis-a-1");
      await eventually(isOver, { timeoutMs: 20_000, intervalMs: 100 });
      await answers();
      pods.start("redis-a-0");
      await requireOrder(pods);
      return ["a-1 took over"];
    },
  },
  {
    name: "all pods start anew at other addresses",
    failedMax: Number.POSITIVE_INFINITY,
    async play(pods, answers) {
      await pods.kill(...clusterPods);
      for (const name of clusterPods) pods.move(name);
      pods.publishAddresses();
      pods.startAll();
      await answers();
      await requireOrder(pods);
      return ["no job was needed"];
    },
  },
  {
    name: "the same, and names tell the old addresses at first",
    failedMax: Number.POSITIVE_INFINITY,
    async play(pods, answers) {
      await pods.kill(...clusterPods);
      for (const name of clusterPods) pods.move(name);
      pods.startAll();
      // Longer than it takes to notice that a node is gone: nothing heals by itself.
      await delay(6_000);
      const info = await pods.ask("redis-a-0", "admin", "cluster", "info");
      if (!info.includes("cluster_state:fail")) throw new Error("it healed by itself");
      pods.publishAddresses();
      await reconcile(pods);
      await answers();
      await requireOrder(pods);
      return ["cluster_state:fail until the job ran"];
    },
  },
  ...["redis-b-1", "redis-b-0"].map((name) => ({
    name: `a ${name.endsWith("0") ? "master" : "replica"} comes back with an empty disk`,
    failedMax: Number.POSITIVE_INFINITY,
    play: async (pods: Pods) => {
      await comeBackEmpty(pods, [name]);
      await requireOrder(pods);
      return ["it has its old place"];
    },
  })),
  {
    name: "a shard loses both disks",
    failedMax: Number.POSITIVE_INFINITY,
    async play(pods, answers) {
      await comeBackEmpty(pods, ["redis-c-0", "redis-c-1"]);
      await answers();
      await requireOrder(pods);
      return ["its slots are counted from nothing"];
    },
  },
  {
    name: "all lose their disks",
    failedMax: Number.POSITIVE_INFINITY,
    async play(pods, answers) {
      await comeBackEmpty(pods, clusterPods);
      await answers();
      await requireOrder(pods);
      return ["a new cluster"];
    },
  },
];

async function comeBackEmpty(pods: Pods, names: readonly string[]): Promise<void> {
  await pods.kill(...names);
  for (const name of names) {
    pods.wipe(name);
    pods.start(name);
  }
  await allAnswer(pods);
  await reconcile(pods);
  await allReady(pods);
}

async function allAnswer(pods: Pods): Promise<void> {
  const answer = async (name: string) => (await pods.run("alive.sh", name)).code === 0;
  await eventually(async () => (await Promise.all(pods.names.map(answer))).every(Boolean));
}
