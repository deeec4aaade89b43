import type { Connection } from "./connection.ts";
import type { Encodable, Words } from "./encodable.ts";
import type { Reply } from "./reply.ts";
import type { ServerTarget } from "./target.ts";

/** How servers of a kind are spoken to. Each command gets one reply, in the order of the commands. */
export interface Dialect {
  /** What the kind is called, in the log and to callers. */
  readonly server: "Redis" | "Memcached";
  /** What every server answers at once, for a sign of life. */
  readonly ping: Words;
  createReader(onReply: (reply: Reply) => void): ReplyReader;
  /** All commands as one string, in which each character stands for a byte (latin1). */
  encode(commands: readonly Encodable[]): string;
  encodeWords(words: Words): string;
  /**
   * Waits until the server is ready to count, after whatever has to be said first.
   *
   * @throws Error (rejects) with the reason why it is not
   */
  greet(connection: Connection, target: ServerTarget): Promise<void>;
}

/** Reads replies out of bytes that come in pieces, split anywhere. */
export interface ReplyReader {
  /**
   * Takes `bytes[0, end)`, of which it keeps nothing. After an error it must not be given more.
   *
   * @throws Error when that is nothing that such a server says, or more than it should
   */
  push(bytes: Buffer, end: number): void;
}
