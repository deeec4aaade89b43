import type { VelocityGateError } from "../errors.ts";
import type { Command } from "./command.ts";
import type { Replies } from "./connection.ts";
import type { Dialect } from "./dialect.ts";
import type { Encodable } from "./encodable.ts";
import type { Reply } from "./reply.ts";
import { encodeWords } from "./resp/request.ts";
import { unavailable } from "./store-errors.ts";

/** How many commands go out in one batch, and how many characters their keys may have in all before it takes no more. */
const sizeMax = 1_000;
const charactersMax = 1_048_576;

/** Whose batch it is. */
export interface BatchOwner {
  readonly dialect: Dialect;
  /** Called once, unless the batch is answered, lost or dropped before its time is over. */
  timedOut(batch: Batch): void;
  answered(command: Command, reply: Reply): void;
  /** Every command has its answer. */
  settled(): void;
}

/** Announces a command for a slot that a node of a Redis Cluster does not own yet. */
const asking: Encodable = { encode: () => encodeWords(["ASKING"]) };

/** Commands for one server that go out together and share one timer. */
export class Batch implements Replies {
  readonly startedAtMs = performance.now();
  readonly #owner: BatchOwner;
  readonly #timer: NodeJS.Timeout;
  readonly #commands: Command[] = [];
  readonly #latestByKey = new Map<string, Command>();
  #isSent = false;
  #size = 0;
  #characters = 0;
  #answeredCount = 0;
  /** The reply to ASKING has come, that to its command has not. */
  #isAsked = false;

  constructor(timeoutMs: number, owner: BatchOwner) {
    this.#owner = owner;
    this.#timer = setTimeout(() => owner.timedOut(this), timeoutMs);
  }

  /** How many commands were added, also those that others took over. */
  get size(): number {
    return this.#size;
  }

  get isSent(): boolean {
    return this.#isSent;
  }

  get isFull(): boolean {
    return this.#size >= sizeMax || this.#characters >= charactersMax;
  }

  /** Only before it is sent. Commands of one key keep their order. */
  add(command: Command): void {
    this.#size += 1;
    if (command.absorb) {
      if (this.#latestByKey.get(command.key)?.absorb?.(command)) return;
      this.#latestByKey.set(command.key, command);
    }
    this.#characters += command.characters ?? command.key.length;
    this.#commands.push(command);
  }

  /** Leaves out what nobody waits for any longer; whether anything is left. Only before it is sent. */
  keepAwaited(): boolean {
    const kept = this.#commands.splice(0).map((each) => (each.awaited ? each.awaited() : each));
    for (const command of kept) if (command !== undefined) this.#commands.push(command);
    if (this.#commands.length > 0) return true;
    clearTimeout(this.#timer);
    return false;
  }

  /** What is to be sent. From now on nothing can be added. */
  toRequest(): string {
    this.#isSent = true;
    this.#latestByKey.clear();
    const isAnyAsking = this.#commands.some(({ isAsking }) => isAsking);
    return this.#owner.dialect.encode(
      isAnyAsking ? this.#commands.flatMap(announced) : this.#commands,
    );
  }

  take(reply: Reply): boolean {
    const command = this.#commands[this.#answeredCount] as Command;
    if (command.isAsking && !this.#isAsked) {
      // Had it been refused, the command would be as well.
      this.#isAsked = true;
      return false;
    }
    this.#isAsked = false;
    this.#answeredCount += 1;
    this.#owner.answered(command, reply);
    if (this.#answeredCount < this.#commands.length) return false;
    clearTimeout(this.#timer);
    this.#owner.settled();
    return true;
  }

  /** What has no answer yet will get none, and may have been done all the same. */
  lose(): void {
    clearTimeout(this.#timer);
    const error = unavailable(`the connection to ${this.#owner.dialect.server} was lost`);
    for (const command of this.#unanswered()) command.lose(error, true);
  }

  /** It will not be sent. */
  drop(error: VelocityGateError): void {
    clearTimeout(this.#timer);
    for (const command of this.#commands) command.lose(error, false);
  }

  /** Nobody waits for its answers any longer. */
  giveUp(error: VelocityGateError): void {
    for (const command of this.#unanswered()) command.giveUp(error);
  }

  #unanswered(): readonly Command[] {
    return this.#commands.slice(this.#answeredCount);
  }
}

function announced(command: Command): readonly Encodable[] {
  return command.isAsking ? [asking, command] : [command];
}
