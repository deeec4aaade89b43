import { beforeAll, describe, expect, test } from "@jest/globals";
import { clusterPods } from "../../k8s/redis/cluster.ts";
import { bootstrap, clusterScenes } from "../../k8s/redis/cluster-scenes.ts";
import { Gate } from "../../k8s/redis/gate.ts";
import { Pods } from "../../k8s/redis/pods.ts";
import { play } from "../../k8s/redis/scene.ts";
import { cleanupAfterAll } from "../../support/cleanup.ts";

/** The others are played by `npm run k8s:redis`. */
const quickScenes = [
  "a master is drained (preStop, SIGTERM)",
  "it comes back, and is master again",
  "all pods start anew at other addresses",
];

describe("the Redis Cluster of the Kubernetes manifests, as processes under the service's calls", () => {
  const cleanup = cleanupAfterAll();
  let pods: Pods;
  let gate: Gate;

  beforeAll(async () => {
    pods = await cleanup.add(Pods.create({ component: "redis-cluster", names: clusterPods }));
    await bootstrap(pods);
    gate = await cleanup.add(Gate.start(pods, "production"));
  }, 120_000);

  test.each(quickScenes)(
    "%s",
    async (name) => {
      const scene = clusterScenes.find((each) => each.name === name);
      if (scene === undefined) throw new Error(`there is no scene «${name}»`);
      const { calls } = await play(scene, pods, gate);
      expect(calls.failed).toBeLessThanOrEqual(scene.failedMax);
      expect(calls.count).toBeGreaterThan(calls.failed);
    },
    120_000,
  );
});
