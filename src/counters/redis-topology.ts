import type { Log } from "../observe/log.ts";
import type { Command } from "./command.ts";
import type { OneServerParts } from "./one-server.ts";
import type { RedisSettings } from "./redis-settings.ts";

/** Knows which server a key belongs to, and keeps connections to all of them. */
export interface RedisTopology {
  /** Hands the command to its server, or fails it at once when that cannot be reached. */
  send(command: Command): void;
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
