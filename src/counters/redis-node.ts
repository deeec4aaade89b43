import { Redis } from "ioredis";
import { Batch } from "./batch.ts";
import type { ConnectionCounts } from "./connectivity.ts";
import type { RedisCommand } from "./redis-command.ts";
import { reasonOf, timedOut, unavailable } from "./redis-errors.ts";
import { addressText, clientOptions, type RedisTarget } from "./redis-options.ts";
import type { RedisSettings } from "./redis-settings.ts";

/** How many batches may await their answers at a time: enough to keep the server busy, while the next batch grows. */
const batchesInFlightMax = 4;

/** How many commands go out in one batch. */
const batchMax = 1_000;

/** How many commands may wait for their turn. */
const waitingMax = 50_000;

/** How often an idle connection is asked for a sign of life. */
const pingEveryMs = 5_000;

export interface NodeParts {
  readonly settings: RedisSettings;
  /** Where this connection is counted; `undefined`: nowhere, it does not serve callers. */
  readonly counts?: ConnectionCounts;
  /** Looks at each error reply first; `true`: the command, which was not carried out, has been sent elsewhere. */
  readonly divert?: (node: RedisNode, command: RedisCommand, text: string) => boolean;
}

/**
 * One connection to one server, from its first packet to its end: who wants another one makes another node.
 *
 * Commands of the same turn of the event loop go out as one batch, and so do those that arrive while as many batches as allowed are
 * on their way. A server that stops answering therefore has a bounded number of commands on its hands, and what did not reach it in
 * time is never sent.
 */
export class RedisNode {
  readonly target: RedisTarget;
  readonly name: string;
  /** Settles once the server has answered; fails with the reason when it is closed before. */
  readonly opened: Promise<void>;
  /** Settles with the reason when the node has come to its end, also when it was never open. */
  readonly closed: Promise<string>;
  readonly #client: Redis;
  readonly #parts: NodeParts;
  readonly #openedBy: number;
  #state: "opening" | "open" | "closed" = "opening";
  #waiting: Batch[] = [];
  #waitingCount = 0;
  #inFlight = 0;
  #isFlushScheduled: boolean = false;
  #isRetiring: boolean = false;
  #lastUsedMs = performance.now();
  #lastError: string = "";
  #pings: NodeJS.Timeout | undefined;
  #settleClosed: (reason: string) => void = () => undefined;

