import type { TlsClientOptions } from "../tls/client.ts";
import { Batch, type BatchOwner } from "./batch.ts";
import type { Command } from "./command.ts";
import { Connection } from "./connection.ts";
import type { ConnectionCounts } from "./connectivity.ts";
import type { Dialect } from "./dialect.ts";
import type { Words } from "./encodable.ts";
import type { Refusals } from "./refusals.ts";
import { ErrorReply, type Reply } from "./reply.ts";
import { openSocket } from "./socket.ts";
import { overloaded, reasonOf, timedOut, unavailable } from "./store-errors.ts";
import { addressText, type ServerTarget } from "./target.ts";

/** How many batches may await their answers at a time: enough to keep the server busy, while the next batch grows. */
const batchesInFlightMax = 4;

/**
 * So many commands go out as soon as the event that brought the last of them is dealt with, and the server works on them while we deal with
 * the next event. Fewer wait for what the other events at hand bring, since a write of their own would cost it more than they do.
 */
const worthAWrite = 16;

/** How many commands may wait for their turn. */
const waitingMax = 50_000;

/** After such a wait callers may have gone. */
const longWaitMs = 2;

/** The shortest time after which a connection counts as dead when answers are due and nothing comes. */
const silenceMinMs = 1_000;

/** How long a connection may be idle before the server is asked for a sign of life. */
const idleMaxMs = 5_000;

export interface NodeSettings {
  /** `undefined`: in the clear. */
  readonly tls: TlsClientOptions | undefined;
  /** From the first packet until the server is ready, at least 1. */
  readonly connectTimeoutMs: number;
  /** How long a command may take in all, waiting for its turn included, at least 1. */
  readonly commandTimeoutMs: number;
}

export interface NodeParts {
  readonly dialect: Dialect;
  readonly settings: NodeSettings;
  /** Where this connection is counted; `undefined`: nowhere, it does not serve callers. */
  readonly counts?: ConnectionCounts;
  /** Told of each command that the server refuses for good. */
  readonly refusals?: Refusals;
  /** Looks at each error reply first; `true`: the command, which was not carried out, has been sent elsewhere. */
  readonly divert?: (node: ServerNode, command: Command, text: string) => boolean;
}

/**
 * One connection to one server, from its first packet to its end: who wants another one makes another node.
 *
 * Commands that come together go out as one batch: those of one event when they are many, those of one turn of the event loop when
 * they are few, and those that arrive while as many batches as allowed are on their way. A server that stops answering therefore has
 * a bounded number of commands on its hands, and what did not reach it in time is never sent.
 */
export class ServerNode implements BatchOwner {
  readonly dialect: Dialect;
  readonly target: ServerTarget;
  readonly name: string;
  /** Settles once the server has answered; fails with the reason when it is closed before. */
  readonly opened: Promise<void>;
  /** Settles with the reason when the node has come to its end, also when it was never open. */
  readonly closed: Promise<string>;
  readonly #parts: NodeParts;
  readonly #openedBy: number;
  #connection: Connection | undefined;
  #state: "opening" | "open" | "closed" = "opening";
  /** Batches that wait for their turn, the oldest first. */
  #waiting: Batch[] = [];
  #waitingCount = 0;
  /** The last of them, while commands may still join it. */
  #growing: Batch | undefined;
  #inFlight = 0;
  /** Whether the end of the event, and of the turn, is awaited to send what has come. */
  #isEventUnderWay: boolean = false;
  #isTurnUnderWay: boolean = false;
  #isRetiring: boolean = false;
  /** Why it is closed once the batch under way is answered. */
  #reasonToLeave: string | undefined;
  #lastUsedMs = performance.now();
  #settleClosed: (reason: string) => void = () => undefined;

