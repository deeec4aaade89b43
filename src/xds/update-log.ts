import type { Timers } from "../clock.ts";
import type { Log } from "../observe/log.ts";
import { Repeats } from "../observe/repeats.ts";
import type { Outcome } from "./subscription.ts";

/** A server sends what was refused again and again. */
const reminderMs = 300_000;

/** Says what came of each update: a refused one when it comes first, and then now and again. */
export class UpdateLog {
  readonly #log: Log;
  readonly #nowMs: () => number;
  #refusals: Repeats;
  readonly #foreign: Repeats;

  constructor({ log, timers }: { readonly log: Log; readonly timers: Timers }) {
    this.#log = log;
    this.#nowMs = () => timers.nowMs();
    this.#refusals = new Repeats(this.#nowMs);
    this.#foreign = new Repeats(this.#nowMs);
  }

  /** @param hasRules whether any are in force */
  add(outcome: Outcome, hasRules: boolean): void {
    switch (outcome.kind) {
      case "accepted":
        // The same mistake, made again after a good update, is news.
        this.#refusals = new Repeats(this.#nowMs);
        this.#accepted(outcome);
        break;
      case "refused":
        this.#refused(outcome, hasRules);
        break;
      case "foreign":
        if (this.#foreign.oncePer(outcome.typeUrl, reminderMs) === undefined) break;
        this.#log.warn("the xDS server sends resources that are no rules; they are passed over", {
          typeUrl: outcome.typeUrl,
        });
        break;
      case "unreadable":
        break;
    }
  }

  #accepted({ rules, isChanged, version }: Outcome & { kind: "accepted" }): void {
    this.#log.info(isChanged ? "loaded rules" : "the rules did not change", {
      version,
      resources: rules.fileNames.length,
      domains: rules.domains.size,
      limits: rules.limitCount,
    });
  }

  #refused({ refusal, version }: Outcome & { kind: "refused" }, hasRules: boolean): void {
    const { message, field, accepted, furtherMistakes } = refusal;
    const suppressed = this.#refusals.oncePer(message, reminderMs);
    if (suppressed === undefined) return;
    this.#log.error(`Error loading new configuration: ${message}`, {
      version,
      field,
      accepted,
      furtherMistakes: furtherMistakes === 0 ? undefined : furtherMistakes,
      timesBefore: suppressed === 0 ? undefined : suppressed,
      inForce: hasRules ? "the rules from before" : "no rules",
      error: accepted === undefined ? refusal.cause : undefined,
    });
  }
}
