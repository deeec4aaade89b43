import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { executableOf, memcached } from "../../.ci/setup/test-servers.js";
import type { RedisAddress } from "../../src/counters/redis-settings.ts";
import { eventually } from "./eventually.ts";
import { freePort } from "./ports.ts";
import { type RunningProcess, startProcess } from "./processes.ts";

/** A memcached process on a port of 127.0.0.1. What it holds is gone when it ends. */
export interface MemcachedServer {
  readonly address: RedisAddress;
  readonly log: string;
  /**
   * Sends one command of the text protocol, without its line end, on a connection of its own, and answers what comes back up to and
   * without the end of its last line.
   */
  ask(command: string): Promise<string>;
  /** SIGSTOP: it accepts connections and answers nothing, from when this settles on. */
  pause(): Promise<void>;
  resume(): void;
  /** SIGKILL: its port refuses connections. */
  kill(): Promise<void>;
  /** Starts it again after `kill`, on the same port, empty. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface MemcachedOptions {
  /** `undefined`: a free one. */
  readonly port?: number;
  /** Arguments beside those that every test server has. */
  readonly args?: readonly string[];
  /** Speaks TLS only, so nothing can be asked of it here. */
  readonly usesTls?: boolean;
}

/** How often another port is tried when someone was faster. */
const startAttempts = 3;

export async function startMemcached(options: MemcachedOptions = {}): Promise<MemcachedServer> {
  for (let attempt = 1; ; attempt++) {
    const server = new Server(options.port ?? (await freePort()), options);
    try {
      await server.restart();
      return server;
    } catch (error) {
      await server.stop();
      if (options.port !== undefined || attempt === startAttempts) throw error;
    }
  }
}

class Server implements MemcachedServer {
  readonly address: RedisAddress;
  readonly #options: MemcachedOptions;
  #process: RunningProcess | undefined;

  constructor(port: number, options: MemcachedOptions) {
    this.address = { host: "127.0.0.1", port };
    this.#options = options;
  }

  get log(): string {
    return this.#process?.log ?? "";
  }

  async ask(command: string): Promise<string> {
    const socket = connect({ ...this.address, timeout: 2_000 });
    try {
      await once(socket, "connect");
      socket.write(`${command}\r\n`, "latin1");
      let text = "";
      for await (const bytes of socket) {
        text += (bytes as Buffer).toString("latin1");
        if (isWhole(text)) break;
      }
      return text.replace(/\r\n$/, "");
    } finally {
      socket.destroy();
    }
  }

  async pause(): Promise<void> {
    this.#process?.signal("SIGSTOP");
    // A process of several threads is not stopped at once. Where there is no /proc, there is no telling.
    const status = `/proc/${this.#process?.pid}/status`;
    if (!existsSync(status)) return;
    await eventually(() => /^State:\s+T/m.test(readFileSync(status, "utf8")));
  }

  resume(): void {
    this.#process?.signal("SIGCONT");
  }

  async kill(): Promise<void> {
    await this.#process?.kill();
  }

  async restart(): Promise<void> {
    const { args = [], usesTls = false } = this.#options;
    const { host, port } = this.address;
    const user = process.getuid?.() === 0 ? ["-u", "root"] : [];
    const started = startProcess(executableOf(memcached), [
      ...["-l", host, "-p", String(port), "-U", "0", "-t", "1", "-m", "64"],
      ...user,
      ...args,
    ]);
    this.#process = started;
    await eventually(async () => {
      if (started.hasExited) return;
      if (usesTls) await connects(this.address);
      else await this.ask("version");
    });
    if (started.hasExited) {
      throw new Error(`memcached on port ${port} ended:\n${started.log}`);
    }
  }

  async stop(): Promise<void> {
    await this.kill();
  }
}

/** A reply of one line, or one that begins with several and ends with END. */
function isWhole(text: string): boolean {
  return /^(?:VALUE|STAT) /.test(text) ? text.endsWith("END\r\n") : text.endsWith("\r\n");
}

async function connects(address: RedisAddress): Promise<void> {
  const socket = connect(address);
  try {
    await once(socket, "connect");
  } finally {
    socket.destroy();
  }
}