  constructor(target: RedisTarget, parts: NodeParts) {
    this.target = target;
    this.name = addressText(target.address);
    this.#parts = parts;
    this.#openedBy = performance.now() + parts.settings.commandTimeoutMs;
    this.#client = new Redis(clientOptions(parts.settings, target));
    this.#client.on("error", (error) => {
      this.#lastError = reasonOf(error);
    });
    this.#client.once("end", () =>
      this.close(this.#lastError || "the server closed the connection"),
    );
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

  /** How long ago it was last given a command, or made. */
  get idleMs(): number {
    return performance.now() - this.#lastUsedMs;
  }

  /** Sends the command with its turn's batch. A connection that takes its time to open keeps nobody waiting longer than a command may take. */
  send(command: RedisCommand): void {
    this.#lastUsedMs = performance.now();
    if (this.#state === "closed" || (this.isOpening && this.#lastUsedMs > this.#openedBy)) {
      command.lose(unavailable("Redis is not connected"), false);
      return;
    }
    if (this.#waitingCount >= waitingMax) {
      command.lose(unavailable("too many commands wait for Redis"), false);
      return;
    }
    this.#growingBatch().add(command);
    this.#waitingCount += 1;
    this.#scheduleFlush();
  }

  /** Asks something that is no business of callers, such as the cluster's layout. */
  async ask(timeoutMs: number, name: string, ...args: (string | number)[]): Promise<unknown> {
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(timedOut(timeoutMs)), timeoutMs);
    });
    try {
      return await Promise.race([this.#client.call(name, ...args), tooLate]);
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
    clearInterval(this.#pings);
    this.#client.disconnect();
    const error = unavailable("the connection to Redis was lost");
    for (const batch of this.#waiting.splice(0)) batch.lose(error, false);
    this.#settleClosed(reason);
  }

  async #open(): Promise<void> {
    const { connectTimeoutMs } = this.#parts.settings;
    const patience = setTimeout(
      () => this.close(this.#lastError || `no answer within ${connectTimeoutMs} ms`),
      connectTimeoutMs,
    );
    try {
      await this.#client.connect();
      await this.#introduce();
      await this.#client.ping();
    } catch (error) {
      this.close(this.#lastError || reasonOf(error));
    } finally {
      clearTimeout(patience);
    }
    if (this.#state === "closed") throw new Error(await this.closed);
    this.#state = "open";
    const { counts } = this.#parts;
    if (counts) {
      counts.active += 1;
      counts.total += 1;
    }
    this.#pings = setInterval(() => this.#ping(), pingEveryMs).unref();
    this.#flush();
  }

  async #introduce(): Promise<void> {
    const { credentials, database, isMaster } = this.target;
    if (credentials?.username !== undefined) {
      await this.#client.call("auth", credentials.username, credentials.password);
    } else if (credentials) {
      await this.#client.call("auth", credentials.password);
    }
    if (database !== 0) await this.#client.call("select", database);
    if (isMaster) await this.#requireMaster();
  }

  /** Who may not ask is told by the first increment: a replica refuses it. */
  async #requireMaster(): Promise<void> {
    const role = await this.#client.call("role").catch((error: Error) => {
      if (!error.message.startsWith("NOPERM")) throw error;
    });
    if (Array.isArray(role) && role[0] !== "master") throw new Error("the server is a replica");
  }

  #ping(): void {
    // Without an answer the client's socket timeout ends the connection.
    if (this.#inFlight === 0) this.#client.ping().catch(() => undefined);
  }

  #growingBatch(): Batch {
    const { commandTimeoutMs } = this.#parts.settings;
    const last = this.#waiting.at(-1);
    // Who joins a batch shares its deadline: none may be much shorter than it should.
    const isFresh =
      last !== undefined && performance.now() - last.startedAtMs < commandTimeoutMs / 8;
    if (last !== undefined && isFresh && last.size < batchMax) return last;
    const batch = new Batch(commandTimeoutMs, this.#timeOut);
    this.#waiting.push(batch);
    return batch;
  }

  readonly #timeOut = (batch: Batch): void => {
    const error = timedOut(this.#parts.settings.commandTimeoutMs);
    if (batch.isSent) {
      batch.giveUp(error);
      return;
    }
    this.#waiting = this.#waiting.filter((waiting) => waiting !== batch);
    this.#recount();
    batch.lose(error, false);
  };

  #scheduleFlush(): void {
    if (this.#isFlushScheduled || this.#state !== "open") return;
    this.#isFlushScheduled = true;
    setImmediate(() => {
      this.#isFlushScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    while (this.#state === "open" && this.#inFlight < batchesInFlightMax) {
      const batch = this.#waiting.shift();
      if (batch === undefined) return;
      this.#recount();
      void this.#transmit(batch);
    }
  }

  #recount(): void {
    this.#waitingCount = this.#waiting.reduce((sum, { size }) => sum + size, 0);
  }

  async #transmit(batch: Batch): Promise<void> {
    batch.markSent();
    this.#inFlight += 1;
    const pipeline = this.#client.pipeline();
    for (const command of batch.commands) {
      if (command.isAsking) pipeline.call("asking");
      pipeline.call(...command.words());
    }
    const results = (await pipeline.exec()) ?? [];
    this.#inFlight -= 1;
    batch.settled();
    let at = 0;
    for (const command of batch.commands) {
      if (command.isAsking) at += 1;
      const [error, reply] = results[at] ?? [new Error("no answer"), undefined];
      at += 1;
      this.#conclude(command, error, reply);
    }
    this.#flush();
    this.#closeIfRetired();
  }

  #conclude(command: RedisCommand, error: Error | null, reply: unknown): void {
    if (error === null) {
      command.answer(reply);
    } else if (error.name !== "ReplyError") {
      command.lose(unavailable("the connection to Redis was lost"), true);
    } else if (!this.#parts.divert?.(this, command, error.message)) {
      command.refuse(error.message);
      // A master that became a replica: whoever made this node has to find out which one is the master now.
      if (error.message.startsWith("READONLY")) this.close("the server is a replica now");
    }
  }

  #closeIfRetired(): void {
    if (this.#isRetiring && this.#inFlight === 0 && this.#waiting.length === 0) {
      this.close("it is not needed any more");
    }
  }
}
