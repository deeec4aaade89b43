/** RFC 9113 §10.5: when nothing is read from a peer, because it does not read either, or because the others have to have their turn. */

import type { Admission } from "./admission.ts";
import type { H2Limits } from "./limits.ts";

/** What can be told not to read. */
export interface Source {
  pause(): unknown;
  resume(): unknown;
}

export class Reading {
  readonly #source: Source;
  readonly #admission: Admission;
  readonly #bytesPerTurnMax: number;
  /** The last turn of the event loop in which something came, and how much of it. */
  #turn: number = 0;
  #turnBytes: number = 0;
  /** Until the turn is over. */
  #isYielding: boolean = false;
  /** Since when it waits for a peer that does not read; -1: it does not. */
  #waitsSinceMs: number = -1;

  constructor(source: Source, admission: Admission, { bytesPerTurnMax }: H2Limits) {
    this.#source = source;
    this.#admission = admission;
    this.#bytesPerTurnMax = bytesPerTurnMax;
  }

  /** Something has arrived: a connection that has had much of a turn lets the others have theirs. */
  take(bytes: number): void {
    const turn = this.#admission.arrive();
    if (turn !== this.#turn) {
      this.#turn = turn;
      this.#turnBytes = 0;
    }
    this.#turnBytes += bytes;
    if (this.#turnBytes < this.#bytesPerTurnMax || this.#isYielding) return;
    this.#isYielding = true;
    this.#source.pause();
    this.#admission.afterTurn(() => {
      this.#isYielding = false;
      this.#resumeIfMay();
    });
  }

  /** The peer does not read. */
  wait(nowMs: number): void {
    if (this.#waitsSinceMs >= 0) return;
    this.#waitsSinceMs = nowMs;
    this.#source.pause();
  }

  /** The peer has read. */
  stopWaiting(): void {
    if (this.#waitsSinceMs < 0) return;
    this.#waitsSinceMs = -1;
    this.#resumeIfMay();
  }

  /** How long the peer has not read; 0: it does. */
  waitedMs(nowMs: number): number {
    return this.#waitsSinceMs < 0 ? 0 : nowMs - this.#waitsSinceMs;
  }

  #resumeIfMay(): void {
    if (!this.#isYielding && this.#waitsSinceMs < 0) this.#source.resume();
  }
}
