import { setTimeout as delay } from "node:timers/promises";
import type { Command } from "./command.ts";
import type { Connectivity } from "./connectivity.ts";
import type { Dialect } from "./dialect.ts";
import type { Words } from "./encodable.ts";
import type { RedisTopology } from "./redis-topology.ts";
import type { Refusals } from "./refusals.ts";
import type { Reply } from "./reply.ts";
import { type NodeSettings, ServerNode } from "./server-node.ts";
import { reasonOf, unavailable } from "./store-errors.ts";
import type { ServerTarget } from "./target.ts";

/** Finds the server to connect to, anew before each attempt. */
export interface ServerFinder {
  /** Ends early when `signal` aborts. @throws Error that says why the server is not known */
  find(signal: AbortSignal): Promise<ServerTarget>;
  /** Sees to it that the node is closed when its server is not the right one any more. Ends with `signal`. */
  watch?(node: ServerNode, signal: AbortSignal): void;
}

export interface OneServerParts {
  readonly dialect: Dialect;
  readonly settings: NodeSettings;
  readonly connectivity: Connectivity;
  readonly refusals: Refusals;
}

/** All counters on one server, such as a single Redis, or the master that Sentinels name: a connection to it, and then the next one. */
export class OneServer implements RedisTopology {
  readonly isOneServer = true;
  readonly #parts: OneServerParts;
  readonly #finder: ServerFinder;
  readonly #ended = new AbortController();
  readonly #loop: Promise<void>;
  #node: ServerNode | undefined;

  constructor(parts: OneServerParts, finder: ServerFinder) {
    this.#parts = parts;
    this.#finder = finder;
    this.#loop = this.#keepConnected();
  }

  send(command: Command): void {
    if (this.#node) this.#node.send(command);
    else command.lose(unavailable(`${this.#parts.dialect.server} is not connected`), false);
  }

  async ask(timeoutMs: number, ...words: Words): Promise<Reply> {
    return this.#node?.ask(timeoutMs, ...words);
  }

  async close(): Promise<void> {
    this.#ended.abort();
    this.#node?.close("the store was closed");
    await this.#loop;
  }

  /** Lets what is on its way come to its end, then closes. Nothing may be sent any more. */
  async retire(): Promise<void> {
    this.#ended.abort();
    this.#node?.retire();
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
    const { dialect, settings, connectivity, refusals } = this.#parts;
    const target = await this.#finder.find(signal);
    if (signal.aborted) return "";
    const node = new ServerNode(target, {
      dialect,
      settings,
      counts: connectivity.counts,
      refusals,
    });
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
