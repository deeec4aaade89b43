import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { eventually } from "../../support/eventually.ts";

/** A request as the server tells of it. */
export interface ToldRequest {
  readonly version: string;
  readonly nonce: string;
  readonly node: string | undefined;
  readonly error: string | undefined;
}

interface ToldEvent extends ToldRequest {
  readonly event: "listening" | "stream" | "request" | "response" | "closed";
  readonly port?: number;
}

/** The program of this folder, as a process. */
export class GoControlPlane {
  /** Responses so far. */
  responses = 0;
  port = 0;
  readonly #child: ChildProcess;
  readonly #requests: ToldRequest[] = [];

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(binary: string, args: readonly string[]): Promise<GoControlPlane> {
    const child = spawn(binary, args, { stdio: ["pipe", "pipe", "inherit"] });
    const server = new GoControlPlane(child);
    const lines = createInterface({ input: child.stdout });
    lines.on("line", (line) => server.#hear(JSON.parse(line) as ToldEvent));
    await eventually(() => server.port > 0 || child.exitCode !== null, { timeoutMs: 10_000 });
    if (server.port === 0) throw new Error(`${binary} did not start`);
    return server;
  }

  /** The texts of all refusals. */
  get refusals(): readonly string[] {
    return this.#requests.flatMap(({ error }) => error ?? []);
  }

  /** The first requests, once there are so many. */
  async requests(count: number): Promise<readonly ToldRequest[]> {
    await eventually(() => this.#requests.length >= count);
    return this.#requests.slice(0, count);
  }

  /** Puts another snapshot in the place of the one that there is. */
  put(version: string, configs: readonly object[]): void {
    this.#child.stdin?.write(`${JSON.stringify({ version, configs })}\n`);
  }

  /** Resolves when a client has accepted that version, and has refused nothing since. */
  async accepted(version: string, timeoutMs = 4_000): Promise<void> {
    await eventually(
      () => {
        const last = this.#requests.at(-1);
        return last?.version === version && last.error === undefined;
      },
      { timeoutMs },
    );
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
  }

  #hear({ event, port = 0, version, nonce, node, error }: ToldEvent): void {
    if (event === "listening") this.port = port;
    else if (event === "request") this.#requests.push({ version, nonce, node, error });
    else if (event === "response") this.responses += 1;
  }
}
