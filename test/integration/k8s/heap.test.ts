import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { totalmem } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { imageNode, pathOf } from "../../../.ci/setup/image-tools.js";
import { find, parseManifests, workloadsOf } from "../../k8s/manifest.ts";

const rendered = join(import.meta.dirname, "../../../k8s/rendered/production.yaml");

test("the heap of the image's Node is bounded by a share of the memory that the container may have", () => {
  const deployment = find(
    parseManifests(readFileSync(rendered, "utf8")),
    "Deployment",
    "velocitygate",
  );
  const [workload] = workloadsOf([deployment]);
  const options = workload?.pod.containers[0]?.env?.find(({ name }) => name === "NODE_OPTIONS");
  const share = Number(/^--max-old-space-size-percentage=(\d+)$/.exec(options?.value ?? "")?.[1]);

  const script = `[process.constrainedMemory(), require("v8").getHeapStatistics().heap_size_limit]`;
  const heapWith = (nodeOptions: string) => {
    const args = ["--print", `JSON.stringify(${script})`];
    const env = { ...process.env, NODE_OPTIONS: nodeOptions };
    return JSON.parse(execFileSync(pathOf(imageNode), args, { env, encoding: "utf8" }));
  };
  const [constrained, heap] = heapWith(options?.value ?? "");
  const memory = constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
  // The limit that Node tells has the young generation in it, which is small beside the old one.
  expect(share).toBeLessThan(80);
  expect(heap / memory).toBeGreaterThan((share - 2) / 100);
  expect(heap / memory).toBeLessThan((share + 20) / 100);
  expect(heap).not.toBe(heapWith("")[1]);
});
