/**
 * As much of Redis's pods as can be had without a cluster: each is a process on a loopback address of its own that runs the very
 * script of the manifests, and every name is told by a file that is mounted over /etc/hosts for these processes alone, as DNS would.
 */
import { randomInt } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { executableOf, redis } from "../../../.ci/setup/test-servers.js";
import { eventually } from "../../support/eventually.ts";
import { freePort } from "../../support/ports.ts";
import { type RunningProcess, startProcess } from "../../support/processes.ts";
import { folder } from "../render.ts";

const domain = "redis.velocitygate.svc";

/** How a script ended. */
export interface ScriptOutcome {
  readonly code: number | undefined;
  readonly log: string;
  readonly ms: number;
}

export interface PodsOptions {
  /** The component whose scripts they run. */
  readonly component: "redis-cluster" | "redis-sentinel";
  readonly names: readonly string[];
  /** PEM files ca.crt, tls.crt, tls.key; `undefined`: no TLS. */
  readonly certificates?: string;
}

/** Commands that the pods are started with; the first is the one that a signal goes to. */
const startScripts = {
  "redis-cluster": ["start.sh"],
  "redis-sentinel": ["start.sh", "start-sentinel.sh"],
} as const;

/** What terminationGracePeriodSeconds leaves after the preStop hook. */
const endTimeoutMs = 30_000;

export class Pods {
  readonly names: readonly string[];
  readonly port: number;
  readonly sentinelPort: number;
  readonly passwords: Readonly<Record<string, string>>;
  readonly #component: PodsOptions["component"];
  readonly #root: string;
  readonly #certificates: string;
  /** 127.x.y.*, so that others on this machine have other ones. */
  readonly #network: string;
  #nextHost = 1;
  readonly #addresses = new Map<string, string>();
  readonly #processes = new Map<string, readonly RunningProcess[]>();

  static async create(options: PodsOptions): Promise<Pods> {
    return new Pods(options, await freePort(), await freePort());
  }

