import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startVelocityGate, type VelocityGate } from "../../envoy/demo/launch.js";
import type { Ended } from "../../envoy/demo/process.js";
import { freePorts } from "./ports.ts";

/** The built service as a process of its own, as it runs in production. */
export interface TestGate {
  readonly httpPort: number;
  readonly grpcPort: number;
  readonly debugPort: number;
  /** The end of what it printed. */
  readonly log: string;
  readonly exited: Promise<Ended>;
  /** Writes a rule file whole, or replaces it. */
  writeRules(name: string, text: string): Promise<void>;
  removeRules(name: string): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  /** Ends it with SIGTERM, and answers how it ended. */
  terminate(): Promise<Ended>;
  /** Ends it at once: its ports refuse connections. */
  kill(): Promise<void>;
  /** Starts it again on the same ports, and waits until it is healthy. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface GateOptions {
  /** Rule files by name; `undefined`: those of envoy/rules. */
  readonly rules?: Readonly<Record<string, string>>;
  readonly settings?: Readonly<Record<string, string>>;
}

const examples = join(import.meta.dirname, "../../envoy");

/** How often other ports are tried when someone was faster. */
const startAttempts = 3;

export async function startGate(options: GateOptions = {}): Promise<TestGate> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startGateOnce(options);
    } catch (error) {
      if (attempt === startAttempts || !isPortTaken(error)) throw error;
    }
  }
}

/** In the words of the HTTP ports, or of the gRPC port. */
function isPortTaken(error: unknown): boolean {
  return /address already in use|EADDRINUSE/.test(String(error));
}

async function startGateOnce({ rules, settings = {} }: GateOptions): Promise<TestGate> {
  const [httpPort = 0, grpcPort = 0, debugPort = 0] = await freePorts(3);
  const root = await mkdtemp(join(tmpdir(), "velocitygate-rules-"));
  const gate = new Gate({ httpPort, grpcPort, debugPort }, root, {
    PORT: `${httpPort}`,
    GRPC_PORT: `${grpcPort}`,
    DEBUG_PORT: `${debugPort}`,
    RUNTIME_ROOT: rules === undefined ? examples : root,
    RUNTIME_APPDIRECTORY: rules === undefined ? "rules" : ".",
    RUNTIME_WATCH_ROOT: "false",
    RUNTIME_IGNOREDOTFILES: "true",
    BACKEND_TYPE: "memory",
    SHUTDOWN_DELAY: "0s",
    ...settings,
  });
  try {
    for (const [name, text] of Object.entries(rules ?? {})) await gate.writeRules(name, text);
    await gate.start();
    return gate;
  } catch (error) {
    await gate.stop();
    throw error;
  }
}

interface Ports {
  readonly httpPort: number;
  readonly grpcPort: number;
  readonly debugPort: number;
}

class Gate implements TestGate {
  readonly httpPort: number;
  readonly grpcPort: number;
  readonly debugPort: number;
  readonly #root: string;
  readonly #settings: Readonly<Record<string, string>>;
  #process: VelocityGate | undefined;

  constructor(ports: Ports, root: string, settings: Readonly<Record<string, string>>) {
    this.httpPort = ports.httpPort;
    this.grpcPort = ports.grpcPort;
    this.debugPort = ports.debugPort;
    this.#root = root;
    this.#settings = settings;
  }

  get log(): string {
    return this.#process?.log() ?? "";
  }

  get exited(): Promise<Ended> {
    return this.#running.exited;
  }

  /** A reader must not see half a file: it is written under a name that is skipped, and then put in its place. */
  async writeRules(name: string, text: string): Promise<void> {
    await writeFile(join(this.#root, `.${name}`), text);
    await rename(join(this.#root, `.${name}`), join(this.#root, name));
  }

  async removeRules(name: string): Promise<void> {
    await rm(join(this.#root, name));
  }

  signal(signal: NodeJS.Signals): void {
    this.#running.child.kill(signal);
  }

  terminate(): Promise<Ended> {
    return this.#running.stop();
  }

  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.exited;
  }

  async start(): Promise<void> {
    this.#process = await startVelocityGate(this.#settings);
  }

  async stop(): Promise<void> {
    await this.#process?.stop();
    await rm(this.#root, { recursive: true, force: true });
  }

  get #running(): VelocityGate {
    if (this.#process === undefined) throw new Error("the service was never started");
    return this.#process;
  }
}
