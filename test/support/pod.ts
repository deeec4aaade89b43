import { readlinkSync, rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ContainerOptions, mountFile, startContained } from "./container.ts";
import type { Image } from "./dockerfile.ts";
import { eventually } from "./eventually.ts";
import { joinSockets, type Way } from "./join-sockets.ts";
import { type RunningProcess, startProcess } from "./processes.ts";

const root = join(import.meta.dirname, "../..");

export interface PodOptions extends Pick<ContainerOptions, "user"> {
  readonly image: Image;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** By path, as volumes bring them. */
  readonly files: Readonly<Record<string, string>>;
  /** `host:port` as the pod calls it, and what is there: a port of this machine, or a Unix socket. */
  readonly outside: Readonly<Record<string, number | string>>;
  /** Ports of the pod that are to be reached. */
  readonly ports: readonly number[];
}

/**
 * A container with a network of its own, so that names and ports are those of its manifest, whoever else runs on this machine. Unix
 * sockets lead in and out.
 */
export class Pod {
  readonly service: RunningProcess;
  readonly #folder: string;
  readonly #stops: (() => unknown)[];
  readonly #ports: ReadonlyMap<number, number>;

  private constructor(
    service: RunningProcess,
    folder: string,
    ports: ReadonlyMap<number, number>,
    stops: (() => unknown)[],
  ) {
    this.service = service;
    this.#folder = folder;
    this.#ports = ports;
    this.#stops = stops;
  }

  static async start(options: PodOptions): Promise<Pod> {
    const { image, command, env, files, outside, ports, ...rest } = options;
    const folder = await mkdtemp(join(tmpdir(), "velocitygate-pod-"));
    const names = Object.keys(outside).map((target) => target.slice(0, target.lastIndexOf(":")));
    mountFile(image, "/etc/hosts", `127.0.0.1 localhost ${names.join(" ")}\n`);
    for (const [path, text] of Object.entries(files)) mountFile(image, path, text);

    const stops: (() => unknown)[] = [];
    const ways: Way[] = [];
    for (const [target, there] of Object.entries(outside)) {
      const port = Number(target.slice(target.lastIndexOf(":") + 1));
      const path = typeof there === "string" ? there : join(folder, `out-${port}`);
      if (typeof there === "number")
        stops.push((await joinSockets({ from: { path }, to: { port: there } })).stop);
      ways.push({ from: { host: "127.0.0.1", port }, to: { path } });
    }
    const reached = new Map<number, number>();
    for (const port of ports) {
      const path = join(folder, `in-${port}`);
      ways.push({ from: { path }, to: { host: "127.0.0.1", port } });
      const near = await joinSockets({ from: { host: "127.0.0.1", port: 0 }, to: { path } });
      stops.push(near.stop);
      reached.set(port, near.port);
    }

    const service = startContained(image, command, env, { ...rest, hasOwnNetwork: true });
    stops.push(() => service.kill());
    const forwarder = await startInside(service, ways);
    stops.push(() => forwarder.kill());
    return new Pod(service, folder, reached, stops);
  }

  /** The port of this machine that leads to one of the pod's. */
  port(inside: number): number {
    const port = this.#ports.get(inside);
    if (port === undefined) throw new Error(`no way leads to port ${inside} of the pod`);
    return port;
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops.reverse()) await stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Joins sockets in the network of that process. */
async function startInside({ pid }: RunningProcess, ways: readonly Way[]): Promise<RunningProcess> {
  const network = (of: number | string) => readlinkSync(`/proc/${of}/ns/net`);
  await eventually(() => network(pid) !== network("self"));
  const namespaces = process.getuid?.() === 0 ? [] : ["--user", "--preserve-credentials"];
  return startProcess("nsenter", [
    ...[...namespaces, `--target=${pid}`, "--net"],
    ...["sh", "-c", 'ip link set lo up && exec "$@"', "sh"],
    ...[process.execPath, "--import", join(root, "bench/typescript.js")],
    ...[join(root, "test/support/join-sockets-main.ts"), JSON.stringify(ways)],
  ]);
}
