import { readFileSync } from "node:fs";
import { join } from "node:path";
import { buildWithGo } from "../go-build.ts";

const module = join(import.meta.dirname, "modules");

/** The version of Kubernetes that go.mod pins: `v1.36.3`. */
export const kubernetesVersion: string =
  /^\s*k8s\.io\/kubernetes (v\S+)/m.exec(readFileSync(join(module, "go.mod"), "utf8"))?.[1] ?? "";

/** Builds the control plane, which takes some 10 minutes the first time. @returns the folder with the programs */
export function buildControlPlane(): string {
  const [major, minor] = kubernetesVersion.slice(1).split(".");
  // Without them the API server calls itself v0.0.0.
  const stamps = ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"].flatMap((at) => [
    `-X ${at}.gitVersion=${kubernetesVersion}`,
    `-X ${at}.gitMajor=${major}`,
    `-X ${at}.gitMinor=${minor}`,
  ]);
  return buildWithGo({
    module,
    name: "control-plane",
    linkerFlags: stamps.join(" "),
    programs: {
      etcd: "go.etcd.io/etcd/server/v3",
      kwok: "sigs.k8s.io/kwok/cmd/kwok",
      "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
      "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
      "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
    },
  });
}
