/** The built service with the settings of a rendered overlay, among the pods of Redis, and calls that tell how it fares. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "../../support/eventually.ts";
import { get } from "../../support/http-client.ts";
import { freePorts } from "../../support/ports.ts";
import type { RunningProcess } from "../../support/processes.ts";
import { parseManifests } from "../manifest.ts";
import { folder } from "../render.ts";
import type { Pods } from "./pods.ts";

const rules = `domain: calls
descriptors:
  - key: user
    rate_limit: { unit: year, requests_per_unit: 1000000000 }
`;

/** How many counters the calls go to; they spread over all shards. */
const userCount = 60;
const callIntervalMs = 5;

const answered = "200";

/** What a while of calls came to. */
export interface Calls {
  readonly count: number;
  readonly failed: number;
  /** From the first that failed to the last. */
  readonly outageMs: number;
  /** Of the slowest call, whatever was answered. */
  readonly slowestMs: number;
  /** How often each answer was given in place of 200. */
  readonly failures: ReadonlyMap<string, number>;
}

export class Gate {
  readonly #process: RunningProcess;
  readonly #port: number;
  readonly #root: string;
  readonly #agent = new Agent({ keepAlive: true });

  private constructor(process: RunningProcess, port: number, root: string) {
    this.#process = process;
    this.#port = port;
    this.#root = root;
  }

  /** @param settings on top of those of the overlay */
  static async start(
    pods: Pods,
    overlay: string,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<Gate> {
    const root = mkdtempSync(join(tmpdir(), "velocitygate-rules-"));
    mkdirSync(join(root, "rules"));
    writeFileSync(join(root, "rules/calls.yaml"), rules);
    const [http, grpc, debug] = await freePorts(3);
    const inOverlay = settingsOf(overlay);
    const env = {
      ...inOverlay,
      // Other ports, since a machine is not a pod.
      REDIS_URL: String(inOverlay["REDIS_URL"])
        .replaceAll(":6379", `:${pods.port}`)
        .replaceAll(":26379", `:${pods.sentinelPort}`),
      REDIS_AUTH: `velocitygate:${pods.passwords["velocitygate"]}`,
      // The machine may be busy with other things: what counts here is whether an answer comes, and how late is told.
      REDIS_OP_TIMEOUT: "3s",
      RUNTIME_ROOT: root,
      PORT: `${http}`,
      GRPC_PORT: `${grpc}`,
      DEBUG_PORT: `${debug}`,
      ...settings,
    };
    const main = join(folder, "../dist/main.js");
    const gate = new Gate(pods.spawn([process.execPath, main], env), http ?? 0, root);
    await gate.answers();
    return gate;
  }

  get log(): string {
    return this.#process.log;
  }

  /** Waits until a call to every counter is answered. */
  async answers(timeoutMs = 30_000): Promise<void> {
    await eventually(
      async () => {
        if (this.#process.hasExited) throw new Error(`the service ended:\n${this.log}`);
        const codes = await Promise.all(
          Array.from({ length: userCount }, (_, at) => this.#call(at)),
        );
        return codes.every((code) => code === answered);
      },
      { timeoutMs, intervalMs: 50 },
    );
  }

  /** Calls at a steady pace, whatever comes back, while something is done. */
  async callsDuring(work: () => Promise<unknown>): Promise<Calls> {
    const pending: Promise<void>[] = [];
    let slowestMs = 0;
    const failedMs: number[] = [];
    const failures = new Map<string, number>();
    const timer = setInterval(() => {
      const startedMs = performance.now();
      const call = this.#call(pending.length % userCount).then((answer) => {
        slowestMs = Math.max(slowestMs, performance.now() - startedMs);
        if (answer === answered) return;
        failedMs.push(startedMs);
        failures.set(answer, (failures.get(answer) ?? 0) + 1);
      });
      pending.push(call);
    }, callIntervalMs);
    try {
      await work();
    } finally {
      clearInterval(timer);
    }
    await Promise.all(pending);
    const outageMs = failedMs.length === 0 ? 0 : Math.max(...failedMs) - Math.min(...failedMs);
    return { count: pending.length, failed: failedMs.length, outageMs, slowestMs, failures };
  }

  async stop(): Promise<void> {
    await this.#process.kill();
    this.#agent.destroy();
    rmSync(this.#root, { recursive: true, force: true });
  }

  /** `answered`, or what came instead. */
  async #call(user: number): Promise<string> {
    const body = JSON.stringify({
      domain: "calls",
      descriptors: [{ entries: [{ key: "user", value: `${user}` }] }],
    });
    try {
      const answer = await get(this.#port, "/json", { method: "POST", body, agent: this.#agent });
      return answer.status === 200 ? answered : `${answer.status} ${answer.body.trim()}`;
    } catch (error) {
      return (error as Error).message;
    }
  }
}

function settingsOf(overlay: string): Readonly<Record<string, string>> {
  const text = readFileSync(join(folder, "rendered", `${overlay}.yaml`), "utf8");
  const settings = parseManifests(text).find(({ metadata }) =>
    metadata.name.startsWith("velocitygate-settings-"),
  );
  return settings?.data ?? {};
}
