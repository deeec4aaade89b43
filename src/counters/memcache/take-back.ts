import type { Command } from "../command.ts";
import type { WriteArgument } from "../encodable.ts";

/** Takes hits back out of a counter that would otherwise start again from 0 (Memcached counts modulo 2^64). Nobody waits for it. */
export class TakeBack implements Command {
  redirections = 0;
  isAsking = false;
  readonly key: string;
  readonly #hits: number;

  constructor(key: string, hits: number) {
    this.key = key;
    this.#hits = hits;
  }

  encode(write: WriteArgument): string {
    return `decr ${write(this.key)} ${this.#hits}\r\n`;
  }

  answer(): void {
    // Whatever it has now is far beyond any limit.
  }

  refuse(): void {
    // The next one that finds the counter full tries again.
  }

  giveUp(): void {
    // As above.
  }

  lose(): void {
    // As above.
  }
}
