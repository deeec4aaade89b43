import type { Timers } from "../clock.ts";
import type { Node } from "../gen/envoy/config/core/v3/base.ts";
import type { Log } from "../observe/log.ts";
import { Repeats } from "../observe/repeats.ts";

export interface ConnectionLogOptions {
  readonly log: Log;
  /** What the log calls the server. */
  readonly server: string;
  readonly node: Node;
  readonly timers: Timers;
}

/** How long one and the same failure goes on before the log says so again. */
const reminderMs = 60_000;

/** Says when the server is reached and when it is lost: not each time that is tried in vain, nor each turn of a connection that flaps. */
export class ConnectionLog {
  /** A connection over which no first rules come for so long is told. */
  readonly silenceMs = 15_000;
  readonly #options: ConnectionLogOptions;
  readonly #hasRules: () => boolean;
  readonly #repeats: Repeats;
  #isUpSaid: boolean = false;

  constructor(options: ConnectionLogOptions, hasRules: () => boolean) {
    this.#options = options;
    this.#hasRules = hasRules;
    this.#repeats = new Repeats(() => options.timers.nowMs());
  }

  connected(): void {
    if (this.#isUpSaid) return;
    this.#isUpSaid = true;
    const { log, server } = this.#options;
    log.info("connected to the xDS server", { server });
  }

  silent(): void {
    if (this.#hasRules()) return;
    const { log, server, node } = this.#options;
    log.warn("the xDS server has sent no rules yet; it may know none for this node id", {
      server,
      nodeId: node.id,
    });
  }

  ended(reason: string, wasConnected: boolean): void {
    const suppressed = this.#repeats.oncePer(reason, reminderMs);
    if (suppressed === undefined) return;
    this.#isUpSaid = false;
    const { log, server } = this.#options;
    const message = wasConnected
      ? "the connection to the xDS server is lost; trying again"
      : "the xDS server cannot be reached; trying again";
    log.warn(message, {
      server,
      reason,
      timesBefore: suppressed === 0 ? undefined : suppressed,
      inForce: this.#hasRules() ? "the rules from before" : "no rules",
    });
  }
}
