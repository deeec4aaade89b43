import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { executableOf, redis } from "../../.ci/setup/test-servers.js";
import type { RedisAddress } from "../../src/counters/redis-settings.ts";
import type { Identity } from "./certificates.ts";
import { eventually } from "./eventually.ts";
import { freePort } from "./ports.ts";
import { type RunningProcess, startProcess } from "./processes.ts";

/** A redis-server process on a port of 127.0.0.1, with a directory of its own. */
export interface RedisServer {
  readonly address: RedisAddress;
  readonly log: string;
  /** Its own, removed when it stops. */
  readonly directory: string;
  /** Sends one command on a connection of its own. */
  ask(command: string, ...args: (string | number | Buffer)[]): Promise<unknown>;
  /** SIGSTOP: it accepts connections and answers nothing. */
  pause(): void;
  resume(): void;
  /** SIGKILL: its port refuses connections. */
  kill(): Promise<void>;
  /** Starts it again after `kill`, on the same port and in the same directory. */
  restart(): Promise<void>;
  /** Ends it and removes its directory. */
  stop(): Promise<void>;
}

export interface RedisServerOptions {
  /** `undefined`: a free one. */
  readonly port?: number;
  /** Lines of `redis.conf` beside those that every test server has. */
  readonly config?: readonly string[];
  /** Files to be written into its directory before it starts, by name. */
  readonly files?: Readonly<Record<string, string>>;
  readonly isSentinel?: boolean;
  /** What it asks everybody for (`requirepass`). */
  readonly password?: string;
  /** Its only port speaks TLS, and asks for certificates of the CA. */
  readonly tls?: RedisServerTls;
}

/** The server shows the same certificate to clients and to other servers. */
export interface RedisServerTls extends Identity {
  /** PEM */
  readonly ca: string;
  /** What the test shows when it asks. */
  readonly asker: Identity;
}

const quiet = ["bind 127.0.0.1", "protected-mode no", "daemonize no"];
const notPersistent = ['save ""', "appendonly no"];

/** How often another port is tried when someone was faster. */
const startAttempts = 3;

export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await tryToStart(options);
    } catch (error) {
      if (options.port !== undefined || attempt === startAttempts) throw error;
    }
  }
}

async function tryToStart(options: RedisServerOptions): Promise<RedisServer> {
  const port = options.port ?? (await freePort());
  const directory = await mkdtemp(join(tmpdir(), "velocitygate-redis-"));
  const config = [
    ...quiet,
    ...(options.tls === undefined ? [`port ${port}`] : tlsConfig(port, directory)),
    `dir ${directory}`,
    ...(options.isSentinel ? [] : notPersistent),
    ...(options.password === undefined ? [] : [`requirepass ${options.password}`]),
    ...(options.config ?? []),
  ];
  const configPath = join(directory, "redis.conf");
  await writeFile(configPath, `${config.join("\n")}\n`);
  for (const [name, text] of Object.entries({ ...tlsFilesOf(options), ...options.files })) {
    await writeFile(join(directory, name), text);
  }
  const server = new Server(port, directory, configPath, options);
  try {
    await server.restart();
    return server;
  } catch (error) {
    await server.stop();
    throw error;
  }
}

function tlsConfig(port: number, directory: string): readonly string[] {
  return [
    "port 0",
    `tls-port ${port}`,
    "tls-auth-clients yes",
    "tls-cluster yes",
    "tls-replication yes",
    `tls-cert-file ${join(directory, "tls.crt")}`,
    `tls-key-file ${join(directory, "tls.key")}`,
    `tls-ca-cert-file ${join(directory, "ca.crt")}`,
  ];
}

function tlsFilesOf({ tls }: RedisServerOptions): Readonly<Record<string, string>> {
  return tls === undefined ? {} : { "tls.crt": tls.cert, "tls.key": tls.key, "ca.crt": tls.ca };
}

class Server implements RedisServer {
  readonly address: RedisAddress;
  readonly directory: string;
  readonly #args: readonly string[];
  readonly #password: string | undefined;
  readonly #tls: RedisServerTls | undefined;
  #process: RunningProcess | undefined;

  constructor(port: number, directory: string, configPath: string, options: RedisServerOptions) {
    this.address = { host: "127.0.0.1", port };
    this.directory = directory;
    this.#password = options.password;
    this.#tls = options.tls;
    this.#args = options.isSentinel ? [configPath, "--sentinel"] : [configPath];
  }

  get log(): string {
    return this.#process?.log ?? "";
  }

  async ask(command: string, ...args: (string | number | Buffer)[]): Promise<unknown> {
    const client = new Redis({
      ...this.address,
      ...(this.#password !== undefined && { password: this.#password }),
      // Who asks is the test, whatever the server's certificate is good for.
      ...(this.#tls !== undefined && { tls: { ...this.#tls.asker, rejectUnauthorized: false } }),
      lazyConnect: true,
      protocol: 2,
      enableReadyCheck: false,
      disableClientInfo: true,
      retryStrategy: null,
      maxRetriesPerRequest: 0,
      connectTimeout: 2_000,
      disconnectTimeout: 100,
      commandTimeout: 5_000,
    });
    client.on("error", () => undefined);
    try {
      await client.connect();
      return await client.call(command, ...args);
    } finally {
      client.disconnect();
    }
  }

  pause(): void {
    this.#process?.signal("SIGSTOP");
  }

  resume(): void {
    this.#process?.signal("SIGCONT");
  }

  async kill(): Promise<void> {
    await this.#process?.kill();
  }

  async restart(): Promise<void> {
    const started = startProcess(executableOf(redis), this.#args);
    this.#process = started;
    await eventually(async () => {
      if (!started.hasExited) await this.ask("PING");
    });
    if (started.hasExited) {
      throw new Error(`redis-server on port ${this.address.port} ended:\n${started.log}`);
    }
  }

  async stop(): Promise<void> {
    await this.kill();
    await rm(this.directory, { recursive: true, force: true });
  }
}
