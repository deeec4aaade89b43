/**
 * RFC 9113 §5.1.1 (stream identifiers): the open streams of a connection, and what is remembered of the closed
 * ones. Most calls are answered before the next one begins, so the newest stream has a place of its own in front of the map.
 */

import type { Stream } from "./stream.ts";

export class StreamTable {
  #lastId: number = 0;
  /** The identifiers between the last one that was jumped over and its successor; the peer may not come back to them. */
  #skippedFrom: number = 0;
  #skippedTo: number = 0;
  #newest: Stream | undefined;
  readonly #others = new Map<number, Stream>();
  /** The highest of those that this server has reset. */
  #resetTo: number = 0;

  /** The highest identifier that the peer has used. */
  get lastId(): number {
    return this.#lastId;
  }

  /** How many streams are open. */
  get size(): number {
    return this.#others.size + (this.#newest === undefined ? 0 : 1);
  }

  get(id: number): Stream | undefined {
    return this.#newest?.id === id ? this.#newest : this.#others.get(id);
  }

  /** The peer uses an identifier above all others; that closes those in between (§5.1.1). */
  use(id: number): void {
    if (id > this.#lastId + 2) {
      this.#skippedFrom = this.#lastId + 1;
      this.#skippedTo = id - 1;
    }
    this.#lastId = id;
  }

  /** Whether an identifier was never used although a higher one was; of the last gap only. */
  wasSkipped(id: number): boolean {
    return id >= this.#skippedFrom && id <= this.#skippedTo;
  }

  /** Takes in a stream that the peer has opened. */
  add(stream: Stream): void {
    if (this.#newest !== undefined) this.#others.set(this.#newest.id, this.#newest);
    this.#newest = stream;
  }

  remove(stream: Stream): void {
    if (this.#newest === stream) this.#newest = undefined;
    else this.#others.delete(stream.id);
  }

  /** All that are open now; what is opened or closed meanwhile does not change it. */
  all(): readonly Stream[] {
    const all = [...this.#others.values()];
    if (this.#newest !== undefined) all.push(this.#newest);
    return all;
  }

  rememberReset(id: number): void {
    if (id > this.#resetTo) this.#resetTo = id;
  }

  /**
   * Whether frames of a closed stream can have been sent before the peer knew that it is closed (§5.1): this server has reset it. To
   * remember each of them is not worth its memory, so one below another that was reset gets the benefit of the doubt.
   */
  mayHaveBeenReset(id: number): boolean {
    return id <= this.#resetTo;
  }
}
