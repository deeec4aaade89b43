import type { VelocityGateError } from "../../errors.ts";
import type { MemcacheAddition } from "./addition.ts";

/**
 * Lets one addition of each key be on its way at a time. Those that come meanwhile wait for it, and go together. So they are applied
 * in the order in which they came, though creating a counter takes two commands; and a hot counter, or a new one, is asked once in a
 * round trip, however many hits it gets.
 */
export class KeyOrder {
  /** What waits, by the key that is busy. */
  readonly #waiting = new Map<string, MemcacheAddition[]>();

  add(addition: MemcacheAddition): void {
    const waiting = this.#waiting.get(addition.key);
    if (waiting === undefined) {
      this.#waiting.set(addition.key, []);
      addition.begin();
    } else if (!waiting.at(-1)?.absorb(addition)) {
      waiting.push(addition);
    }
  }

  /** The addition of this key that was on its way has come to its end. */
  done({ key }: MemcacheAddition): void {
    for (;;) {
      const next = this.#waiting.get(key)?.shift();
      if (next?.begin()) return;
      if (next !== undefined) continue;
      this.#waiting.delete(key);
      return;
    }
  }

  /** It was given up: its server does not answer, and those that wait for it have waited long enough. */
  givenUp({ key }: MemcacheAddition, error: VelocityGateError): void {
    const waiting = this.#waiting.get(key) ?? [];
    this.#waiting.delete(key);
    for (const each of waiting) each.drop(error);
  }
}
