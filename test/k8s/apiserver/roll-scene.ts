import { dirname, join } from "node:path";
import { kubectl as tool } from "../../../.ci/setup/kubernetes-tools.js";
import { startProcess } from "../../support/processes.ts";
import { folder } from "../render.ts";
import { namespace } from "./kubectl.ts";
import { isReady, podsOf, readyPods } from "./pods.ts";
import type { Scene } from "./scene.ts";

const redis = "app.kubernetes.io/name=redis";

/** A change of all three StatefulSets at once, which PodDisruptionBudgets would not hold back. */
export const rollScene: Scene = {
  name: "a change of Redis takes no pod away until roll-redis.sh takes one after another",
  async play(kubectl) {
    const before = (await readyPods(kubectl, redis, 6)).map(({ metadata }) => metadata.uid);
    const annotations = { changed: "yes" };
    const patch = JSON.stringify({ spec: { template: { metadata: { annotations } } } });
    for (const shard of ["a", "b", "c"]) {
      await kubectl.run(["patch", "statefulset", `redis-${shard}`, "-n", namespace, "-p", patch]);
    }
    // Long enough for a controller that wanted to take some.
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    const still = (await podsOf(kubectl, redis)).map(({ metadata }) => metadata.uid);
    if (still.toString() !== before.toString()) throw new Error("pods were replaced at once");

    const path = `${join(tool.get(), "..")}:${process.env["PATH"]}`;
    const roll = startProcess("sh", [join(folder, "roll-redis.sh")], {
      // What kubectl keeps goes with the cluster.
      env: { PATH: path, KUBECONFIG: kubectl.kubeconfig, HOME: dirname(kubectl.kubeconfig) },
    });
    let fewest = 6;
    while (!roll.hasExited) {
      fewest = Math.min(fewest, (await podsOf(kubectl, redis)).filter(isReady).length);
    }
    const { code } = await roll.exited;
    if (code !== 0) throw new Error(roll.log);
    const after = await readyPods(kubectl, redis, 6);
    if (after.some(({ metadata }) => before.includes(metadata.uid))) throw new Error(roll.log);
    if (fewest < 5) throw new Error(`only ${fewest} were ready at a time`);
    return "at least five of six are ready";
  },
};
