/** A connection of the server in this process: no socket, a clock that the test moves, and everything that the server says. */

import type { EngineOptions, Methods } from "../../../src/grpc/engine.ts";
import { Admission } from "../../../src/grpc/h2/admission.ts";
import { Connection, type ConnectionOwner } from "../../../src/grpc/h2/connection.ts";
import { defaultLimits, type H2Limits } from "../../../src/grpc/h2/limits.ts";
import { MessageBudget } from "../../../src/grpc/h2/messages.ts";
import { methodTable } from "../../../src/grpc/h2/methods.ts";
import { OutputBuffers } from "../../../src/grpc/h2/output.ts";
import { Answers } from "./answers.ts";
import { preface, settings, settingsAck } from "./frames.ts";

export interface WireOptions extends Partial<EngineOptions> {
  readonly methods?: Partial<Methods>;
  readonly limits?: Partial<H2Limits>;
  /** Shared with other connections; unless told, calls wait for however long. */
  readonly admission?: Admission;
  /** The connection's age is `connectionAgeMaxMs` times 0.9 plus a fifth of this. */
  readonly random?: number;
}

export class Wire implements ConnectionOwner {
  readonly answers = new Answers();
  readonly connection: Connection;
  readonly buffers = new OutputBuffers();
  /** What the engine reported to `onError`. */
  readonly errors: string[] = [];
  /** How often the server has written. */
  writes: number = 0;
  isPaused: boolean = false;
  isEnded: boolean = false;
  isDestroyed: boolean = false;
  isWatched: boolean = false;
  /** The peer does not read: what is written stays in the socket. */
  isStuck: boolean = false;
  writableLength: number = 0;

  #nowMs: number = 1_000_000;
  readonly #random: number;
  #scheduled: Connection[] = [];

  constructor(options: WireOptions = {}) {
    const { methods = {}, limits = {}, random = 0.5, admission, ...engineOptions } = options;
    this.#random = random;
    this.connection = new Connection(this, this, {
      methods: methodTable({ unary: new Map(), stream: new Map(), ...methods }),
      limits: { ...defaultLimits, ...limits },
      admission: admission ?? new Admission(Number.POSITIVE_INFINITY),
      budget: new MessageBudget(
        limits.partialMessageBytesOfServerMax ?? defaultLimits.partialMessageBytesOfServerMax,
      ),
      options: {
        messageBytesMax: 4 * 2 ** 20,
        connectionAgeMaxMs: 86_400_000,
        connectionAgeGraceMs: 3_600_000,
        concurrentStreamsMax: 100,
        onError: (error, path) => this.errors.push(`${path}: ${String(error)}`),
        ...engineOptions,
      },
    });
    this.endTick();
  }

  /** A connection whose greetings are exchanged. */
  static greeted(options: WireOptions = {}): Wire {
    return new Wire(options).send(preface, settings(), settingsAck());
  }

  /** Has the server receive all of this in one chunk, and ends the tick. */
  send(...bytes: readonly Uint8Array[]): this {
    this.connection.receive(Buffer.concat(bytes));
    return this.endTick();
  }

  endTick(): this {
    const scheduled = this.#scheduled;
    this.#scheduled = [];
    for (const connection of scheduled) connection.flush();
    return this;
  }

  /** Lets time pass, and the server notice it. */
  pass(ms: number): this {
    this.#nowMs += ms;
    if (this.isWatched) this.isWatched = this.connection.expire(this.#nowMs);
    this.connection.check(this.#nowMs);
    return this.endTick();
  }

  drain(): this {
    this.connection.drain();
    return this.endTick();
  }

  /** The peer reads all that was written. */
  read(): this {
    this.isStuck = false;
    this.writableLength = 0;
    this.connection.onDrain();
    return this.endTick();
  }

  nowMs(): number {
    return this.#nowMs;
  }

  random(): number {
    return this.#random;
  }

  schedule(connection: Connection): void {
    this.#scheduled.push(connection);
  }

  watchDeadlines(): void {
    this.isWatched = true;
  }

  write(bytes: Uint8Array): boolean {
    this.writes += 1;
    // A copy: what is written at once belongs to the server again.
    this.answers.take(Buffer.from(bytes));
    if (this.isStuck) this.writableLength += bytes.length;
    return !this.isStuck;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  end(): void {
    this.isEnded = true;
  }

  destroy(): void {
    this.isDestroyed = true;
  }
}
