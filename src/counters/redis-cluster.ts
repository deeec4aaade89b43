import { setTimeout as delay } from "node:timers/promises";
import { type ClusterLayout, parseLayout, parseRedirection } from "./cluster-layout.ts";
import type { Command } from "./command.ts";
import type { Words } from "./encodable.ts";
import { keySlot, slotCount } from "./key-slot.ts";
import type { RedisAddress } from "./redis-settings.ts";
import type { RedisTopology, TopologyParts } from "./redis-topology.ts";
import { visit } from "./redis-visit.ts";
import type { Reply } from "./reply.ts";
import { ServerNode } from "./server-node.ts";
import { reasonOf, unavailable } from "./store-errors.ts";
import { addressText } from "./target.ts";

/** How often the layout is asked for when nothing points to a change. */
const refreshEveryMs = 10_000;

/** The pause between two questions for the layout doubles from one to the other while a node is missing. */
const refreshMinMs = 100;
const refreshMaxMs = 1_000;

/** How long a connected node may take to tell the layout before another one is asked. */
const layoutTimeoutMs = 500;

/** How many connected nodes are asked before the addresses of the settings. */
const nodesAskedMax = 3;

/** Redirections that one command follows. Two are common while a slot moves; more mean that the nodes disagree. */
const redirectionsMax = 5;

/** How long a node that owns no slots is kept, in case commands are sent to it by ASK. */
const unusedMaxMs = 30_000;

/**
 * A Redis Cluster: a connection to each master, and commands straight to the one that owns their slot.
 *
 * A node that does not own a slot says who does, and has not carried out the command, so it is safe to follow (MOVED, ASK). Every
 * sign that the layout has changed makes it be asked for again: a redirection, a lost connection, CLUSTERDOWN.
 */
export class RedisCluster implements RedisTopology {
  readonly isOneServer = false;
  readonly #parts: TopologyParts;
  /** By address. */
  readonly #nodes = new Map<string, ServerNode>();
  /** The owner of each slot, also while it cannot be reached. */
  readonly #slots = new Array<ServerNode | undefined>(slotCount).fill(undefined);
  /** Masters that cannot be reached, by address, as the log knows them. */
  readonly #lost = new Set<string>();
  readonly #ended = new AbortController();
  readonly #loop: Promise<void>;
  #wake: () => void = () => undefined;
  #isLayoutOld: boolean = false;

  constructor(parts: TopologyParts) {
    this.#parts = parts;
    this.#loop = this.#keepFresh();
  }

  send(command: Command): void {
    const node = this.#slots[keySlot(command.key)];
    if (node) node.send(command);
    else command.lose(unavailable("no Redis node is known for this counter"), false);
  }

  async ask(timeoutMs: number, ...words: Words): Promise<Reply> {
    return this.#slots[0]?.ask(timeoutMs, ...words);
  }

