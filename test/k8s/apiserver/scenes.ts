import { eventually } from "../../support/eventually.ts";
import type { Rendering } from "../render.ts";
import { foreignKinds } from "./crds.ts";
import { type Kubectl, namespace } from "./kubectl.ts";
import { evict, type Pod, podsOf, readyPods, requireSpread, zoneOf } from "./pods.ts";
import { rollScene } from "./roll-scene.ts";
import type { Scene } from "./scene.ts";

const service = "app.kubernetes.io/name=velocitygate";
const redis = "app.kubernetes.io/name=redis";
const applied = "production-zonal";

export const scenes: readonly Scene[] = [
  {
    name: "every rendering is accepted, server-side and strict",
    async play(kubectl, renderings) {
      await kubectl.run(["apply", "--server-side", "-f", "-"], foreignKinds());
      const established = ["wait", "--for=condition=Established", "crd", "--all", "--timeout=1s"];
      await eventually(() => kubectl.run(established), { timeoutMs: 60_000, intervalMs: 200 });
      await kubectl.apply(
        JSON.stringify({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } }),
      );
      for (const { name, text } of renderings) {
        const { code, stderr } = await kubectl.try(
          ["apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", "-"],
          text,
        );
        if (code !== 0 || /warning/i.test(stderr)) throw new Error(`${name}: ${stderr}`);
      }
      return `${renderings.length} renderings`;
    },
  },
  {
    name: "a misspelt field is refused",
    async play(kubectl, renderings) {
      const wrong = textOf(renderings, applied).replace("minReadySeconds:", "minReadySecond:");
      const { code, stderr } = await kubectl.try(
        ["apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", "-"],
        wrong,
      );
      if (code === 0 || !stderr.includes("minReadySecond")) throw new Error(stderr);
      return "";
    },
  },
  {
    name: "pods are admitted under «restricted», and others are not",
    async play(kubectl, renderings) {
      await kubectl.apply(textOf(renderings, applied));
      await readyPods(kubectl, service, 3);
      await readyPods(kubectl, redis, 6);
      const { code, stderr } = await kubectl.try([
        ...["run", "lax", "-n", namespace, "--image=busybox:1.37", "--restart=Never"],
      ]);
      if (code === 0 || !stderr.includes("violates PodSecurity")) throw new Error(stderr);
      return "3 of the service, 6 of Redis";
    },
  },
  {
    name: "the autoscaler lifts one instance to three",
    async play(kubectl) {
      const scaler = await kubectl.get<{
        status: { conditions: readonly { type: string; status: string }[] };
      }>("hpa", "velocitygate");
      const able = scaler.status.conditions.find(({ type }) => type === "AbleToScale");
      if (able?.status !== "True") throw new Error(JSON.stringify(scaler.status));
      const { spec } = await kubectl.get<{ spec: { replicas: number } }>(
        "deployment",
        "velocitygate",
      );
      if (spec.replicas !== 3) throw new Error(`${spec.replicas} replicas`);
      return "replicas are the autoscaler's";
    },
  },
  {
    name: "three zones: the service evenly, a shard's two apart, masters apart",
    async play(kubectl) {
      await requireSpread(kubectl, service, { zones: 3, nodes: 3 });
      for (const shard of ["a", "b", "c"]) {
        await requireSpread(kubectl, `velocitygate/shard=${shard}`, { zones: 2, nodes: 2 });
      }
      for (const index of ["0", "1"]) {
        const of = `${redis},apps.kubernetes.io/pod-index=${index}`;
        await requireSpread(kubectl, of, { zones: 3, nodes: 3 });
      }
      return "";
    },
  },
  {
    name: "a shard's second node waits rather than join the first in its zone",
    async play(kubectl) {
      const [stays, goes] = await podsOf(kubectl, "velocitygate/shard=a");
      const reason = await whyItWaits(
        kubectl,
        goes,
        `topology.kubernetes.io/zone!=${zoneOf(stays)}`,
      );
      await readyPods(kubectl, redis, 6);
      return reason;
    },
  },
  {
    name: "a second eviction is refused while the first is not made good",
    async play(kubectl) {
      await kubectl.run(["cordon", "-l", "topology.kubernetes.io/zone"]);
      for (const [selector, count] of [
        [redis, 6],
        [service, 3],
      ] as const) {
        const [first, second] = await readyPods(kubectl, selector, count);
        const answers = [await evict(kubectl, first), await evict(kubectl, second)];
        if (answers[0] !== "evicted" || answers[1] !== "refused")
          throw new Error(answers.join(", "));
      }
      await kubectl.run(["uncordon", "-l", "topology.kubernetes.io/zone"]);
      await readyPods(kubectl, redis, 6);
      await readyPods(kubectl, service, 3);
      return "of Redis and of the service";
    },
  },
  {
    name: "a bad version takes no good instance away",
    async play(kubectl) {
      const annotations = { "velocitygate/never-ready": "true" };
      const patch = JSON.stringify({ spec: { template: { metadata: { annotations } } } });
      await kubectl.run(["patch", "deployment", "velocitygate", "-n", namespace, "-p", patch]);
      const isStuck = async () => {
        const pods = await podsOf(kubectl, service);
        const bad = pods.filter(
          ({ metadata }) => "velocitygate/never-ready" in (metadata.annotations ?? {}),
        );
        return bad.length === 1 && bad[0]?.status.phase === "Running" && pods.length === 4;
      };
      await eventually(isStuck, { timeoutMs: 20_000, intervalMs: 200 });
      // Long enough for a controller that wanted to go on.
      await new Promise((resolve) => setTimeout(resolve, 5_000));
      if (!(await isStuck())) throw new Error("the rollout went on");
      await kubectl.run(["rollout", "undo", "deployment/velocitygate", "-n", namespace]);
      await readyPods(kubectl, service, 3);
      return "three old ones stay ready";
    },
  },
  {
    name: "the jobs of Redis are admitted and end",
    async play(kubectl) {
      const job = ["job/redis-bootstrap", "-n", namespace, "--timeout=30s"];
      await kubectl.run(["wait", "--for=condition=Complete", ...job]);
      await kubectl.run([
        "create",
        "job",
        "repair",
        "--from=cronjob/redis-repair",
        "-n",
        namespace,
      ]);
      const repair = ["job/repair", "-n", namespace, "--timeout=30s"];
      await kubectl.run(["wait", "--for=condition=Complete", ...repair]);
      return "";
    },
  },
  {
    name: "production, where zones are a wish: all start though a zone is away",
    async play(kubectl, renderings) {
      await kubectl.run(["delete", "namespace", namespace, "--timeout=100s"]);
      await kubectl.run(["cordon", "-l", "topology.kubernetes.io/zone=zone-b"]);
      await kubectl.apply(textOf(renderings, "production"));
      await readyPods(kubectl, service, 3);
      await readyPods(kubectl, redis, 6);
      for (const shard of ["a", "b", "c"]) {
        await requireSpread(kubectl, `velocitygate/shard=${shard}`, { zones: 2, nodes: 2 });
      }
      return "a shard's two still lie in both zones that are left";
    },
  },
  {
    name: "a shard's second node waits rather than join the first on its node",
    async play(kubectl) {
      const [stays, goes] = await podsOf(kubectl, "velocitygate/shard=b");
      const others = `kubernetes.io/hostname!=${stays?.spec.nodeName}`;
      const reason = await whyItWaits(kubectl, goes, others);
      await readyPods(kubectl, redis, 6);
      return reason;
    },
  },
  rollScene,
  {
    name: "dev: one instance, three Redis",
    async play(kubectl, renderings) {
      await kubectl.run(["delete", "namespace", namespace, "--timeout=100s"]);
      await kubectl.apply(textOf(renderings, "dev"));
      await readyPods(kubectl, service, 1);
      await readyPods(kubectl, redis, 3);
      return "";
    },
  },
];

