import { spawnSync } from "node:child_process";
import { cpus, loadavg, release, totalmem } from "node:os";
import { executableOf, redis } from "../../.ci/setup/test-servers.js";

/** What has to be known of the machine to make something of the figures. */
export interface Environment {
  readonly date: string;
  readonly commit: string;
  readonly node: string;
  readonly v8: string;
  readonly redis: string;
  readonly system: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  /** Of the minute before the run. */
  readonly loadAverage: number;
}

export function environment(): Environment {
  const [cpu] = cpus();
  return {
    date: new Date().toISOString(),
    commit: output("git", "describe", "--always", "--dirty"),
    node: process.versions.node,
    v8: process.versions.v8,
    redis: /v=([\d.]+)/.exec(output(executableOf(redis), "--version"))?.[1] ?? "unknown",
    system: `Linux ${release()}`,
    cpu: cpu?.model ?? "unknown",
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 1e9),
    loadAverage: loadavg()[0] ?? 0,
  };
}

function output(command: string, ...args: readonly string[]): string {
  const { status, stdout } = spawnSync(command, args, { encoding: "utf8" });
  return status === 0 ? stdout.trim() : "unknown";
}