  async close(): Promise<void> {
    this.#ended.abort();
    this.#wake();
    for (const node of this.#nodes.values()) node.close("the store was closed");
    await this.#loop;
  }

  async #keepFresh(): Promise<void> {
    const { signal } = this.#ended;
    let pauseMs = refreshMinMs;
    while (!signal.aborted) {
      this.#isLayoutOld = false;
      const failure = await this.#refresh();
      if (signal.aborted) return;
      if (failure !== undefined) {
        await this.#sleep(this.#parts.connectivity.disconnected(failure));
        continue;
      }
      if (this.#isWhole()) {
        pauseMs = refreshMinMs;
        if (!this.#isLayoutOld) await this.#sleep(refreshEveryMs);
      }
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
      pauseMs = Math.min(pauseMs * 2, refreshMaxMs);
    }
  }

  /** Asks for the layout and applies it. Answers why that was impossible; `undefined`: it was not. */
  async #refresh(): Promise<string | undefined> {
    const connected = [...this.#nodes.values()].filter(({ isOpen }) => isOpen);
    const from = Math.floor(this.#parts.random() * connected.length);
    for (const node of [...connected, ...connected].slice(
      from,
      from + Math.min(connected.length, nodesAskedMax),
    )) {
      const layout = await askLayout(node, layoutTimeoutMs).catch(() => undefined);
      if (layout === undefined) continue;
      this.#apply(layout);
      return undefined;
    }
    try {
      this.#apply(await this.#askSeeds());
      return undefined;
    } catch (error) {
      return error instanceof AggregateError ? reasonOf(error.errors.at(-1)) : reasonOf(error);
    }
  }

  /** Asks all addresses of the settings at once, by names that are resolved anew. The first answer counts. */
  #askSeeds(): Promise<ClusterLayout> {
    const { settings } = this.#parts;
    const { credentials, connectTimeoutMs } = settings;
    const ask = (address: RedisAddress) =>
      visit({ address, credentials, database: 0 }, settings, this.#ended.signal, (node) =>
        askLayout(node, connectTimeoutMs),
      );
    return Promise.any(settings.addresses.map(ask));
  }

  #apply(layout: ClusterLayout): void {
    if (this.#ended.signal.aborted) return;
    const owners = new Set<ServerNode>();
    this.#slots.fill(undefined);
    for (const { first, last, master } of layout) {
      const node = this.#nodeAt(master);
      owners.add(node);
      this.#slots.fill(node, first, last + 1);
    }
    for (const [name, node] of this.#nodes) {
      if (owners.has(node) || node.idleMs < unusedMaxMs) continue;
      this.#nodes.delete(name);
      node.retire();
    }
    const names = new Set([...owners].map(({ name }) => name));
    for (const name of this.#lost) if (!names.has(name)) this.#lost.delete(name);
    this.#report();
  }

  /** The node at this address, made when there is none: commands may be sent to it at once. */
  #nodeAt(address: RedisAddress): ServerNode {
    const name = addressText(address);
    const known = this.#nodes.get(name);
    if (known) return known;
    const { dialect, settings, connectivity, refusals } = this.#parts;
    const node = new ServerNode(
      { address, credentials: settings.credentials, database: 0 },
      { dialect, settings, counts: connectivity.counts, refusals, divert: this.#divert },
    );
    this.#nodes.set(name, node);
    void node.opened.then(() => this.#onOpened(node)).catch(() => undefined);
    void node.closed.then((reason) => this.#onClosed(node, reason));
    return node;
  }

  #onOpened(node: ServerNode): void {
    if (this.#lost.delete(node.name))
      this.#parts.log.info("a Redis node is back", { node: node.name });
    this.#report();
  }

  #onClosed(node: ServerNode, reason: string): void {
    if (this.#ended.signal.aborted || this.#nodes.get(node.name) !== node) return;
    this.#nodes.delete(node.name);
    if (!this.#lost.has(node.name)) {
      this.#lost.add(node.name);
      this.#parts.log.warn("a Redis node cannot be reached", { node: node.name, reason });
    }
    const isAnyOpen = [...this.#nodes.values()].some(({ isOpen }) => isOpen);
    if (isAnyOpen) this.#report();
    else this.#parts.connectivity.disconnected(reason);
    this.#layoutIsOld();
  }

  /** Connected means that some counters can be reached; at the start, that no node is still being connected to. */
  #report(): void {
    const { connectivity } = this.#parts;
    const nodes = [...this.#nodes.values()];
    const isStarting = !connectivity.isConnected && nodes.some(({ isOpening }) => isOpening);
    if (!isStarting && nodes.some(({ isOpen }) => isOpen)) connectivity.connected();
  }

  #isWhole(): boolean {
    return this.#slots.every((node) => node?.isOpen);
  }

  /** Sends a redirected command on. */
  readonly #divert = (from: ServerNode, command: Command, text: string): boolean => {
    if (text.startsWith("CLUSTERDOWN")) this.#layoutIsOld();
    const redirection = parseRedirection(text, hostOf(from));
    if (redirection === undefined || command.redirections >= redirectionsMax) return false;
    const node = this.#nodeAt(redirection.address);
    if (redirection.kind === "MOVED") {
      this.#slots[redirection.slot] = node;
      this.#layoutIsOld();
    }
    command.redirections += 1;
    command.isAsking = redirection.kind === "ASK";
    node.send(command);
    return true;
  };

  #layoutIsOld(): void {
    this.#isLayoutOld = true;
    this.#wake();
  }

  /** Until the time is over or the layout is known to be old. */
  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wake(), ms);
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = () => undefined;
        resolve();
      };
    });
  }
}

async function askLayout(node: ServerNode, timeoutMs: number): Promise<ClusterLayout> {
  return parseLayout(await node.ask(timeoutMs, "cluster", "slots"), hostOf(node));
}

function hostOf({ target }: ServerNode): string {
  return typeof target.address === "string" ? "" : target.address.host;
}
