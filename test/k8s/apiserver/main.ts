/**
 * `npm run k8s:apiserver`: what a real control plane says to the manifests. It is built out of Go modules the first time, which takes
 * some ten minutes, and needs no container engine.
 */
import { renderAll } from "../renderings.ts";
import { startControlPlane } from "./control-plane.ts";
import { buildControlPlane, kubernetesVersion } from "./programs.ts";
import { scenes } from "./scenes.ts";

// So that what was started is stopped, whatever ends this.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

async function main(): Promise<boolean> {
  const programs = buildControlPlane();
  const renderings = renderAll();
  const startedMs = performance.now();
  const { kubectl, stop } = await startControlPlane(programs);
  try {
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    process.stdout.write(
      `Kubernetes ${kubernetesVersion}, six nodes in three zones: ${seconds} s\n`,
    );
    for (const scene of scenes) {
      try {
        const fact = await scene.play(kubectl, renderings);
        process.stdout.write(`ok     ${scene.name.padEnd(82)} ${fact}\n`);
      } catch (error) {
        process.stdout.write(`FAILED ${scene.name}\n${(error as Error).message}\n`);
        return false;
      }
    }
    return true;
  } finally {
    await stop();
  }
}

process.exitCode = (await main()) ? 0 : 1;
