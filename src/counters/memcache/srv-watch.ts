import { setTimeout as delay } from "node:timers/promises";
import type { Log } from "../../observe/log.ts";
import type { RedisAddress } from "../redis-settings.ts";
import { reasonOf } from "../store-errors.ts";
import { addressText } from "../target.ts";
import type { MemcacheSrv } from "./settings.ts";
import { type ResolveSrv, serversOf } from "./srv.ts";

/** Pauses after a question that was not answered, while no server is known yet. */
const pauseMinMs = 250;
const pauseMaxMs = 10_000;

export interface SrvWatchParts {
  readonly srv: MemcacheSrv;
  readonly resolve: ResolveSrv;
  readonly log: Log;
  /** Told of the servers, the first time and whenever they are others. */
  readonly onServers: (servers: readonly RedisAddress[]) => void;
}

/**
 * Asks for the servers until there are some, and then as often as the operator wants. What was known stays in force while questions are
 * not answered.
 */
export class SrvWatch {
  readonly #parts: SrvWatchParts;
  readonly #ended = new AbortController();
  readonly #loop: Promise<void>;
  /** The servers in force, as one text. */
  #known = "";
  /** Why the last question failed, as the log has it; empty: it did not. */
  #failure = "";

  constructor(parts: SrvWatchParts) {
    this.#parts = parts;
    this.#loop = this.#keepAsking();
  }

  async close(): Promise<void> {
    this.#ended.abort();
    await this.#loop;
  }

  async #keepAsking(): Promise<void> {
    const { signal } = this.#ended;
    const { refreshMs } = this.#parts.srv;
    let pauseMs = pauseMinMs;
    while (!signal.aborted) {
      await this.#ask();
      if (this.#known !== "" && refreshMs === 0) return;
      const waitMs = this.#known === "" ? pauseMs : refreshMs;
      await delay(waitMs, undefined, { signal }).catch(() => undefined);
      pauseMs = Math.min(2 * pauseMs, pauseMaxMs);
    }
  }

  async #ask(): Promise<void> {
    const { srv, resolve, log, onServers } = this.#parts;
    try {
      const servers = serversOf(await resolve(srv.record));
      if (servers.length === 0) throw new Error("the record names no server");
      if (this.#ended.signal.aborted) return;
      const names = servers.map(addressText).join(", ");
      this.#failure = "";
      if (names === this.#known) return;
      this.#known = names;
      log.info("Memcached servers are known", { record: srv.record, servers: names });
      onServers(servers);
    } catch (error) {
      this.#tellFailure(reasonOf(error));
    }
  }

  /** The same reason is told once. */
  #tellFailure(reason: string): void {
    if (reason === this.#failure || this.#ended.signal.aborted) return;
    this.#failure = reason;
    const { record } = this.#parts.srv;
    this.#parts.log.warn(
      this.#known === ""
        ? "the SRV record of Memcached cannot be resolved; trying again"
        : "the SRV record of Memcached cannot be resolved; the servers stay",
      { record, reason },
    );
  }
}
