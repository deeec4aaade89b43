import type { Answer } from "./answer.ts";
import type { LoadSpec } from "./spec.ts";

const codes = { OK: 1, OVER_LIMIT: 2, EITHER: undefined } as const;

/**
 * Holds answers against what a limiter that counts exactly must say. Within a run, what remains for a user falls with each call, so
 * it is always below the lowest that was known when the call was made; and a user that was never met before has all but one hit left.
 */
export class Verifier {
  readonly #code: number | undefined;
  readonly #descriptors: number;
  readonly #limit: number | undefined;
  readonly #areUsersNew: boolean;
  /** By user, the lowest that was told to remain. */
  readonly #lowest: Float64Array;

  constructor({ request, expected }: Pick<LoadSpec, "request" | "expected">) {
    const { users } = request;
    this.#code = codes[expected.code];
    this.#descriptors = request.descriptors;
    this.#limit = expected.code === "OK" ? expected.limit : undefined;
    this.#areUsersNew = users.kind === "new";
    this.#lowest = new Float64Array("count" in users ? users.count : 1).fill(expected.limit ?? 0);
  }

  /** What must remain less than, told to `check` together with the answer to the call that is made now. */
  ceiling(user: number): number {
    return this.#areUsersNew ? 0 : (this.#lowest[this.#place(user)] ?? 0);
  }

  /** @throws Error when the answer is wrong */
  check(answer: Answer, user: number, ceiling: number): void {
    if (this.#code !== undefined && answer.overallCode !== this.#code) {
      throw new Error(`the overall code is ${answer.overallCode}, not ${this.#code}`);
    }
    if (answer.statuses !== this.#descriptors) {
      throw new Error(`${answer.statuses} statuses for ${this.#descriptors} descriptors`);
    }
    if (this.#code !== undefined && answer.agreeing !== answer.statuses) {
      throw new Error(`${answer.agreeing} of ${answer.statuses} statuses have the overall code`);
    }
    if (this.#limit !== undefined) this.#checkRemaining(answer, user, ceiling, this.#limit);
  }

  #checkRemaining({ remaining, limit }: Answer, user: number, ceiling: number, expected: number) {
    if (limit !== expected) throw new Error(`the limit is ${limit}, not ${expected}`);
    if (this.#areUsersNew) {
      if (remaining === expected - 1) return;
      throw new Error(`${remaining} remain for a new user, not ${expected - 1}`);
    }
    if (remaining >= ceiling) {
      throw new Error(`${remaining} remain for a user that had ${ceiling} before`);
    }
    const place = this.#place(user);
    if (remaining < (this.#lowest[place] ?? 0)) this.#lowest[place] = remaining;
  }

  #place(user: number): number {
    return user < this.#lowest.length ? user : 0;
  }
}
