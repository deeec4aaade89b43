/**
 * Whether a call is served or answered as excess. More calls than the process can carry do not show in any queue of its own: they lie in
 * the buffers of the sockets until the event loop comes back to them. So what counts is how long its turns are. All that a turn finds has
 * waited at most since the turn before looked, and what it takes beyond its share of time makes the next one find more.
 *
 * While turns are short nothing is looked at but one flag. Once a turn finds calls that have waited for half of what is allowed, they
 * are served until a budget of time is used up, and those behind them are answered at once, which costs a fraction and so lets the loop
 * come back in time. What is answered is young, however much there is: the order within a turn does not matter.
 *
 * Connections share the budget: what one of them may have served in a turn falls until the budget suffices for all, so that it is those
 * who call most whose calls are the excess (max-min fairness).
 */

/** The event loop as its owner knows it. */
export interface LoopClock {
  /** Milliseconds that only go forward. */
  nowMs(): number;
  /** For how many of them the loop has had nothing to do. */
  idleMs(): number;
  /** Runs once, when what has arrived in this turn is dealt with. */
  atTurnEnd(run: () => void): void;
}

/** What one connection has had of the turn. */
export class Share {
  turn: number = 0;
  calls: number = 0;
}

/** So many calls of a turn are served whatever it takes: a process that is merely held up by others is not overloaded. */
const callsPerTurnMin = 100;

/** And so many of each connection, before its share is what is short. */
const levelMin = 16;

export class Admission {
  /** Calls that were answered as excess, since the start. */
  excess: number = 0;

  readonly #waitMaxMs: number;
  readonly #clock: LoopClock;
  #turn: number = 0;
  #isTurnOpen: boolean = false;
  #turnStartMs: number = 0;
  #turnStartIdleMs: number = 0;
  /** Calls have to be counted: some have waited, or a level is in force. */
  #isLimiting: boolean = false;
  /** The calls found in this turn have waited. */
  #isBehind: boolean = false;
  /** Calls that each connection may have served in a turn. */
  #level: number = Number.POSITIVE_INFINITY;
  /** Of this turn, while it is limiting. */
  #served: number = 0;
  #callsOfOneMax: number = 0;
  #sharers: number = 0;
  #excessBefore: number = 0;
  #afterTurn: (() => void)[] = [];

  /** @param waitMaxMs how long a call may wait before it is looked at; Infinity: however long */
  constructor(waitMaxMs: number, clock: LoopClock = systemLoop) {
    this.#waitMaxMs = waitMaxMs;
    this.#clock = clock;
  }

  /** Something has arrived on a connection. Returns the number of the turn. */
  arrive(): number {
    if (!this.#isTurnOpen) this.#beginTurn();
    return this.#turn;
  }

  /** Runs once, when what has arrived in this turn is dealt with. */
  afterTurn(run: () => void): void {
    this.#afterTurn.push(run);
  }

  /** Even the excess takes longer than it should: what answers it must not take its time. */
  get isPressing(): boolean {
    return this.#clock.nowMs() - this.#turnStartMs > 2 * this.#waitMaxMs;
  }

  /** Whether a call is served. @param timeoutMs how long its caller waits; `undefined`: it never said */
  admits(share: Share, timeoutMs: number | undefined): boolean {
    if (!this.#isLimiting) return true;
    if (share.turn !== this.#turn) {
      share.turn = this.#turn;
      share.calls = 0;
      this.#sharers += 1;
    }
    share.calls += 1;
    if (share.calls > this.#callsOfOneMax) this.#callsOfOneMax = share.calls;
    if (this.#isExcess(share, timeoutMs)) {
      this.excess += 1;
      return false;
    }
    this.#served += 1;
    return true;
  }

  #beginTurn(): void {
    this.#isTurnOpen = true;
    const nowMs = this.#clock.nowMs();
    const idleMs = this.#clock.idleMs();
    // A loop that has rested had found nothing: what is here now has only just come.
    const waitedMs = idleMs > this.#turnStartIdleMs ? 0 : nowMs - this.#turnStartMs;
    this.#turnStartMs = nowMs;
    this.#turnStartIdleMs = idleMs;
    this.#isBehind = waitedMs >= this.#waitMaxMs / 2;
    this.#isLimiting = this.#isBehind || this.#level !== Number.POSITIVE_INFINITY;
    this.#turn += 1;
    this.#clock.atTurnEnd(this.#endTurn);
  }

  #isExcess(share: Share, timeoutMs: number | undefined): boolean {
    if (share.calls > this.#level) return true;
    if (!this.#isBehind || this.#served < callsPerTurnMin) return false;
    // What is served still has to be counted, answered and sent, and has waited already.
    const budgetMs = Math.min(this.#waitMaxMs, (timeoutMs ?? Number.POSITIVE_INFINITY) / 4);
    return this.#clock.nowMs() - this.#turnStartMs > budgetMs;
  }

  readonly #endTurn = (): void => {
    this.#isTurnOpen = false;
    if (this.#isLimiting) this.#adjustLevel();
    if (this.#afterTurn.length === 0) return;
    const afterTurn = this.#afterTurn;
    this.#afterTurn = [];
    for (const run of afterTurn) run();
  };

  #adjustLevel(): void {
    const tookMs = this.#clock.nowMs() - this.#turnStartMs;
    const targetMs = this.#waitMaxMs / 2;
    if (tookMs > targetMs) {
      const least = Math.max(levelMin, callsPerTurnMin / Math.max(1, this.#sharers));
      const level = Math.min(this.#level, this.#callsOfOneMax) * Math.max(0.5, targetMs / tookMs);
      this.#level = Math.max(least, level);
    } else if (this.excess === this.#excessBefore && this.#level > 2 * this.#callsOfOneMax) {
      this.#level = Number.POSITIVE_INFINITY;
    } else this.#level = this.#level * 1.1 + 1;
    this.#served = 0;
    this.#callsOfOneMax = 0;
    this.#sharers = 0;
    this.#excessBefore = this.excess;
  }
}

const systemLoop: LoopClock = {
  nowMs: () => performance.now(),
  idleMs: () => performance.eventLoopUtilization().idle,
  atTurnEnd: (run) => {
    setImmediate(run);
  },
};
