import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { kubectl as tool } from "../../../.ci/setup/kubernetes-tools.js";

/** How a command ended, and what it printed. */
export interface Printed {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface Listed<T> {
  readonly items: readonly T[];
}

/** `kubectl` for one cluster. */
export class Kubectl {
  readonly kubeconfig: string;

  constructor(kubeconfig: string) {
    this.kubeconfig = kubeconfig;
  }

  /** Whatever comes of it. */
  async try(args: readonly string[], input = ""): Promise<Printed> {
    const cache = join(dirname(this.kubeconfig), "cache");
    const options = ["--kubeconfig", this.kubeconfig, "--cache-dir", cache];
    const child = spawn(tool.get(), [...options, "--request-timeout=20s", ...args]);
    const printed = { stdout: "", stderr: "" };
    for (const stream of ["stdout", "stderr"] as const) {
      child[stream].setEncoding("utf8").on("data", (text: string) => {
        printed[stream] += text;
      });
    }
    child.stdin.on("error", () => undefined).end(input);
    const code = await new Promise<number>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (status) => resolve(status ?? -1));
    });
    return { code, ...printed };
  }

  /** @throws Error with what it said unless it succeeded */
  async run(args: readonly string[], input = ""): Promise<string> {
    const { code, stdout, stderr } = await this.try(args, input);
    if (code !== 0) throw new Error(`kubectl ${args.join(" ")}: ${stderr}${stdout}`);
    return stdout;
  }

  /** Server-side and strict: unknown fields are mistakes. */
  async apply(manifests: string): Promise<void> {
    const options = ["--server-side", "--validate=strict", "--force-conflicts"];
    const { code, stdout, stderr } = await this.try(["apply", ...options, "-f", "-"], manifests);
    // Pod security and deprecated fields are told as warnings.
    if (code !== 0 || /warning/i.test(stderr)) throw new Error(`apply: ${stderr}${stdout}`);
  }

  async get<T>(kind: string, name: string): Promise<T> {
    return JSON.parse(await this.run(["get", kind, name, "-n", namespace, "-o", "json"])) as T;
  }

  async list<T>(kind: string, selector: string): Promise<readonly T[]> {
    const options = ["-n", namespace, "-l", selector, "-o", "json"];
    return (JSON.parse(await this.run(["get", kind, ...options])) as Listed<T>).items;
  }
}

export const namespace = "velocitygate";
