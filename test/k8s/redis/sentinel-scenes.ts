import { eventually } from "../../support/eventually.ts";
import type { Pods } from "./pods.ts";
import type { Scene } from "./scene.ts";

export const sentinelPods: readonly string[] = ["redis-0", "redis-1", "redis-2"];

/** The one master, as each of the three Redis says of itself. @throws Error unless it is one, followed by the two others */
async function requireMaster(pods: Pods): Promise<string> {
  let master = "";
  await eventually(
    async () => {
      const roles = await Promise.all(pods.names.map((name) => pods.ask(name, "admin", "role")));
      const masters = pods.names.filter((_, at) => roles[at]?.startsWith("master"));
      const following = roles.filter(
        (role) => role.startsWith("slave") && role.includes("connected"),
      );
      if (masters.length !== 1 || following.length !== 2) throw new Error(roles.join("\n"));
      master = masters[0] ?? "";
    },
    { timeoutMs: 40_000, intervalMs: 250 },
  );
  return master;
}

/** Until each Sentinel knows the two others and both replicas, they cannot agree on anything. */
async function sentinelsAgree(pods: Pods): Promise<void> {
  await eventually(
    async () => {
      for (const name of pods.names) {
        const facts = await pods.askSentinel(name, "sentinel", "master", "velocitygate");
        const [, others, , quorum] =
          /num-other-sentinels\n(\d+)\n(quorum)\n(\d+)/.exec(facts) ?? [];
        const [, replicas] = /num-slaves\n(\d+)/.exec(facts) ?? [];
        if ((await pods.run("sentinel-ready.sh", name)).code !== 0)
          throw new Error(`${name} is not ready`);
        if (others !== "2" || replicas !== "2" || quorum !== "2") throw new Error(facts);
      }
    },
    { timeoutMs: 40_000, intervalMs: 250 },
  );
}

export async function startSentinelPods(pods: Pods): Promise<readonly string[]> {
  pods.startAll();
  const master = await requireMaster(pods);
  await sentinelsAgree(pods);
  return [`${master} is master`];
}

export const sentinelScenes: readonly Scene[] = [
  {
    name: "the master is drained (preStop, SIGTERM)",
    failedMax: Number.POSITIVE_INFINITY,
    async play(pods, answers) {
      const before = await requireMaster(pods);
      const { code, log } = await pods.terminate(before);
      if (!log.includes("handed over")) throw new Error(`${code}: ${log}`);
      await answers();
      pods.start(before);
      return [`${before} → ${await settled(pods)}`];
    },
  },
  {
    name: "the master is killed",
    failedMax: Number.POSITIVE_INFINITY,
    async play(pods, answers) {
      const before = await requireMaster(pods);
      await pods.kill(before);
      await answers();
      pods.start(before);
      return [`${before} → ${await settled(pods)}`];
    },
  },
  {
    name: "all pods start anew at other addresses",
    failedMax: Number.POSITIVE_INFINITY,
    async play(pods, answers) {
      const before = await requireMaster(pods);
      await pods.kill(...pods.names);
      for (const name of pods.names) pods.move(name);
      pods.publishAddresses();
      pods.startAll();
      await answers();
      const after = await settled(pods);
      if (after !== before) throw new Error(`${before} was master, and ${after} is`);
      return [`${after} is master as before`];
    },
  },
];

async function settled(pods: Pods): Promise<string> {
  const master = await requireMaster(pods);
  await sentinelsAgree(pods);
  return master;
}
