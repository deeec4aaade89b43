import type { Admission, Increment } from "../decision/increment.ts";
import type { VelocityGateError } from "../errors.ts";
import type { Log } from "../observe/log.ts";
import { Addition } from "./addition.ts";
import { AdmitCommand } from "./admit-command.ts";
import { admitInPlaces } from "./admit-in-places.ts";
import { Call } from "./call.ts";
import { type ConnectionCounts, Connectivity } from "./connectivity.ts";
import { Deadlines } from "./deadlines.ts";
import { Expiries } from "./expiries.ts";
import { OneServer } from "./one-server.ts";
import { RedisCluster } from "./redis-cluster.ts";
import { SentinelFinder } from "./redis-sentinel.ts";
import type { RedisSettings } from "./redis-settings.ts";
import type { RedisTopology, TopologyParts } from "./redis-topology.ts";
import { Refusals } from "./refusals.ts";
import { resp } from "./resp/dialect.ts";
import type { CounterStore } from "./store.ts";
import { unavailable } from "./store-errors.ts";
import { addressText, type ServerTarget } from "./target.ts";

export interface RedisStore extends CounterStore {
  /** Whether increments have a chance: the server, or at least one node of a cluster, can be reached. */
  readonly isConnected: boolean;
  /** Settles at the first connection. Fails when `startup.maxElapsedMs` pass before, while attempts go on; or when the store is closed. */
  readonly firstConnection: Promise<void>;
  readonly connections: Readonly<ConnectionCounts>;
  /** Counters that may live on without an expiry, because EXPIRE failed for minutes or the store was closed in between. */
  readonly abandonedExpiries: number;
  /** Commands that were answered with an error, since the start. */
  readonly refusedCommands: number;
  /** Redis's own time, in Unix milliseconds; in a cluster that of one node. @throws Error (rejects) while it cannot be told */
  askTimeMs(): Promise<number>;
  /** Calls `listener` whenever `isConnected` has changed; the returned function stops that. */
  onConnection(listener: (isConnected: boolean) => void): () => void;
}

/** A server that takes longer to tell its time tells nothing. */
const timeTimeoutMs = 1_000;

export interface RedisStoreParts {
  readonly log: Log;
  /** At least 0 and below 1; for pauses between attempts. */
  readonly random?: () => number;
}

/**
 * Counters in Redis. It connects by itself, from now on and whenever the connection is lost, and fails increments at once while
 * there is none. Nothing is ever sent twice: what failed may have been counted, and a second time would be one too many.
 */
export function createRedisStore(
  settings: RedisSettings,
  { log, random = Math.random }: RedisStoreParts,
): RedisStore {
  const name = describe(settings);
  const connectivity = new Connectivity(log, { kind: "Redis", name }, settings.startup, random);
  const refusals = new Refusals(log, "Redis");
  const parts = { dialect: resp, settings, connectivity, refusals, log, random };
  const topology = createTopology(parts);
  return new Counters(connectivity, refusals, topology);
}

function createTopology(parts: TopologyParts): RedisTopology {
  const { settings } = parts;
  switch (settings.topology) {
    case "single":
      return new OneServer(parts, { find: async () => singleTarget(settings) });
    case "sentinel":
      return new OneServer(parts, new SentinelFinder(settings));
    case "cluster":
      return new RedisCluster(parts);
  }
}

function singleTarget({
  socketPath,
  addresses,
  credentials,
  database,
}: RedisSettings): ServerTarget {
  const address = socketPath ?? addresses[0];
  if (address === undefined) throw new Error("no address is set");
  return { address, credentials, database };
}

function describe({ topology, socketPath, addresses, masterName }: RedisSettings): string {
  if (socketPath !== undefined) return socketPath;
  const where = addresses.map(addressText).join(", ");
  if (topology === "single") return where;
  return topology === "cluster" ? `cluster ${where}` : `master ${masterName} of Sentinel ${where}`;
}

class Counters implements RedisStore {
  readonly firstConnection: Promise<void>;
  readonly connections: Readonly<ConnectionCounts>;
  readonly #connectivity: Connectivity;
  readonly #refusals: Refusals;
  readonly #topology: RedisTopology;
  readonly #expiries: Expiries;
  readonly #deadlines = new Deadlines("Redis");
  #closing: Promise<void> | undefined;

  constructor(connectivity: Connectivity, refusals: Refusals, topology: RedisTopology) {
    this.firstConnection = connectivity.firstConnection;
    this.connections = connectivity.counts;
    this.#connectivity = connectivity;
    this.#refusals = refusals;
    this.#topology = topology;
    this.#expiries = new Expiries((command) => topology.send(command));
    connectivity.onChange((isConnected) => {
      if (isConnected) this.#expiries.retry();
    });
  }

  get isConnected(): boolean {
    return this.#connectivity.isConnected;
  }

  get abandonedExpiries(): number {
    return this.#expiries.abandoned;
  }

  get refusedCommands(): number {
    return this.#refusals.count;
  }

  onConnection(listener: (isConnected: boolean) => void): () => void {
    return this.#connectivity.onChange(listener);
  }

  async askTimeMs(): Promise<number> {
    const reply = await this.#topology.ask(timeTimeoutMs, "TIME");
    const [seconds, microseconds] = Array.isArray(reply) ? reply.map(Number) : [];
    if (seconds === undefined || microseconds === undefined) throw unavailable("no time was told");
    return seconds * 1000 + microseconds / 1000;
  }

  incrementAll(
    increments: readonly Increment[],
    deadlineMs: number = Number.POSITIVE_INFINITY,
  ): Promise<readonly number[]> {
    if (this.#closing !== undefined) return Promise.reject(storeClosed());
    if (increments.length === 0) return Promise.resolve([]);
    const call = this.#call(increments.length, deadlineMs);
    for (let at = 0; at < increments.length; at++) {
      this.#topology.send(new Addition(increments[at] as Increment, call, at));
    }
    return call.totals;
  }

  /**
   * On one server it is one step, whatever the keys. In a cluster each key is a place of its own, also where several are in the same slot:
   * while a slot moves, a script with more than one key may find some here and some there, and is refused.
   */
  admitAll(
    admissions: readonly Admission[],
    deadlineMs: number = Number.POSITIVE_INFINITY,
  ): Promise<readonly number[]> {
    if (this.#closing !== undefined) return Promise.reject(storeClosed());
    const { isOneServer } = this.#topology;
    return admitInPlaces(admissions, deadlineMs, {
      placeOf: ({ key }) => (isOneServer ? "" : key),
      admitAt: (place, group) => {
        const call = this.#call(group.length, deadlineMs);
        this.#topology.send(new AdmitCommand(place, group, call));
        return call.totals;
      },
      incrementAll: (increments, untilMs) => this.incrementAll(increments, untilMs),
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #call(count: number, deadlineMs: number): Call {
    const call = new Call(count, this.#expiries, deadlineMs);
    this.#deadlines.add(call, deadlineMs);
    return call;
  }

  async #close(): Promise<void> {
    this.#connectivity.end();
    this.#expiries.close();
    this.#deadlines.close();
    await this.#topology.close();
  }
}

function storeClosed(): VelocityGateError {
  return unavailable("the store is closed");
}
