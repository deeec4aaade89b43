import type { Log } from "../observe/log.ts";
import { Repeats } from "../observe/repeats.ts";
import { isOverflow, kindOfRefusal } from "./store-errors.ts";

/** How long a server goes on refusing before the log says again that it does, and how often. */
const reminderMs = 60_000;

/**
 * Commands that servers answered with an error: counted, and told in the log when it begins and once a minute while it goes on. Each
 * call would otherwise bring a line of its own, as fast as calls come.
 */
export class Refusals {
  readonly #log: Log;
  readonly #server: string;
  readonly #repeats: Repeats;
  #count = 0;

  /**
   * @param server «Redis» or what else it is
   * @param nowMs a clock that never goes back
   */
  constructor(log: Log, server: string, nowMs?: () => number) {
    this.#log = log;
    this.#server = server;
    this.#repeats = new Repeats(nowMs);
  }

  /** Since the start. */
  get count(): number {
    return this.#count;
  }

  /**
   * @param node the server, for people
   * @param text what it says; it may name a key, so only what kind of refusal it is is told
   */
  note(node: string, text: string): void {
    if (isOverflow(text)) return;
    this.#count += 1;
    const kind = kindOfRefusal(text);
    // Whoever keeps the connection tells of it.
    if (kind === "READONLY") return;
    const since = this.#repeats.oncePer(`${node} ${kind}`, reminderMs);
    if (since === undefined) return;
    const [, command] = /'([a-z|]+)' command/.exec(text) ?? [];
    this.#log.warn(`${this.#server} refuses commands`, {
      node,
      kind,
      ...(kind === "NOPERM" && command !== undefined && { command }),
      ...(since > 0 && { sinceLastTold: since }),
    });
  }
}
