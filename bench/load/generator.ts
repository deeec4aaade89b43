import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { LoadResult, LoadSpec } from "./spec.ts";

type Reply = { readonly result: LoadResult } | { readonly error: string };

/** The load generator's process, seen from the harness. */
export class Generator {
  readonly #process: ChildProcess;
  readonly #ended: Promise<never>;

  private constructor(child: ChildProcess) {
    this.#process = child;
    this.#ended = once(child, "exit").then(() => {
      throw new Error("the load generator ended by itself");
    });
    this.#ended.catch(() => undefined);
  }

  static async start(): Promise<Generator> {
    const child = fork(fileURLToPath(new URL("./process.ts", import.meta.url)), {
      // Latencies may be infinite, which JSON cannot say.
      serialization: "advanced",
      execArgv: ["--import", new URL("../typescript.js", import.meta.url).href],
    });
    const generator = new Generator(child);
    await Promise.race([once(child, "message"), generator.#ended]);
    return generator;
  }

  /** @throws (rejects) when an answer was wrong, a connection was lost, or the server did not answer */
  async run(spec: LoadSpec): Promise<LoadResult> {
    this.#process.send(spec);
    const patience = AbortSignal.timeout(spec.secondsMax * 1000 + 30_000);
    const [reply] = (await Promise.race([
      once(this.#process, "message", { signal: patience }),
      this.#ended,
    ])) as [Reply];
    if ("error" in reply) throw new Error(reply.error);
    return reply.result;
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  stop(): void {
    this.#process.kill();
  }
}
