import type { VelocityGateError } from "../errors.ts";
import type { RedisCommand } from "./redis-command.ts";

/** Commands for one server that go out together and share one timer. */
export class Batch {
  readonly commands: RedisCommand[] = [];
  readonly startedAtMs = performance.now();
  readonly #latestByKey = new Map<string, RedisCommand>();
  readonly #timer: NodeJS.Timeout;
  #isSent = false;
  #size = 0;

  /** @param onTimeout called once, `timeoutMs` from now, unless the batch is settled before */
  constructor(timeoutMs: number, onTimeout: (batch: Batch) => void) {
    this.#timer = setTimeout(onTimeout, timeoutMs, this);
  }

  /** How many commands were added, also those that others took over. */
  get size(): number {
    return this.#size;
  }

  get isSent(): boolean {
    return this.#isSent;
  }

  /** Only before it is sent. Commands of one key keep their order. */
  add(command: RedisCommand): void {
    this.#size += 1;
    if (this.#latestByKey.get(command.key)?.absorb(command)) return;
    this.#latestByKey.set(command.key, command);
    this.commands.push(command);
  }

  markSent(): void {
    this.#isSent = true;
    this.#latestByKey.clear();
  }

  /** Stops the timer: every command has its answer, or will not get one. */
  settled(): void {
    clearTimeout(this.#timer);
  }

  giveUp(error: VelocityGateError): void {
    for (const command of this.commands) command.giveUp(error);
  }

  lose(error: VelocityGateError, mayHaveRun: boolean): void {
    this.settled();
    for (const command of this.commands) command.lose(error, mayHaveRun);
  }
}
