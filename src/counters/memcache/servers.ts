import type { Log } from "../../observe/log.ts";
import type { Command } from "../command.ts";
import { type ConnectionCounts, Connectivity } from "../connectivity.ts";
import { OneServer } from "../one-server.ts";
import type { RedisStartup } from "../redis-settings.ts";
import type { Refusals } from "../refusals.ts";
import type { NodeSettings } from "../server-node.ts";
import { unavailable } from "../store-errors.ts";
import { addressText, type ServerAddress } from "../target.ts";
import { memcache } from "./dialect.ts";
import { serverOf } from "./key.ts";

/** Pauses until a server has been reached for the first time. Nobody waits for all of them, so there is no end to it. */
const startup: RedisStartup = { initialMs: 100, maxMs: 5_000, maxElapsedMs: 0 };

export interface ServersParts {
  readonly settings: NodeSettings;
  readonly refusals: Refusals;
  readonly log: Log;
  /** At least 0 and below 1. */
  readonly random: () => number;
  /** Called when a first server can be reached, and when the last one cannot any more. */
  readonly onChange: (isConnected: boolean) => void;
}

interface Server {
  readonly road: OneServer;
  readonly connectivity: Connectivity;
}

/**
 * The servers that keys are spread over, each with a connection of its own. A server that is away keeps its keys: they would be counted
 * anew elsewhere, and again when it is back.
 */
export class MemcacheServers {
  readonly #parts: ServersParts;
  readonly #retiring = new Set<Promise<void>>();
  /** By address, the text of which is the reference's as well. */
  #servers = new Map<string, Server>();
  /** In the order that counts; an address may stand there more than once. */
  #order: readonly Server[] = [];
  #isConnected: boolean = false;
  /** Connections to servers that are none of ours any more. */
  readonly #former: ConnectionCounts = { active: 0, total: 0, closed: 0 };

  constructor(parts: ServersParts) {
    this.#parts = parts;
  }

  /** Whether at least one server can be reached. */
  get isConnected(): boolean {
    return this.#isConnected;
  }

  get connections(): ConnectionCounts {
    const all = [
      this.#former,
      ...[...this.#servers.values()].map((each) => each.connectivity.counts),
    ];
    const sum = (name: keyof ConnectionCounts) =>
      all.reduce((total, each) => total + each[name], 0);
    return { active: sum("active"), total: sum("total"), closed: sum("closed") };
  }

  /** Sends the command to the server that has its key. */
  send(command: Command): void {
    const server = this.#order[serverOf(command.key, this.#order.length)];
    if (server) server.road.send(command);
    else command.lose(unavailable("no Memcached server is known yet"), false);
  }

  /** From now on these are the servers, in this order. Those that stay keep their connections. */
  set(addresses: readonly ServerAddress[]): void {
    const before = this.#servers;
    this.#servers = new Map();
    this.#order = addresses.map((address) => {
      const name = addressText(address);
      const server = this.#servers.get(name) ?? before.get(name) ?? this.#open(address, name);
      this.#servers.set(name, server);
      return server;
    });
    for (const [name, server] of before) if (!this.#servers.has(name)) this.#retire(server);
    this.#report();
  }

  async close(): Promise<void> {
    for (const { connectivity } of this.#servers.values()) connectivity.end();
    await Promise.all([...this.#servers.values()].map(({ road }) => road.close()));
    await Promise.all(this.#retiring);
  }

  #open(address: ServerAddress, name: string): Server {
    const { settings, refusals, log, random } = this.#parts;
    const connectivity = new Connectivity(log, { kind: "Memcached", name }, startup, random);
    const target = { address, credentials: undefined, database: 0 };
    const road = new OneServer(
      { dialect: memcache, settings, connectivity, refusals },
      { find: async () => target },
    );
    connectivity.onChange(() => this.#report());
    return { road, connectivity };
  }

  #retire({ road, connectivity }: Server): void {
    connectivity.end();
    const retired = road.retire().then(() => {
      this.#former.total += connectivity.counts.total;
      this.#former.closed += connectivity.counts.closed;
      this.#retiring.delete(retired);
    });
    this.#retiring.add(retired);
  }

  #report(): void {
    const isConnected = [...this.#servers.values()].some((each) => each.connectivity.isConnected);
    if (isConnected === this.#isConnected) return;
    this.#isConnected = isConnected;
    this.#parts.onChange(isConnected);
  }
}
