import { setTimeout as delay } from "node:timers/promises";
import type { RedisCommand } from "./redis-command.ts";
import { reasonOf, unavailable } from "./redis-errors.ts";
import { RedisNode } from "./redis-node.ts";
import type { RedisTarget } from "./redis-target.ts";
import type { RedisTopology, TopologyParts } from "./redis-topology.ts";

/** Finds the server to connect to, anew before each attempt. */
export interface ServerFinder {
  /** Ends early when `signal` aborts. @throws Error that says why the server is not known */
  find(signal: AbortSignal): Promise<RedisTarget>;
  /** Sees to it that the node is closed when its server is not the right one any more. Ends with `signal`. */
  watch?(node: RedisNode, signal: AbortSignal): void;
}

/** All counters on one server: a single Redis, or the master that Sentinels name. */
export class RedisServer implements RedisTopology {
  readonly isOneServer = true;
  readonly #parts: TopologyParts;
  readonly #finder: ServerFinder;
  readonly #ended = new AbortController();
  readonly #loop: Promise<void>;
  #node: RedisNode | undefined;

  constructor(parts: TopologyParts, finder: ServerFinder) {
    this.#parts = parts;
    this.#finder = finder;
    this.#loop = this.#keepConnected();
  }

  send(command: RedisCommand): void {
    if (this.#node) this.#node.send(command);
    else command.lose(unavailable("Redis is not connected"), false);
  }

  async close(): Promise<void> {
    this.#ended.abort();
    this.#node?.close("the store was closed");
    await this.#loop;
  }

  async #keepConnected(): Promise<void> {
    const { signal } = this.#ended;
    while (!signal.aborted) {
      const reason = await this.#connectOnce(signal).catch(reasonOf);
      if (signal.aborted) return;
      const pauseMs = this.#parts.connectivity.disconnected(reason);
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** One connection, from the search for its server to its end. Answers why it ended. */
  async #connectOnce(signal: AbortSignal): Promise<string> {
    const { settings, connectivity, refusals } = this.#parts;
    const target = await this.#finder.find(signal);
    if (signal.aborted) return "";
    const node = new RedisNode(target, { settings, counts: connectivity.counts, refusals });
    const ended = new AbortController();
    this.#node = node;
    try {
      await node.opened;
      connectivity.connected();
      this.#finder.watch?.(node, ended.signal);
      return await node.closed;
    } finally {
      ended.abort();
      this.#node = undefined;
    }
  }
}
