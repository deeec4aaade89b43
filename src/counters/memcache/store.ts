import { Resolver } from "node:dns/promises";
import type { Clock } from "../../clock.ts";
import { isDenied } from "../../decision/admission.ts";
import type { Admission, Increment } from "../../decision/increment.ts";
import type { VelocityGateError } from "../../errors.ts";
import type { Log } from "../../observe/log.ts";
import { admitInPlaces } from "../admit-in-places.ts";
import { Call } from "../call.ts";
import type { Command } from "../command.ts";
import type { ConnectionCounts } from "../connectivity.ts";
import { Deadlines } from "../deadlines.ts";
import { Refusals } from "../refusals.ts";
import type { CounterStore } from "../store.ts";
import { unavailable } from "../store-errors.ts";
import { type AdditionOwner, MemcacheAddition } from "./addition.ts";
import { type CommandCounts, noCommands } from "./command-counts.ts";
import { KeyOrder } from "./key-order.ts";
import { MemcacheServers } from "./servers.ts";
import type { MemcacheSettings } from "./settings.ts";
import type { ResolveSrv } from "./srv.ts";
import { SrvWatch } from "./srv-watch.ts";
import { TakeBack } from "./take-back.ts";

export interface MemcacheStore extends CounterStore {
  /** Whether increments have a chance: at least one server can be reached. */
  readonly isConnected: boolean;
  /** Settles at the first connection; fails when the store is closed before. */
  readonly firstConnection: Promise<void>;
  readonly connections: ConnectionCounts;
  readonly commands: Readonly<CommandCounts>;
  /** Commands that were answered with an error, since the start. */
  readonly refusedCommands: number;
  /** Calls `listener` whenever `isConnected` has changed; the returned function stops that. */
  onConnection(listener: (isConnected: boolean) => void): () => void;
}

export interface MemcacheStoreParts {
  readonly log: Log;
  readonly clock: Clock;
  /** At least 0 and below 1; for pauses between attempts. */
  readonly random?: () => number;
  /** Asks for the record of the servers; unset: as the system does. */
  readonly resolveSrv?: ResolveSrv;
}

/**
 * Counters in Memcached, spread over its servers as the reference's client spreads them. It connects by itself, and fails increments of a
 * server that cannot be reached at once. Nothing that may have been counted is sent twice.
 */
export function createMemcacheStore(
  settings: MemcacheSettings,
  parts: MemcacheStoreParts,
): MemcacheStore {
  return new Counters(settings, parts);
}

/** There is nobody to say later when a counter expires: it is created with its expiry. */
const noExpiries = { owe: () => undefined };

class Counters implements MemcacheStore, AdditionOwner {
  readonly timeoutMs: number;
  readonly commands = noCommands();
  readonly firstConnection: Promise<void>;
  readonly #clock: Clock;
  readonly #refusals: Refusals;
  readonly #order = new KeyOrder();
  readonly #deadlines = new Deadlines("Memcached");
  readonly #servers: MemcacheServers;
  readonly #srv: SrvWatch | undefined;
  readonly #listeners = new Set<(isConnected: boolean) => void>();
  #settleFirst: { resolve: () => void; reject: (error: Error) => void } | undefined;
  #closing: Promise<void> | undefined;

  constructor(settings: MemcacheSettings, parts: MemcacheStoreParts) {
    const { log, clock, random = Math.random, resolveSrv = askSystem } = parts;
    this.timeoutMs = settings.commandTimeoutMs;
    this.#clock = clock;
    this.#refusals = new Refusals(log, "Memcached");
    this.firstConnection = new Promise((resolve, reject) => {
      this.#settleFirst = { resolve, reject };
    });
    // Nobody has to listen.
    this.firstConnection.catch(() => undefined);
    this.#servers = new MemcacheServers({
      settings,
      refusals: this.#refusals,
      log,
      random,
      onChange: this.#change,
    });
    const { servers } = settings;
    if ("record" in servers) {
      const onServers = this.#servers.set.bind(this.#servers);
      this.#srv = new SrvWatch({ srv: servers, resolve: resolveSrv, log, onServers });
    } else {
      this.#servers.set(servers);
    }
  }

  get isConnected(): boolean {
    return this.#servers.isConnected;
  }

  get connections(): ConnectionCounts {
    return this.#servers.connections;
  }

  get refusedCommands(): number {
    return this.#refusals.count;
  }

  onConnection(listener: (isConnected: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  incrementAll(
    increments: readonly Increment[],
    deadlineMs: number = Number.POSITIVE_INFINITY,
  ): Promise<readonly number[]> {
    if (this.#closing !== undefined) return Promise.reject(storeClosed());
    if (increments.length === 0) return Promise.resolve([]);
    const call = new Call(increments.length, noExpiries, deadlineMs);
    this.#deadlines.add(call, deadlineMs);
    for (let at = 0; at < increments.length; at++) {
      this.#order.add(new MemcacheAddition(increments[at] as Increment, call, at, this));
    }
    return call.totals;
  }

  admitAll(
    admissions: readonly Admission[],
    deadlineMs: number = Number.POSITIVE_INFINITY,
  ): Promise<readonly number[]> {
    if (this.#closing !== undefined) return Promise.reject(storeClosed());
    return admitInPlaces(admissions, deadlineMs, {
      placeOf: ({ key }) => key,
      admitAt: (_, group) => this.#admitAt(group, deadlineMs),
      incrementAll: (increments, untilMs) => this.incrementAll(increments, untilMs),
      looksFirst: true,
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  nowMs(): number {
    return this.#clock.nowMs();
  }

  send(command: Command): void {
    this.#servers.send(command);
  }

  done(addition: MemcacheAddition): void {
    this.#order.done(addition);
  }

  givenUp(addition: MemcacheAddition, error: VelocityGateError): void {
    this.#order.givenUp(addition, error);
  }

  isFull(key: string, hits: number): void {
    this.#servers.send(new TakeBack(key, hits));
  }

  /**
   * Memcached cannot add on a condition. Each admission is added, and taken back when it was too much after all: the look before has
   * kept nearly all of those away. Everyone has a place of its own in the count, so a limit is never exceeded.
   */
  async #admitAt(group: readonly Admission[], deadlineMs: number): Promise<readonly number[]> {
    const totals: number[] = [];
    const added: Admission[] = [];
    for (const admission of group) {
      const [total = 0] = await this.incrementAll([admission], deadlineMs);
      totals.push(total);
      if (total > admission.limit) await this.#takeBack([admission]);
      else added.push(admission);
    }
    if (isDenied(group, totals)) await this.#takeBack(added);
    return totals;
  }

  /** The denial stands whether this succeeds or not. */
  async #takeBack(admissions: readonly Admission[]): Promise<void> {
    const back = admissions.map((each) => ({ ...each, hits: -each.hits }));
    await this.incrementAll(back).catch(() => undefined);
  }

  readonly #change = (isConnected: boolean): void => {
    if (this.#closing !== undefined) return;
    if (isConnected) this.#settleFirst?.resolve();
    for (const listener of this.#listeners) listener(isConnected);
  };

  async #close(): Promise<void> {
    this.#settleFirst?.reject(unavailable("Memcached could not be reached: the store was closed"));
    this.#listeners.clear();
    this.#deadlines.close();
    await this.#srv?.close();
    await this.#servers.close();
  }
}

function storeClosed(): VelocityGateError {
  return unavailable("the store is closed");
}

/** Each question is put anew, to the servers that the system asks. */
function askSystem(record: string): ReturnType<ResolveSrv> {
  return new Resolver().resolveSrv(record);
}
