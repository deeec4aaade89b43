import type { Log } from "../observe/log.ts";
import { Repeats } from "../observe/repeats.ts";
import { type Refusal, type RefusalReason, refusalReasons } from "./client-certificate.ts";

/** Each reason is told at most so often: whoever is refused comes again. */
const tellEveryMs = 30_000;

/** Counts connections that were not let in, and tells of them without filling the log. */
export class Refusals {
  readonly counts = new Map<RefusalReason, number>(refusalReasons.map((reason) => [reason, 0]));
  readonly #log: Log;
  readonly #repeats: Repeats;

  constructor(log: Log, repeats = new Repeats()) {
    this.#log = log;
    this.#repeats = repeats;
  }

  add({ reason, text, client }: Refusal): void {
    this.counts.set(reason, (this.counts.get(reason) ?? 0) + 1);
    const keptBack = this.#repeats.oncePer(reason, tellEveryMs);
    if (keptBack === undefined) return;
    this.#log.warn(`a client of the gRPC port was refused: ${text}`, {
      reason,
      client,
      refusedSinceLastTold: keptBack > 0 ? keptBack : undefined,
    });
  }
}