/**
 * Lets a pod be made anew with room only where it must not go: an idle cluster places pods apart by chance as well.
 *
 * @param closed a selector of the nodes that take none
 * @returns what the scheduler says, in a word
 */
async function whyItWaits(kubectl: Kubectl, pod: Pod | undefined, closed: string): Promise<string> {
  const name = pod?.metadata.name ?? "";
  await kubectl.run(["cordon", "-l", closed]);
  await kubectl.run(["delete", "pod", name, "-n", namespace]);
  const reason = await eventually(
    async () => {
      const [again] = await podsOf(kubectl, `statefulset.kubernetes.io/pod-name=${name}`);
      const scheduled = again?.status.conditions?.find(({ type }) => type === "PodScheduled");
      const message = scheduled?.status === "False" ? (scheduled.message ?? "") : "";
      const [word] = /anti-affinity rules|topology spread constraints/.exec(message) ?? [];
      if (word === undefined) throw new Error(JSON.stringify(again?.status));
      return word;
    },
    { timeoutMs: 20_000, intervalMs: 200 },
  );
  await kubectl.run(["uncordon", "-l", "topology.kubernetes.io/zone"]);
  return reason;
}

function textOf(renderings: readonly Rendering[], wanted: string): string {
  const found = renderings.find(({ name }) => name === wanted);
  if (found === undefined) throw new Error(`there is no ${wanted}`);
  return found.text;
}
