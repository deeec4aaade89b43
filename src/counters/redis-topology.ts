import type { Log } from "../observe/log.ts";
import type { Command } from "./command.ts";
import type { Words } from "./encodable.ts";
import type { OneServerParts } from "./one-server.ts";
import type { RedisSettings } from "./redis-settings.ts";
import type { Reply } from "./reply.ts";

/** Knows which server a key belongs to, and keeps connections to all of them. */
export interface RedisTopology {
  /** Hands the command to its server, or fails it at once when that cannot be reached. */
  send(command: Command): void;
  /** Asks one server, the same one as long as there are no others, what is no business of callers. `undefined`: it is not connected. */
  ask(timeoutMs: number, ...words: Words): Promise<Reply>;
  /** Whether one command may have to do with any keys. */
  readonly isOneServer: boolean;
  /** Ends all connections and attempts. What is under way is lost. */
  close(): Promise<void>;
}

export interface TopologyParts extends OneServerParts {
  readonly settings: RedisSettings;
  readonly log: Log;
  /** At least 0 and below 1. */
  readonly random: () => number;
}
