import type { VelocityGateError } from "../errors.ts";

/** One `incrementAll` under way: its totals come in one by one, from one or more servers. */
export class Call {
  readonly totals: Promise<readonly number[]>;
  readonly #totals: number[];
  readonly #resolve: (totals: readonly number[]) => void;
  readonly #reject: (error: VelocityGateError) => void;
  #missing: number;

  /** @param count how many totals it waits for, at least 1 */
  constructor(count: number) {
    const { promise, resolve, reject } = withResolvers<readonly number[]>();
    this.totals = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#totals = new Array<number>(count).fill(0);
    this.#missing = count;
  }

  /** Each place is settled once. */
  settle(at: number, total: number): void {
    this.#totals[at] = total;
    this.#missing -= 1;
    if (this.#missing === 0) this.#resolve(this.#totals);
  }

  /** The first failure is told; what comes later changes nothing. */
  fail(error: VelocityGateError): void {
    this.#reject(error);
  }
}

interface Resolvers<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: VelocityGateError) => void;
}

/** `Promise.withResolvers`, which Node 20 does not have. */
function withResolvers<T>(): Resolvers<T> {
  let resolve: Resolvers<T>["resolve"] = () => undefined;
  let reject: Resolvers<T>["reject"] = () => undefined;
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
