import type { VelocityGateError } from "../errors.ts";
import type { Due } from "./deadlines.ts";
import type { Expiries } from "./expiries.ts";

/** One `incrementAll` under way: its totals come in one by one, from one or more servers. */
export class Call implements Due {
  readonly totals: Promise<readonly number[]>;
  /** Where to say that it has made a counter. */
  readonly expiries: Pick<Expiries, "owe">;
  /** Until when its totals are of use, in milliseconds of `performance.now`. */
  readonly deadlineMs: number;
  readonly #totals: number[];
  #resolve: (totals: readonly number[]) => void = unset;
  #reject: (error: VelocityGateError) => void = unset;
  #missing: number;

  /** @param count how many totals it waits for, at least 1 */
  constructor(count: number, expiries: Pick<Expiries, "owe">, deadlineMs: number) {
    this.expiries = expiries;
    this.deadlineMs = deadlineMs;
    this.#totals = new Array<number>(count).fill(0);
    this.#missing = count;
    this.totals = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Whether nobody waits any longer. */
  get isDone(): boolean {
    return this.#missing <= 0;
  }

  /** Each place is settled once. */
  settle(at: number, total: number): void {
    this.#totals[at] = total;
    this.#missing -= 1;
    if (this.#missing === 0) this.#resolve(this.#totals);
  }

  /** The first failure is told; what comes later changes nothing. */
  fail(error: VelocityGateError): void {
    this.#missing = 0;
    this.#reject(error);
  }

  due(error: VelocityGateError): void {
    this.fail(error);
  }
}

function unset(): void {
  // A promise calls its executor at once: nobody sees this.
}