  constructor(target: ServerTarget, parts: NodeParts) {
    this.dialect = parts.dialect;
    this.target = target;
    this.name = addressText(target.address);
    this.#parts = parts;
    this.#openedBy = performance.now() + parts.settings.commandTimeoutMs;
    this.closed = new Promise((resolve) => {
      this.#settleClosed = resolve;
    });
    this.opened = this.#open();
    // Who is interested in the end only need not look at the beginning.
    this.opened.catch(() => undefined);
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  get isOpening(): boolean {
    return this.#state === "opening";
  }

  /** How long ago it was last given commands, or made. */
  get idleMs(): number {
    return performance.now() - this.#lastUsedMs;
  }

  /** Sends the command with its turn's batch. A connection that takes its time to open keeps nobody waiting longer than a command may take. */
  send(command: Command): void {
    if (!this.isOpen && !(this.isOpening && performance.now() <= this.#openedBy)) {
      command.lose(unavailable(`${this.dialect.server} is not connected`), false);
      return;
    }
    if (this.#waitingCount >= waitingMax) {
      command.lose(overloaded(this.dialect.server), false);
      return;
    }
    this.#beginEvent();
    this.#growingBatch().add(command);
    this.#waitingCount += 1;
  }

  /** Asks something that is no business of callers, such as the cluster's layout. */
  async ask(timeoutMs: number, ...words: Words): Promise<Reply> {
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(timedOut(this.dialect.server, timeoutMs)), timeoutMs);
    });
    try {
      return await Promise.race([this.#connection?.ask(...words), tooLate]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Lets what is under way come to its end, then closes. */
  retire(): void {
    this.#isRetiring = true;
    this.#closeIfRetired();
  }

  close(reason: string): void {
    if (this.#state === "closed") return;
    const { counts } = this.#parts;
    if (counts && this.isOpen) {
      counts.active -= 1;
      counts.closed += 1;
    }
    this.#state = "closed";
    this.#connection?.end(reason);
    const error = unavailable(`the connection to ${this.dialect.server} was lost`);
    for (const batch of this.#waiting.splice(0)) batch.drop(error);
    this.#settleClosed(reason);
  }

  /** A batch's time is over: it is not sent any more, or its callers are given up on. */
  timedOut(batch: Batch): void {
    const error = timedOut(this.dialect.server, this.#parts.settings.commandTimeoutMs);
    if (batch.isSent) {
      batch.giveUp(error);
      return;
    }
    if (this.#growing === batch) this.#growing = undefined;
    this.#waiting = this.#waiting.filter((waiting) => waiting !== batch);
    this.#waitingCount -= batch.size;
    batch.drop(error);
  }

  answered(command: Command, reply: Reply): void {
    if (!(reply instanceof ErrorReply)) {
      command.answer(reply);
    } else if (this.#parts.divert?.(this, command, reply.text)) {
      // It is on its way to another node.
    } else if (command.again?.(reply.text)) {
      this.send(command);
    } else {
      this.#parts.refusals?.note(this.name, reply.text);
      command.refuse(reply.text);
      // A master that became a replica: whoever made this node has to find out which one is the master now.
      if (reply.text.startsWith("READONLY")) this.#reasonToLeave = "the server is a replica now";
    }
  }

  settled(): void {
    this.#inFlight -= 1;
    if (this.#reasonToLeave !== undefined) this.close(this.#reasonToLeave);
    else if (this.#waiting.length > 0) this.#beginEvent();
    this.#closeIfRetired();
  }

  async #open(): Promise<void> {
    const { settings, counts } = this.#parts;
    const { connectTimeoutMs, commandTimeoutMs } = settings;
    const patience = setTimeout(
      () => this.close(`no answer within ${connectTimeoutMs} ms`),
      connectTimeoutMs,
    );
    try {
      const connection = new Connection(
        this.dialect,
        (into) => openSocket(this.target.address, settings.tls, into),
        (reason) => this.close(reason),
      );
      this.#connection = connection;
      await this.dialect.greet(connection, this.target);
      connection.watch(Math.max(silenceMinMs, 2 * commandTimeoutMs), idleMaxMs);
    } catch (error) {
      this.close(reasonOf(error));
    } finally {
      clearTimeout(patience);
    }
    if (this.#state === "closed") throw new Error(await this.closed);
    this.#state = "open";
    if (counts) {
      counts.active += 1;
      counts.total += 1;
    }
    this.#flush();
  }

  /** The batch that takes a command now. Who joins one shares its deadline. */
  #growingBatch(): Batch {
    if (this.#growing && !this.#growing.isFull) return this.#growing;
    const batch = new Batch(this.#parts.settings.commandTimeoutMs, this);
    this.#lastUsedMs = batch.startedAtMs;
    this.#waiting.push(batch);
    this.#growing = batch;
    return batch;
  }

  #beginEvent(): void {
    if (this.#isEventUnderWay) return;
    this.#isEventUnderWay = true;
    const joinMs = this.#parts.settings.commandTimeoutMs / 8;
    // A batch that has waited longer takes no more: none should have a deadline much shorter than it ought to.
    if (this.#growing && performance.now() - this.#growing.startedAtMs > joinMs) {
      this.#growing = undefined;
    }
    process.nextTick(this.#endEvent);
  }

  readonly #endEvent = (): void => {
    this.#isEventUnderWay = false;
    if (this.#waitingCount >= worthAWrite) {
      this.#flush();
    } else if (!this.#isTurnUnderWay) {
      this.#isTurnUnderWay = true;
      setImmediate(this.#endTurn);
    }
  };

  readonly #endTurn = (): void => {
    this.#isTurnUnderWay = false;
    this.#flush();
  };

  #flush(): void {
    while (this.isOpen && this.#inFlight < batchesInFlightMax) {
      const batch = this.#waiting.shift();
      if (batch === undefined) break;
      if (this.#growing === batch) this.#growing = undefined;
      this.#waitingCount -= batch.size;
      const waitedMs = performance.now() - batch.startedAtMs;
      if (waitedMs > longWaitMs && !batch.keepAwaited()) continue;
      this.#inFlight += 1;
      this.#connection?.send(batch.toRequest(), batch);
    }
  }

  #closeIfRetired(): void {
    if (this.#isRetiring && this.#inFlight === 0 && this.#waiting.length === 0) {
      this.close("it is not needed any more");
    }
  }
}
