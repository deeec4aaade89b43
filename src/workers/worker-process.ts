import type { Socket } from "node:net";
import type { Timers } from "../clock.ts";
import type { HttpAnswer } from "../http/server.ts";
import type { Ended, FromWorker, Question, ToWorker } from "./messages.ts";

/** A forked process, as much of it as is needed here. */
export interface Child {
  /** `undefined` when it could not be started. */
  readonly pid: number | undefined;
  /** Is lost when the process has ended. */
  send(message: ToWorker): void;
  /** Gives it a connection, which stays open here as well. */
  give(socket: Socket): void;
  /** Ends it at once (SIGKILL), stuck or not. */
  kill(): void;
  onMessage(listener: (message: FromWorker) => void): void;
  /** Called once. */
  onEnd(listener: (how: Ended) => void): void;
}

interface Asked {
  readonly resolve: (answer: HttpAnswer) => void;
  readonly reject: (error: Error) => void;
  readonly cancelTimeout: () => void;
}

/** A connection that a worker was given, and has not taken yet. */
interface Given {
  readonly socket: Socket;
  readonly sinceMs: number;
}

/** What a worker fails by that is not there yet, or no longer. */
const absent: readonly string[] = ["workers"];

/** One worker from its fork to its end: what it said of itself, its connections, and the questions that it owes an answer. */
export class WorkerProcess {
  readonly ended: Promise<Ended>;
  readonly #child: Child;
  readonly #timers: Timers;
  readonly #bornMs: number;
  readonly #asked = new Map<number, Asked>();
  readonly #given: Given[] = [];
  #connections = 0;
  #lastId = 0;
  #failing = absent;
  #hasStarted: boolean = false;
  #hasEnded: boolean = false;
  #silentPulses = 0;

  /** @param onMessage hears every message but those that this class answers for; never after the end */
  constructor(child: Child, timers: Timers, onMessage: (message: FromWorker) => void) {
    this.#child = child;
    this.#timers = timers;
    this.#bornMs = timers.nowMs();
    child.onMessage((message) => {
      if (this.#hasEnded) return;
      this.#receive(message);
      onMessage(message);
    });
    this.ended = new Promise((resolve) => {
      child.onEnd((how) => {
        this.#end();
        resolve(how);
      });
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get livedMs(): number {
    return this.#timers.nowMs() - this.#bornMs;
  }

  /** Whether it hears messages and takes connections. */
  get hasStarted(): boolean {
    return this.#hasStarted;
  }

  /** The parts of it that do not hold. */
  get failing(): readonly string[] {
    return this.#failing;
  }

  /** Open connections, those among them that it has not taken yet. */
  get connections(): number {
    return this.#connections;
  }

  /** For how long it has owed it to take a connection; 0 when it owes none. */
  get waitedMs(): number {
    const [oldest] = this.#given;
    return oldest === undefined ? 0 : this.#timers.nowMs() - oldest.sinceMs;
  }

  /** How often in a row it was asked for its pulse and said nothing since. */
  get silentPulses(): number {
    return this.#silentPulses;
  }

  tell(message: ToWorker): void {
    this.#child.send(message);
  }

  takePulse(): void {
    this.#silentPulses += 1;
    this.#child.send({ type: "pulse" });
  }

  /** Rejects when it does not answer within `timeoutMs`, or ends before it does. */
  ask(question: Question, timeoutMs: number): Promise<HttpAnswer> {
    if (this.#hasEnded) return Promise.reject(new Error("the worker has ended"));
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      const cancelTimeout = this.#timers.after(timeoutMs, () => {
        this.#asked.delete(id);
        reject(new Error(`the worker did not answer within ${timeoutMs} ms`));
      });
      this.#asked.set(id, { resolve, reject, cancelTimeout });
      this.#child.send({ type: "ask", id, question });
    });
  }

  /** From here on the connection is the worker's; if it ends before it takes it, the connection is closed. */
  give(socket: Socket): void {
    this.#connections += 1;
    this.#given.push({ socket, sinceMs: this.#timers.nowMs() });
    this.#child.give(socket);
  }

  kill(): void {
    this.#child.kill();
  }

  #receive(message: FromWorker): void {
    this.#silentPulses = 0;
    switch (message.type) {
      case "started":
        this.#hasStarted = true;
        break;
      case "health":
        this.#failing = message.failing;
        break;
      case "taken":
        this.#given.shift()?.socket.destroy();
        break;
      case "closed":
        this.#connections -= 1;
        break;
      case "answer":
        this.#take(message.id)?.resolve(message.answer);
        break;
      case "pulse":
      case "unreachable":
        break;
    }
  }

  #end(): void {
    this.#hasEnded = true;
    this.#hasStarted = false;
    this.#failing = absent;
    for (const { socket } of this.#given.splice(0)) socket.destroy();
    for (const id of this.#asked.keys()) this.#take(id)?.reject(new Error("the worker ended"));
  }

  #take(id: number): Asked | undefined {
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    asked?.cancelTimeout();
    return asked;
  }
}
