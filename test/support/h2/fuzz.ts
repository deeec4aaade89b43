/** One connection after the other, each with a random client whose frames are mutated now and then, and a server that is audited. */

import type { DirectCall, Methods, StreamCall, UnaryHandler } from "../../../src/grpc/engine.ts";
import { Admission } from "../../../src/grpc/h2/admission.ts";
import { Connection, type ConnectionOwner } from "../../../src/grpc/h2/connection.ts";
import { defaultLimits } from "../../../src/grpc/h2/limits.ts";
import { MessageBudget } from "../../../src/grpc/h2/messages.ts";
import { methodTable } from "../../../src/grpc/h2/methods.ts";
import { OutputBuffers } from "../../../src/grpc/h2/output.ts";
import type { Serving } from "../../../src/grpc/h2/serving.ts";
import { GrpcError, Status } from "../../../src/grpc/status.ts";
import { Auditor } from "./auditor.ts";
import { preface, settings, settingsAck } from "./frames.ts";
import { mutate } from "./mutate.ts";
import { Random } from "./random.ts";
import { RandomClient } from "./random-client.ts";

const paths = [
  "/a.A/Echo",
  "/a.A/Later",
  "/a.A/Direct",
  "/a.A/Fails",
  "/a.A/Long",
  "/a.A/Stream",
  "/a.A/None",
];
const budgetBytes = 100_000;
/** A connection is given up after so many steps of its client. */
const stepsMax = 300;

export interface FuzzCounts {
  connections: number;
  frames: number;
  answers: number;
  /** Connections that ended with an error of HTTP/2. */
  errors: number;
}

export class Fuzzer {
  readonly counts: FuzzCounts = { connections: 0, frames: 0, answers: 0, errors: 0 };
  readonly #buffers = new OutputBuffers();
  readonly #budget = new MessageBudget(budgetBytes);
  readonly #random: Random;
  /** Answers that their handlers still owe. */
  readonly #owed: (() => void)[] = [];
  #startedStreams: number = 0;
  #endedStreams: number = 0;
  readonly #serving: Serving;

  constructor(seed: number) {
    this.#random = new Random(seed);
    this.#serving = {
      methods: methodTable(this.#methods()),
      budget: this.#budget,
      admission: new Admission(Number.POSITIVE_INFINITY),
      limits: { ...defaultLimits, unreadOutputBytesMax: 20_000, receiveWindowBytes: 65_535 },
      options: {
        messageBytesMax: 4000,
        connectionAgeMaxMs: 60_000,
        connectionAgeGraceMs: 5000,
        concurrentStreamsMax: 20,
        onError: (error, path) => {
          throw new Error(`${path}: ${String(error)}`, { cause: error });
        },
      },
    };
  }

  /** Runs whole connections until `frames` frames more have been received. */
  async run(frames: number): Promise<void> {
    const until = this.counts.frames + frames;
    while (this.counts.frames < until) {
      const run = new FuzzConnection(this.#random, this.#buffers, this.#serving, () =>
        this.#payOne(),
      );
      await run.play();
      this.counts.connections += 1;
      this.counts.frames += run.auditor.clientFrames;
      this.counts.answers += run.auditor.answered;
      if (run.auditor.errorCode !== undefined) this.counts.errors += 1;
      // Answers for calls that nobody waits for any more.
      while (this.#payOne()) await Promise.resolve();
      if (!this.#budget.take(budgetBytes)) throw new Error("the budget for messages leaks");
      this.#budget.giveBack(budgetBytes);
      if (this.#startedStreams !== this.#endedStreams) throw new Error("a stream was not ended");
    }
  }

  #payOne(): boolean {
    const pay = this.#owed.splice(this.#random.int(this.#owed.length), 1)[0];
    pay?.();
    return pay !== undefined;
  }

  #methods(): Methods {
    const later: UnaryHandler = (request) =>
      new Promise((resolve, reject) => {
        this.#owed.push(() => {
          if (request.length % 5 === 0) reject(new GrpcError(Status.ABORTED, "five"));
          else resolve(request);
        });
      });
    const fails: UnaryHandler = (request) => {
      throw new GrpcError(Status.NOT_FOUND, `no ${request.length} ü`);
    };
    const direct = (bytes: Buffer, start: number, end: number, call: DirectCall) => {
      const answer = Buffer.from(bytes.subarray(start, end));
      const reply = () => call.reply(answer, answer.length, copy);
      if (answer.length % 2 === 0) reply();
      else this.#owed.push(reply);
    };
    return {
      unary: new Map([
        ["/a.A/Echo", (request) => request],
        ["/a.A/Later", later],
        ["/a.A/Fails", fails],
        ["/a.A/Long", (request) => Buffer.alloc(request.length * 900)],
      ]),
      direct: new Map([["/a.A/Direct", direct]]),
      stream: new Map([["/a.A/Stream", (call) => this.#stream(call)]]),
    };
  }

  #stream(call: StreamCall) {
    this.#startedStreams += 1;
    let count = 0;
    return {
      onMessage: (message: Uint8Array) => {
        call.write(Buffer.from(message));
        count += 1;
        if (count === 5) call.end();
      },
      onHalfClose: () => this.#owed.push(() => call.end()),
      onDrain: () => call.write(Buffer.alloc(100)),
      onEnd: () => {
        this.#endedStreams += 1;
      },
    };
  }
}

const copy = (value: Uint8Array, into: Buffer, at: number) => {
  into.set(value, at);
  return at + value.length;
};

class FuzzConnection implements ConnectionOwner {
  readonly auditor = new Auditor();
  readonly buffers: OutputBuffers;
  writableLength: number = 0;

