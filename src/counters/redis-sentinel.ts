import { setTimeout as delay } from "node:timers/promises";
import type { ServerFinder } from "./one-server.ts";
import type { RedisAddress, RedisSettings } from "./redis-settings.ts";
import { visit } from "./redis-visit.ts";
import type { ServerNode } from "./server-node.ts";
import { reasonOf } from "./store-errors.ts";
import { addressText, type ServerTarget } from "./target.ts";

/** How often the Sentinels are asked whether the master is still the same, in case it was cut off without noticing. */
const watchEveryMs = 2_000;

/** The longest time that one Sentinel may take before the next one is asked. */
const askTimeoutMaxMs = 1_000;

/** Finds the master by asking the Sentinels in turn, the one that last knew it first. */
export class SentinelFinder implements ServerFinder {
  readonly #settings: RedisSettings;
  #sentinels: readonly RedisAddress[];

  constructor(settings: RedisSettings) {
    this.#settings = settings;
    this.#sentinels = settings.addresses;
  }

  async find(signal: AbortSignal): Promise<ServerTarget> {
    const { credentials, database, masterName } = this.#settings;
    let reason = "";
    for (const sentinel of this.#sentinels) {
      try {
        const address = await this.#ask(sentinel, signal);
        this.#sentinels = [sentinel, ...this.#sentinels.filter((other) => other !== sentinel)];
        return { address, credentials, database, isMaster: true };
      } catch (error) {
        reason = `${addressText(sentinel)}: ${reasonOf(error)}`;
      }
    }
    throw new Error(`no Sentinel names the master ${masterName}; the last one asked, ${reason}`);
  }

  watch(node: ServerNode, signal: AbortSignal): void {
    void this.#watch(node, signal);
  }

  async #watch(node: ServerNode, signal: AbortSignal): Promise<void> {
    for (;;) {
      await delay(watchEveryMs, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) return;
      const target = await this.find(signal).catch(() => undefined);
      // While no Sentinel answers, the connection that works is the best there is.
      if (target !== undefined && addressText(target.address) !== node.name) {
        node.close("the Sentinels name another master");
      }
    }
  }

  #ask(sentinel: RedisAddress, signal: AbortSignal): Promise<RedisAddress> {
    const { connectTimeoutMs, sentinelCredentials, masterName = "" } = this.#settings;
    const timeoutMs = Math.min(connectTimeoutMs, askTimeoutMaxMs);
    const target = { address: sentinel, credentials: sentinelCredentials, database: 0 };
    const settings = { ...this.#settings, connectTimeoutMs: timeoutMs };
    return visit(target, settings, signal, async (node) => {
      const reply = await node.ask(timeoutMs, "sentinel", "get-master-addr-by-name", masterName);
      if (!Array.isArray(reply)) throw new Error("it does not know this master");
      return { host: String(reply[0]), port: Number(reply[1]) };
    });
  }
}
