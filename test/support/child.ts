import type { Socket } from "node:net";
import type { Ended, FromWorker, ToWorker } from "../../src/workers/messages.ts";
import type { Child } from "../../src/workers/worker-process.ts";

/** A worker process that does what a test says. */
export class ScriptedChild implements Child {
  readonly pid: number;
  /** What it was told, in order. */
  readonly told: ToWorker[] = [];
  /** The connections that it was given. */
  readonly given: Socket[] = [];
  wasKilled: boolean = false;
  #onMessage: (message: FromWorker) => void = () => undefined;
  #onEnd: (how: Ended) => void = () => undefined;

  constructor(pid: number) {
    this.pid = pid;
  }

  send(message: ToWorker): void {
    this.told.push(message);
  }

  give(socket: Socket): void {
    this.given.push(socket);
  }

  kill(): void {
    this.wasKilled = true;
    this.end({ code: undefined, signal: "SIGKILL" });
  }

  onMessage(listener: (message: FromWorker) => void): void {
    this.#onMessage = listener;
  }

  onEnd(listener: (how: Ended) => void): void {
    this.#onEnd = listener;
  }

  says(...messages: FromWorker[]): this {
    for (const message of messages) this.#onMessage(message);
    return this;
  }

  /** Says what one says that starts and finds everything well. */
  comesUp(): this {
    return this.starts([]);
  }

  starts(failing: readonly string[] = ["rules", "store"]): this {
    return this.says({ type: "started", counters: "in Redis" }, { type: "health", failing });
  }

  end(how: Ended): void {
    this.#onEnd(how);
  }

  /** Answers the latest question. */
  answers(body: string): void {
    const asked = this.told.findLast((message) => message.type === "ask");
    if (asked?.type !== "ask") throw new Error("nothing was asked");
    this.says({ type: "answer", id: asked.id, answer: { status: 200, body } });
  }
}