  private constructor(options: PodsOptions, port: number, sentinelPort: number) {
    this.names = options.names;
    this.port = port;
    this.sentinelPort = sentinelPort;
    this.#component = options.component;
    this.#root = mkdtempSync(join(tmpdir(), "velocitygate-pods-"));
    this.#certificates = options.certificates ?? join(this.#root, "no-certificates");
    this.#network = `127.${randomInt(1, 255)}.${randomInt(0, 256)}`;
    // What a password may hold that a shell, Redis or a URL reads as something else.
    this.passwords = Object.fromEntries(
      ["velocitygate", "replication", "admin", "probe"].map((user) => [user, `${user} "#'\\$x`]),
    );
    for (const directory of ["users", "scripts"]) mkdirSync(join(this.#root, directory));
    for (const [user, password] of Object.entries(this.passwords)) {
      writeFileSync(join(this.#root, "users", user), password);
    }
    for (const from of ["redis-common", `${this.#component}/scripts`]) {
      const source = join(folder, "components", from);
      for (const file of readdirSync(source)) cpSync(join(source, file), this.#script(file));
    }
    for (const name of this.names) {
      this.wipe(name);
      this.move(name);
    }
    this.publishAddresses();
  }

  /** The name that others know it by. */
  host(name: string): string {
    return `${name}.${domain}`;
  }

  address(name: string): string {
    return this.#addresses.get(name) ?? "";
  }

  /** Gives a pod another address, which others learn by `publishAddresses`. */
  move(name: string): void {
    this.#addresses.set(name, `${this.#network}.${this.#nextHost++}`);
  }

  /** Tells everybody where all are now. */
  publishAddresses(): void {
    const lines = this.names.map((name) => `${this.address(name)} ${this.host(name)}`);
    writeFileSync(join(this.#root, "hosts"), `127.0.0.1 localhost\n${lines.join("\n")}\n`);
  }

  /** Takes its disk away. */
  wipe(name: string): void {
    for (const directory of ["data", "run"]) {
      rmSync(join(this.#root, name, directory), { recursive: true, force: true });
      mkdirSync(join(this.#root, name, directory), { recursive: true });
    }
  }

  start(name: string): void {
    this.#processes.set(
      name,
      startScripts[this.#component].map((script) =>
        this.spawn(["sh", this.#script(script)], this.#environment(name)),
      ),
    );
  }

  startAll(): void {
    for (const name of this.names) this.start(name);
  }

  log(name: string): string {
    return (this.#processes.get(name) ?? []).map(({ log }) => log).join("");
  }

  /** At once, and without a word to the others. */
  async kill(...names: readonly string[]): Promise<void> {
    const processes = names.flatMap((name) => this.#processes.get(name) ?? []);
    await Promise.all(processes.map((each) => each.kill()));
  }

  /**
   * As Kubernetes ends a pod: the preStop hook, then SIGTERM to all containers.
   *
   * @throws Error when that takes longer than Kubernetes would wait before it kills
   */
  async terminate(name: string): Promise<ScriptOutcome> {
    const outcome = await this.run("hand-over.sh", name);
    const processes = this.#processes.get(name) ?? [];
    for (const each of processes) each.signal("SIGTERM");
    await eventually(
      () => {
        const late = processes.find((each) => !each.hasExited);
        if (late !== undefined) throw new Error(`it does not end:\n${outcome.log}\n${late.log}`);
      },
      { timeoutMs: endTimeoutMs, intervalMs: 20 },
    );
    return outcome;
  }

  /** Runs a script as a pod does in its container, or as a job when no pod is named. */
  async run(
    script: string,
    name?: string,
    settings: NodeJS.ProcessEnv = {},
  ): Promise<ScriptOutcome> {
    const startedMs = performance.now();
    const process = this.spawn(["sh", this.#script(script)], {
      ...this.#environment(name),
      ...settings,
    });
    const { code } = await process.exited;
    return { code, log: process.log, ms: performance.now() - startedMs };
  }

  /** Starts a process that knows the pods' names. */
  spawn(command: readonly string[], env: NodeJS.ProcessEnv): RunningProcess {
    const isRoot = process.getuid?.() === 0;
    const path = `${dirname(executableOf(redis))}:${process.env["PATH"]}`;
    const namespaces = isRoot ? ["--mount"] : ["--mount", "--user", "--map-root-user"];
    const script = 'mount --bind "$HOSTS" /etc/hosts && exec "$@"';
    return startProcess("unshare", [...namespaces, "sh", "-c", script, "sh", ...command], {
      env: { PATH: path, HOSTS: join(this.#root, "hosts"), ...env },
    });
  }

  /** Asks Redis, as `redis-cli` in the pod would. */
  async ask(name: string, user: string, ...command: readonly string[]): Promise<string> {
    const script = `. "$0"; user=$1 host=$2; shift 2; redis_as "$user" "$host" "$@"`;
    const process = this.spawn(
      ["sh", "-c", script, this.#script("lib.sh"), user, this.address(name), ...command],
      this.#environment(name),
    );
    await process.exited;
    return process.log.trim();
  }

  async askSentinel(name: string, ...command: readonly string[]): Promise<string> {
    const script = `. "\${0%/*}/lib.sh"; . "$0"; sentinel_at "$@"`;
    const process = this.spawn(
      ["sh", "-c", script, this.#script("sentinel-lib.sh"), this.address(name), ...command],
      this.#environment(name),
    );
    await process.exited;
    return process.log.trim();
  }

  async stop(): Promise<void> {
    await this.kill(...this.names);
    rmSync(this.#root, { recursive: true, force: true });
  }

  #script(file: string): string {
    return join(this.#root, "scripts", file);
  }

  #environment(name?: string): NodeJS.ProcessEnv {
    return {
      REDIS_PORT: `${this.port}`,
      SENTINEL_PORT: `${this.sentinelPort}`,
      REDIS_DOMAIN: domain,
      REDIS_USERS: join(this.#root, "users"),
      REDIS_TLS: this.#certificates,
      ...(name !== undefined && {
        POD_NAME: name,
        POD_IP: this.address(name),
        REDIS_DATA: join(this.#root, name, "data"),
        REDIS_RUN: join(this.#root, name, "run"),
      }),
    };
  }
}
