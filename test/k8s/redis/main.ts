/**
 * `npm run k8s:redis`: the scripts and configuration of the manifests, run as processes on loopback addresses, with the service among
 * them that is called 200 times a second all the while.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeCertificates, tlsSettings } from "./certificates.ts";
import { clusterPods } from "./cluster.ts";
import { bootstrap, clusterScenes } from "./cluster-scenes.ts";
import { Gate } from "./gate.ts";
import { Pods, type PodsOptions } from "./pods.ts";
import { type Outcome, play, type Scene } from "./scene.ts";
import { sentinelPods, sentinelScenes, startSentinelPods } from "./sentinel-scenes.ts";

function tell(state: "ok" | "FAILED", scene: string, ...cells: readonly string[]): void {
  process.stdout.write(`${state.padEnd(7)}${scene.padEnd(56)}${cells.join("  ")}\n`);
}

function cellsOf({ seconds, calls, facts }: Outcome): readonly string[] {
  const { count, failed, outageMs, slowestMs } = calls;
  const within = failed > 1 ? ` within ${(outageMs / 1000).toFixed(1)} s` : "";
  return [
    `${seconds.toFixed(1).padStart(5)} s`,
    `${failed} of ${count} calls failed${within}`.padEnd(40),
    `slowest ${Math.round(slowestMs)} ms`.padEnd(16),
    facts.join("; "),
  ];
}

/** @returns whether all went as it has to */
async function playAll(scenes: readonly Scene[], pods: Pods, gate: Gate): Promise<boolean> {
  for (const scene of scenes) {
    try {
      tell("ok", scene.name, ...cellsOf(await play(scene, pods, gate)));
    } catch (error) {
      tell("FAILED", scene.name, (error as Error).message);
      return false;
    }
  }
  return true;
}

interface Stage {
  readonly title: string;
  readonly pods: PodsOptions;
  /** The overlay whose settings the service has. */
  readonly overlay: string;
  readonly settings?: Readonly<Record<string, string>>;
  readonly start: readonly [name: string, work: (pods: Pods) => Promise<readonly string[]>];
  readonly scenes: readonly Scene[];
}

async function playStage({ title, overlay, settings, start, ...stage }: Stage): Promise<boolean> {
  process.stdout.write(`${title}\n`);
  const pods = await Pods.create(stage.pods);
  try {
    const startedMs = performance.now();
    const [name, work] = start;
    const facts = await work(pods);
    const gate = await Gate.start(pods, overlay, settings);
    try {
      const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
      tell("ok", name, `${seconds.padStart(5)} s`, ...facts);
      return await playAll(stage.scenes, pods, gate);
    } finally {
      await gate.stop();
    }
  } finally {
    await pods.stop();
  }
}

const certificates = mkdtempSync(join(tmpdir(), "velocitygate-certificates-"));

const stages: readonly Stage[] = [
  {
    title: "Redis Cluster",
    pods: { component: "redis-cluster", names: clusterPods },
    overlay: "production",
    start: ["six new nodes become a cluster", bootstrap],
    scenes: clusterScenes,
  },
  {
    title: "Redis Cluster with TLS",
    pods: { component: "redis-cluster", names: clusterPods, certificates },
    overlay: "production",
    settings: tlsSettings(certificates),
    start: ["six new nodes become a cluster", bootstrap],
    scenes: clusterScenes.slice(0, 2),
  },
  {
    title: "Redis with Sentinels",
    pods: { component: "redis-sentinel", names: sentinelPods },
    overlay: "dev",
    start: ["three new ones agree on a master", startSentinelPods],
    scenes: sentinelScenes,
  },
];

// So that what was started is stopped, whatever ends this.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

const wanted = process.argv[2] ?? "";
makeCertificates(certificates);
let isGood = true;
for (const stage of stages.filter(({ title }) => title.includes(wanted))) {
  isGood = (await playStage(stage)) && isGood;
}
rmSync(certificates, { recursive: true });
process.exitCode = isGood ? 0 : 1;
