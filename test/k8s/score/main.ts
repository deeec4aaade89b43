/** `npm run k8s:score`: what kube-score says of the renderings. It is built out of its Go module, which takes a minute the first time. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { buildWithGo } from "../go-build.ts";
import { renderAll } from "../renderings.ts";

/** Advice that is not followed, and why. */
const ignored: Readonly<Record<string, string>> = {
  "container-image-pull-policy": "tags are never moved, and a start must not need the registry",
  "deployment-has-host-podantiaffinity": "topologySpreadConstraints say it better",
  "deployment-replicas": "it does not know KEDA, and dev has one on purpose",
};

const folder = buildWithGo({
  module: import.meta.dirname,
  name: "kube-score",
  programs: { "kube-score": "github.com/zegl/kube-score/cmd/kube-score" },
});

let hasFailed = false;
for (const { name, text } of renderAll()) {
  const { stdout, stderr, error } = spawnSync(
    join(folder, "kube-score"),
    [
      ...["score", "--kubernetes-version", "v1.34", "--output-format", "ci"],
      // Being held back costs more than Envoy waits.
      "--ignore-container-cpu-limit",
      ...Object.keys(ignored).flatMap((test) => ["--ignore-test", test]),
      "-",
    ],
    { encoding: "utf8", input: text },
  );
  const lines = stdout.split("\n").filter((line) => /^\[(CRITICAL|WARNING)\]/.test(line));
  const isGood = lines.length === 0 && error === undefined && stdout.includes("[OK]");
  hasFailed ||= !isGood;
  process.stdout.write(`${isGood ? "ok     " : "FAILED "} ${name}\n`);
  for (const line of lines) process.stdout.write(`          ${line}\n`);
  if (!isGood && lines.length === 0) process.stdout.write(`${error?.message ?? stderr}\n`);
}
process.exitCode = hasFailed ? 1 : 0;