  readonly #random: Random;
  readonly #connection: Connection;
  readonly #client: RandomClient;
  readonly #payOne: () => boolean;
  #nowMs: number = 1_000_000;
  #isScheduled: boolean = false;
  #isWatched: boolean = false;
  #isOver: boolean = false;
  #isPaused: boolean = false;
  #isStuck: boolean = false;

  constructor(random: Random, buffers: OutputBuffers, serving: Serving, payOne: () => boolean) {
    this.#random = random;
    this.buffers = buffers;
    this.#payOne = payOne;
    this.#client = new RandomClient(random, paths);
    this.#connection = new Connection(this, this, serving);
  }

  async play(): Promise<void> {
    this.#receive(preface);
    this.#send(Buffer.concat([settings(), settingsAck()]));
    const recent: Buffer[] = [settings()];
    // Some clients are nearly good, so that their connections grow old.
    const mutationEvery = this.#random.pick([10, 30, 100, 300]);
    for (let step = 0; step < stepsMax && !this.#isOver; step += 1) {
      let frames = this.#client.next();
      if (this.#random.once(mutationEvery)) frames = mutate(frames, recent, this.#random);
      recent.push(...frames);
      if (recent.length > 50) recent.splice(0, 25);
      this.#sendInPieces(Buffer.concat(frames));
      if (this.#random.once(3)) await this.#otherThings();
    }
    this.#connection.onClose();
  }

  #sendInPieces(bytes: Buffer): void {
    let rest = bytes;
    while (this.#random.once(4) && rest.length > 1) {
      const at = 1 + this.#random.int(rest.length - 1);
      this.#send(rest.subarray(0, at));
      rest = rest.subarray(at);
    }
    this.#send(rest);
  }

  #send(bytes: Buffer): void {
    if (this.#isOver || this.#isPaused) return;
    this.auditor.onClient(bytes);
    this.#receive(bytes);
  }

  #receive(bytes: Buffer): void {
    this.#connection.receive(Buffer.from(bytes));
    if (this.#random.once(2)) this.#endTick();
  }

  /** Time passes, handlers answer, the peer reads or does not. */
  async #otherThings(): Promise<void> {
    for (let count = this.#random.int(4); count > 0 && this.#payOne(); count -= 1)
      await Promise.resolve();
    this.#endTick();
    this.#nowMs += this.#random.int(200);
    if (this.#isWatched) this.#isWatched = this.#connection.expire(this.#nowMs);
    if (this.#random.once(5)) this.#connection.check(this.#nowMs);
    if (this.#random.once(400)) this.#connection.drain();
    if (this.#random.once(20)) this.#isStuck = true;
    else if (this.#isStuck && this.#random.once(3)) this.#read();
    this.#endTick();
  }

  #read(): void {
    this.#isStuck = false;
    this.writableLength = 0;
    this.#connection.onDrain();
  }

  #endTick(): void {
    if (!this.#isScheduled) return;
    this.#isScheduled = false;
    this.#connection.flush();
  }

  nowMs(): number {
    return this.#nowMs;
  }

  random(): number {
    return this.#random.next();
  }

  schedule(): void {
    this.#isScheduled = true;
  }

  watchDeadlines(): void {
    this.#isWatched = true;
  }

  write(bytes: Uint8Array): boolean {
    if (this.#isOver) throw new Error("a write behind the end");
    this.auditor.onServer(Buffer.from(bytes));
    if (this.#isStuck) this.writableLength += bytes.length;
    return !this.#isStuck;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
  }

  end(): void {
    this.#isOver = true;
  }

  destroy(): void {
    this.#isOver = true;
  }
}
