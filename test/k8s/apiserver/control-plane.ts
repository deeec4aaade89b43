/**
 * A real control plane on loopback: etcd, kube-apiserver, kube-controller-manager, kube-scheduler, and kwok, which says for six nodes
 * in three zones that their pods run. Every start is a new cluster.
 */
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "../../support/eventually.ts";
import { freePorts } from "../../support/ports.ts";
import { type RunningProcess, startProcess } from "../../support/processes.ts";
import { Kubectl } from "./kubectl.ts";

export interface ControlPlane {
  readonly kubectl: Kubectl;
  stop(): Promise<void>;
}

const startTimeoutMs = 180_000;
export const zones: readonly string[] = ["zone-a", "zone-b", "zone-c"];

/** @param programs the folder with what `buildControlPlane` built */
export async function startControlPlane(programs: string): Promise<ControlPlane> {
  const root = mkdtempSync(join(tmpdir(), "velocitygate-control-plane-"));
  const ports = await choosePorts();
  const kubeconfig = writeFiles(root, ports.apiserver);
  const kubectl = new Kubectl(kubeconfig);
  const started: [string, RunningProcess][] = [];
  const stop = async () => {
    await removeVolumes(kubectl);
    for (const [, each] of started.reverse()) await each.kill();
    rmSync(root, { recursive: true, force: true });
  };
  try {
    const start = (name: string, args: readonly string[]) =>
      started.push([name, startProcess(join(programs, name), args)]);
    const until = async (check: () => Promise<unknown>) => {
      const ended = await eventually(
        async () => {
          const first = started.find(([, each]) => each.hasExited);
          if (first === undefined) await check();
          return first;
        },
        { timeoutMs: startTimeoutMs, intervalMs: 300 },
      );
      if (ended !== undefined) throw new Error(`${ended[0]} ended:\n${ended[1].log}`);
    };
    start("etcd", etcdArgs(root, ports));
    start("kube-apiserver", apiserverArgs(root, ports));
    await until(() => kubectl.run(["get", "--raw", "/readyz"]));
    start("kube-controller-manager", controllerArgs(root, kubeconfig, ports));
    start("kube-scheduler", schedulerArgs(kubeconfig, ports));
    start("kwok", kwokArgs(kubeconfig, ports));
    await kubectl.run(["create", "-f", "-"], nodesAndStorage());
    const ready = ["wait", "--for=condition=Ready", "nodes", "--all", "--timeout=1s"];
    await until(() => kubectl.run(ready));
    await until(() => kubectl.run(["get", "serviceaccount", "default", "-n", "default"]));
    return { kubectl, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Ports {
  readonly etcd: number;
  readonly etcdPeer: number;
  readonly apiserver: number;
  readonly controllers: number;
  readonly scheduler: number;
  readonly kwok: number;
}

async function choosePorts(): Promise<Ports> {
  const [etcd, etcdPeer, apiserver, controllers, scheduler, kwok] = await freePorts(6);
  return { etcd, etcdPeer, apiserver, controllers, scheduler, kwok } as Ports;
}

/** The folders that the provisioner made outside of ours. */
async function removeVolumes(kubectl: Kubectl): Promise<void> {
  const { stdout } = await kubectl.try([
    ...["get", "persistentvolumes", "-o"],
    'jsonpath={range .items[*]}{.spec.hostPath.path}{"\\n"}{end}',
  ]);
  for (const path of stdout.split("\n").filter((each) => each.startsWith("/tmp/hostpath_pv/"))) {
    rmSync(path, { recursive: true, force: true });
  }
}

function writeFiles(root: string, port: number): string {
  const at = (file: string) => join(root, file);
  mkdirSync(at("etcd"), { mode: 0o700 });
  openssl("genrsa", "-out", at("account.key"), "2048");
  openssl("rsa", "-in", at("account.key"), "-pubout", "-out", at("account.pub"));
  openssl(
    ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=apiserver"],
    ...["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", at("tls.key"), "-out", at("tls.crt")],
  );
  const token = randomBytes(20).toString("hex");
  writeFileSync(at("tokens.csv"), `${token},admin,1,"system:masters"\n`, { mode: 0o600 });
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      {
        name: "loopback",
        cluster: { server: `https://127.0.0.1:${port}`, "certificate-authority": at("tls.crt") },
      },
    ],
    users: [{ name: "admin", user: { token } }],
    contexts: [{ name: "loopback", context: { cluster: "loopback", user: "admin" } }],
    "current-context": "loopback",
  };
  writeFileSync(at("kubeconfig"), JSON.stringify(config), { mode: 0o600 });
  return at("kubeconfig");
}

function openssl(...args: readonly string[]): void {
  const { status, stderr, error } = spawnSync("openssl", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`openssl ${args[0]}: ${error?.message ?? stderr}`);
}

function etcdArgs(root: string, { etcd: client, etcdPeer: peer }: Ports): string[] {
  const url = (port: number) => `http://127.0.0.1:${port}`;
  return [
    ...["--name", "one", "--data-dir", join(root, "etcd"), "--unsafe-no-fsync"],
    ...["--log-level", "warn", "--initial-cluster", `one=${url(peer)}`],
    ...["--listen-client-urls", url(client), "--advertise-client-urls", url(client)],
    ...["--listen-peer-urls", url(peer), "--initial-advertise-peer-urls", url(peer)],
  ];
}

function apiserverArgs(root: string, { etcd, apiserver: port }: Ports): string[] {
  const at = (file: string) => join(root, file);
  return [
    ...["--etcd-servers", `http://127.0.0.1:${etcd}`, "--secure-port", `${port}`],
    // A loopback address is no valid endpoint, and there may be no default route.
    ...["--bind-address", "127.0.0.1", "--advertise-address", "127.0.0.1"],
    ...["--endpoint-reconciler-type", "none", "--service-cluster-ip-range", "10.96.0.0/16"],
    ...["--tls-cert-file", at("tls.crt"), "--tls-private-key-file", at("tls.key")],
    ...["--authorization-mode", "Node,RBAC", "--token-auth-file", at("tokens.csv")],
    ...["--service-account-issuer", "https://kubernetes.default.svc"],
    ...["--service-account-key-file", at("account.pub")],
    ...["--service-account-signing-key-file", at("account.key"), "--profiling=false"],
  ];
}

function controllerArgs(root: string, kubeconfig: string, { controllers: port }: Ports): string[] {
  return [
    ...clientArgs(kubeconfig, port),
    ...["--service-account-private-key-file", join(root, "account.key")],
    ...["--root-ca-file", join(root, "tls.crt"), "--enable-hostpath-provisioner"],
    ...["--horizontal-pod-autoscaler-sync-period", "2s", "--node-monitor-period", "2s"],
    ...["--kube-api-qps", "200", "--kube-api-burst", "400"],
  ];
}

function schedulerArgs(kubeconfig: string, { scheduler: port }: Ports): string[] {
  return clientArgs(kubeconfig, port);
}

function clientArgs(kubeconfig: string, port: number): string[] {
  const options = ["kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig"];
  return [
    ...options.flatMap((option) => [`--${option}`, kubeconfig]),
    ...["--bind-address", "127.0.0.1", "--secure-port", `${port}`, "--leader-elect=false"],
  ];
}

function kwokArgs(kubeconfig: string, { kwok: port }: Ports): string[] {
  return [
    ...["--kubeconfig", kubeconfig, "--config", join(import.meta.dirname, "stages.yaml")],
    ...["--manage-all-nodes=true", "--node-lease-duration-seconds", "40"],
    ...["--server-address", `127.0.0.1:${port}`, "--node-port", `${port}`],
    ...["--node-ip", "127.0.0.1"],
  ];
}

/** The first zone's nodes are twice as large: left to itself the scheduler prefers them, so that evenness has to be asked for. */
function nodesAndStorage(): string {
  const nodes = zones.flatMap((zone, at) =>
    [1, 2].map((number) => {
      const size = { cpu: at === 0 ? "16" : "8", memory: at === 0 ? "64Gi" : "32Gi" };
      const resources = { ...size, "ephemeral-storage": "100Gi", pods: "110" };
      const name = `${zone}-${number}`;
      return {
        apiVersion: "v1",
        kind: "Node",
        metadata: {
          name,
          labels: { "kubernetes.io/hostname": name, "topology.kubernetes.io/zone": zone },
        },
        status: { allocatable: resources, capacity: resources },
      };
    }),
  );
  const storage = {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: {
      name: "folders",
      annotations: { "storageclass.kubernetes.io/is-default-class": "true" },
    },
    provisioner: "kubernetes.io/host-path",
    volumeBindingMode: "WaitForFirstConsumer",
  };
  return JSON.stringify({ apiVersion: "v1", kind: "List", items: [...nodes, storage] });
}
